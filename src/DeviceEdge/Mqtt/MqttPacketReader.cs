using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using OrleansIoT.DeviceEdge.Mqtt.Packets;

namespace OrleansIoT.DeviceEdge.Mqtt;

/// <summary>
/// Takes packets off a stream of bytes, however it is cut. Without a version it is a server's reader that waits for
/// the CONNECT, which says the version of everything after it.
/// </summary>
public sealed class MqttPacketReader(MqttVersion? version, int maximumPacketSize)
{
    private readonly TopicNames _topics = new();

    /// <summary>
    /// The version of the connection. After a CONNECT that could not be read, the version in which its sender would
    /// understand the answer, or null if there is none.
    /// </summary>
    public MqttVersion? Version { get; private set; } = version;

    /// <summary>The size of the largest packet, fixed header included; a larger one is refused before its body is awaited.</summary>
    public int MaximumPacketSize { get; set; } = maximumPacketSize;

    /// <summary>Takes the next packet off the front of <paramref name="bytes"/>, if all of it is there.</summary>
    /// <exception cref="MqttProtocolException">What has arrived is not, or is not the beginning of, a packet.</exception>
    public bool TryRead(ref ReadOnlySequence<byte> bytes, [NotNullWhen(true)] out MqttPacket? packet)
    {
        packet = null;
        if (bytes.IsEmpty)
        {
            return false;
        }

        // A fixed header has two to five bytes.
        Span<byte> scratch = stackalloc byte[5];
        var header = bytes.FirstSpan.Length >= 5 ? bytes.FirstSpan[..5] : Gather(bytes, scratch);
        MqttPacket.CheckFirst(header[0], Version);

        var (remaining, length) = WireReader.VarInt(header[1..]);
        if (length == 0)
        {
            return false;
        }

        var size = 1 + length + (long)remaining;
        if (size > MaximumPacketSize)
        {
            throw new MqttProtocolException(ReasonCode.PacketTooLarge, $"A packet has at most {MaximumPacketSize} bytes.");
        }

        if (bytes.Length < size)
        {
            return false;
        }

        packet = ReadBody(header[0], bytes.Slice(1 + length, remaining));
        bytes = bytes.Slice(size);
        return true;
    }

    /// <summary>To be called with what is left when the stream has ended: it may end between packets, not inside one.</summary>
    /// <exception cref="MqttProtocolException">Something is left.</exception>
    public static void ExpectEnd(in ReadOnlySequence<byte> rest)
    {
        if (!rest.IsEmpty)
        {
            throw MqttProtocolException.Malformed("The stream ends inside a packet.");
        }
    }

    private MqttPacket ReadBody(byte first, in ReadOnlySequence<byte> body)
    {
        if (body.IsSingleSegment)
        {
            return ReadBody(first, body.FirstSpan);
        }

        var copy = ArrayPool<byte>.Shared.Rent((int)body.Length);
        try
        {
            body.CopyTo(copy);
            return ReadBody(first, copy.AsSpan(0, (int)body.Length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(copy, clearArray: first >> 4 == (int)PacketType.Connect); // it holds a key
        }
    }

    private MqttPacket ReadBody(byte first, ReadOnlySpan<byte> body)
    {
        Version ??= ConnectPacket.AnswerVersion(body);
        return MqttPacket.Read(first, body, Version ?? MqttVersion.V500, _topics);
    }

    private static Span<byte> Gather(in ReadOnlySequence<byte> bytes, Span<byte> scratch)
    {
        var front = bytes.Slice(0, Math.Min(bytes.Length, scratch.Length));
        front.CopyTo(scratch);
        return scratch[..(int)front.Length];
    }
}
