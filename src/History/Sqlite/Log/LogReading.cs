using System.Buffers.Binary;
using OrleansIoT.History.Chunks;
using OrleansIoT.Telemetry;

namespace OrleansIoT.History.Sqlite.Log;

/// <summary>A reading as bytes in the log, complete in itself but for its topic.</summary>
internal static class LogReading
{
    // At, arrival time, flags, packet identifier; then four numbers of up to ten bytes.
    private const int FixedBytes = 8 + 8 + 1 + 2;
    private const int MaxBytes = FixedBytes + 4 * 10;

    private const byte HasOwnTime = 1;
    private const byte Dup = 2;

    /// <returns>Where it begins among the bytes that are written.</returns>
    public static int Write(LogBuffer bytes, TelemetryMessage message, long seq, long device, long deviceSeq)
    {
        var start = bytes.Length;
        var span = bytes.GetSpan(MaxBytes + message.Payload.Length);
        BinaryPrimitives.WriteInt64LittleEndian(span, message.At.UtcTicks);
        BinaryPrimitives.WriteInt64LittleEndian(span[8..], message.ReceivedAt.UtcTicks);
        span[16] = (byte)((message.HasOwnTime ? HasOwnTime : 0) | (message.Dup ? Dup : 0));
        BinaryPrimitives.WriteUInt16LittleEndian(span[17..], message.PacketId);
        var length = FixedBytes;
        length += Varint.Write(span[length..], seq);
        length += Varint.Write(span[length..], device);
        length += Varint.Write(span[length..], deviceSeq);
        length += Varint.Write(span[length..], message.Payload.Length);
        message.Payload.Span.CopyTo(span[length..]);
        bytes.Advance(length + message.Payload.Length);
        return start;
    }

    /// <summary>Reads the one that begins at an offset.</summary>
    /// <param name="bytes">Whose checksum was right.</param>
    /// <param name="offset">Where it begins; afterwards where the next one does.</param>
    public static StoredReading Read(byte[] bytes, ref int offset)
    {
        var span = bytes.AsSpan(offset);
        var length = FixedBytes;
        var seq = Varint.Read(span, ref length);
        var device = Varint.Read(span, ref length);
        var deviceSeq = Varint.Read(span, ref length);
        var payload = (int)Varint.Read(span, ref length);
        var start = offset + length;
        offset = start + payload;
        return new StoredReading(
            BinaryPrimitives.ReadInt64LittleEndian(span),
            seq,
            BinaryPrimitives.ReadInt64LittleEndian(span[8..]),
            device,
            deviceSeq,
            BinaryPrimitives.ReadUInt16LittleEndian(span[17..]),
            (span[16] & HasOwnTime) != 0,
            (span[16] & Dup) != 0,
            bytes.AsMemory(start, payload));
    }

    /// <summary>Only its number.</summary>
    public static long ReadSeq(ReadOnlySpan<byte> reading)
    {
        var offset = FixedBytes;
        return Varint.Read(reading, ref offset);
    }
}
