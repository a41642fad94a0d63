using System.Buffers.Binary;

namespace OrleansIoT.History.Chunks;

/// <summary>
/// Readings of one topic, sorted by time and number, in the bytes that <see cref="ChunkWriter"/> made of them. A column is
/// decoded when it is first asked for. Several threads may read one chunk.
/// </summary>
internal sealed partial class Chunk
{
    private readonly Column _at;
    private readonly Column _seq;
    private readonly Column _delay;
    private readonly Column _device;
    private readonly Column _deviceSeq;
    private readonly Column _packetId;
    private readonly Column _flags;
    private readonly Payloads _payloads;
    private long[]? _receivedAt;

    private Chunk(ReadOnlyMemory<byte> blob)
    {
        var reader = new ByteReader(blob.Span);
        var version = reader.Byte();
        if (version != ChunkWriter.Version)
        {
            throw new InvalidDataException($"A chunk is of version {version}; this program knows {ChunkWriter.Version}.");
        }

        Count = reader.Count(ChunkWriter.MaxReadings);
        _at = new Column(blob, ref reader, Count);
        _seq = new Column(blob, ref reader, Count);
        _delay = new Column(blob, ref reader, Count);
        _device = new Column(blob, ref reader, Count);
        _deviceSeq = new Column(blob, ref reader, Count);
        _packetId = new Column(blob, ref reader, Count);
        _flags = new Column(blob, ref reader, Count);
        _payloads = new Payloads(blob, ref reader, Count);
        if (!reader.IsAtEnd || Count == 0)
        {
            throw ByteReader.Invalid("it has another length");
        }
    }

    public int Count { get; }

    public ReadOnlySpan<long> At => _at.Values;

    public ReadOnlySpan<long> Seq => _seq.Values;

    public ReadOnlySpan<long> ReceivedAt => _receivedAt ??= Add(_at.Values, _delay.Values);

    public ReadOnlySpan<long> Device => _device.Values;

    public ReadOnlySpan<long> DeviceSeq => _deviceSeq.Values;

    public StoredReading this[int i] => new(
        At[i], Seq[i], ReceivedAt[i], Device[i], DeviceSeq[i], PacketId(i), HasOwnTime(i), Dup(i), Payload(i));

    /// <exception cref="InvalidDataException">It is damaged, or of a version that this program does not know.</exception>
    public static Chunk Read(ReadOnlyMemory<byte> blob)
    {
        if (blob.Length <= ChunkWriter.ChecksumLength)
        {
            throw ByteReader.Invalid("it ends early");
        }

        var content = blob[..^ChunkWriter.ChecksumLength];
        return BinaryPrimitives.ReadUInt32LittleEndian(blob.Span[content.Length..]) == Checksum.Of(content.Span)
            ? new Chunk(content)
            : throw ByteReader.Invalid("its checksum differs");
    }

    public ushort PacketId(int i) => (ushort)_packetId.Values[i];

    public bool HasOwnTime(int i) => (_flags.Values[i] & ChunkWriter.HasOwnTime) != 0;

    public bool Dup(int i) => (_flags.Values[i] & ChunkWriter.Dup) != 0;

    /// <summary>The bytes that were published.</summary>
    public ReadOnlyMemory<byte> Payload(int i) => _payloads.Read(i, At[i]);

    private static long[] Add(ReadOnlySpan<long> first, ReadOnlySpan<long> second)
    {
        var sums = GC.AllocateUninitializedArray<long>(first.Length);
        for (var i = 0; i < sums.Length; i++)
        {
            sums[i] = first[i] + second[i];
        }

        return sums;
    }
}
