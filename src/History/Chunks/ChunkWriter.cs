using System.Buffers.Binary;

namespace OrleansIoT.History.Chunks;

/// <summary>Makes readings of one topic a chunk: one column after the other, and a checksum (ADR 0018).</summary>
internal static class ChunkWriter
{
    public const byte Version = 1;
    public const int MaxReadings = 1 << 16;
    public const int ChecksumLength = sizeof(uint);

    public const int HasOwnTime = 1;
    public const int Dup = 2;

    [ThreadStatic]
    private static Parts? _parts;

    /// <param name="readings">1 to 65,536, sorted by time and number.</param>
    /// <exception cref="ArgumentException">They are too many, or payloads without a template have more than 64 MiB.</exception>
    public static byte[] Write(ReadOnlySpan<StoredReading> readings)
    {
        ArgumentOutOfRangeException.ThrowIfZero(readings.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(readings.Length, MaxReadings);
        return (_parts ??= new Parts()).Write(readings);
    }

    /// <summary>What is used again for the next chunk.</summary>
    private sealed class Parts
    {
        private readonly ByteWriter _writer = new();
        private readonly ColumnWriter _columns;
        private readonly PayloadWriter _payloads;
        private long[] _values = [];

        public Parts()
        {
            _columns = new ColumnWriter(_writer);
            _payloads = new PayloadWriter(_writer, _columns);
        }

        public byte[] Write(ReadOnlySpan<StoredReading> readings)
        {
            if (_values.Length < readings.Length)
            {
                _values = new long[readings.Length];
            }

            _writer.Clear();
            _writer.Byte(Version);
            _writer.Number((ulong)readings.Length);
            WriteColumn(readings, static (in reading) => reading.At);
            WriteColumn(readings, static (in reading) => reading.Seq);
            WriteColumn(readings, static (in reading) => reading.ReceivedAt - reading.At);
            WriteColumn(readings, static (in reading) => reading.Device);
            WriteColumn(readings, static (in reading) => reading.DeviceSeq);
            WriteColumn(readings, static (in reading) => reading.PacketId);
            WriteColumn(readings, static (in reading) => (reading.HasOwnTime ? HasOwnTime : 0) | (reading.Dup ? Dup : 0));
            _payloads.Write(readings);
            var checksum = Checksum.Of(_writer.Written);
            BinaryPrimitives.WriteUInt32LittleEndian(_writer.Reserve(ChecksumLength), checksum);
            return _writer.Written.ToArray();
        }

        private delegate long Part(in StoredReading reading);

        private void WriteColumn(ReadOnlySpan<StoredReading> readings, Part part)
        {
            for (var i = 0; i < readings.Length; i++)
            {
                _values[i] = part(in readings[i]);
            }

            _columns.Write(_values.AsSpan(0, readings.Length));
        }
    }
}
