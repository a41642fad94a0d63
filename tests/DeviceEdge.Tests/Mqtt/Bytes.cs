using System.Buffers;
using OrleansIoT.DeviceEdge.Mqtt;

namespace OrleansIoT.DeviceEdge.Tests.Mqtt;

/// <summary>Bytes to packets and back, for tests.</summary>
internal static class Bytes
{
    public const int Limit = 256 * 1024;

    public static byte[] Hex(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    public static byte[] Of(MqttPacket packet, MqttVersion version)
    {
        var output = new ArrayBufferWriter<byte>();
        MqttPacketWriter.Write(output, packet, version);
        return output.WrittenSpan.ToArray();
    }

    public static MqttPacket Read(byte[] bytes, MqttVersion version) => Read(new ReadOnlySequence<byte>(bytes), version);

    /// <summary>Exactly one packet; without a version, as a server reads the first one.</summary>
    public static MqttPacket Read(ReadOnlySequence<byte> bytes, MqttVersion? version)
    {
        var reader = new MqttPacketReader(version, Limit);
        Assert.True(reader.TryRead(ref bytes, out var packet), "The packet is not complete.");
        Assert.True(bytes.IsEmpty, "There are bytes after the packet.");
        return packet;
    }

    public static ReasonCode FaultOf(byte[] bytes, MqttVersion? version)
    {
        var sequence = new ReadOnlySequence<byte>(bytes);
        return Assert.Throws<MqttProtocolException>(() => new MqttPacketReader(version, Limit).TryRead(ref sequence, out _)).Reason;
    }

    /// <summary>The bytes in segments that end at the given places.</summary>
    public static ReadOnlySequence<byte> Cut(byte[] bytes, params IEnumerable<int> places)
    {
        Segment? first = null, last = null;
        var start = 0;
        foreach (var place in places.Append(bytes.Length))
        {
            last = new Segment(bytes.AsMemory(start..place), last);
            first ??= last;
            start = place;
        }

        return new ReadOnlySequence<byte>(first!, 0, last!, last!.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? before)
        {
            Memory = memory;
            if (before is not null)
            {
                before.Next = this;
                RunningIndex = before.RunningIndex + before.Memory.Length;
            }
        }
    }
}
