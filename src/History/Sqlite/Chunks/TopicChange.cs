using System.Runtime.InteropServices;
using OrleansIoT.Failures;
using OrleansIoT.History.Chunks;
using OrleansIoT.History.Sqlite.Log;

namespace OrleansIoT.History.Sqlite.Chunks;

/// <summary>
/// The way of one topic's readings from the log into chunks: which chunks it takes away, and which it puts in their place.
/// New readings behind all others merge with the last chunks while those are not much larger, so that a topic has few small
/// ones and a reading is rewritten a few times; late ones go into the chunk where they belong.
/// </summary>
internal sealed class TopicChange
{
    /// <summary>What a page decodes at least, and what a late reading rewrites at most.</summary>
    public const int MaxReadings = 4_096;

    private const int MaxPayloadBytes = 1 << 20;
    private const int FullBytes = 256 << 10;

    // So small that merging costs less than another row.
    private const int Small = 32;

    private const int LargestLatest = 256;

    // Of the compactor's thread: what it sorts and merges in, used again for the next topic.
    [ThreadStatic]
    private static StoredReading[]? _taken;

    [ThreadStatic]
    private static StoredReading[]? _merged;

    private readonly Connection _connection;

    private TopicChange(Connection connection, LogTopic topic, int count) =>
        (_connection, Topic, Count) = (connection, topic, count);

    public LogTopic Topic { get; }

    /// <summary>How many of its readings leave the log.</summary>
    public int Count { get; }

    /// <summary>The number of the last of them.</summary>
    public long Watermark { get; private set; }

    public long FirstAt { get; private set; }

    public Place Latest { get; private set; }

    /// <summary>The reading there as a chunk of one; null when it is large.</summary>
    public byte[]? LatestData { get; private set; }

    public List<long> Removed { get; } = [];

    public long RemovedBytes { get; private set; }

    public List<NewChunk> Added { get; } = [];

    /// <summary>For each device by id: how many readings it has with the last of these, when that arrived, and how many these are.</summary>
    public Dictionary<long, (long Readings, long ReceivedAt, int Count)> Devices { get; } = [];

    /// <summary>Devices with readings without a time of their own.</summary>
    public HashSet<long> Marked { get; } = [];

    /// <summary>Chunks that could not be merged with because they are damaged.</summary>
    public List<FailureException> Damage { get; } = [];

    public long Bytes => Added.Sum(chunk => (long)chunk.Data.Length);

    /// <summary>What to change for all that the topic has in the log, or null for nothing.</summary>
    public static TopicChange? Of(Connection connection, LogTopic topic)
    {
        var pending = topic.View().Pending.Span;
        if (pending.IsEmpty)
        {
            return null;
        }

        var change = new TopicChange(connection, topic, pending.Length);
        var readings = Buffer(ref _taken, pending.Length);
        for (var i = 0; i < pending.Length; i++)
        {
            var (_, block, offset) = pending[i];
            readings[i] = change.Taken(LogReading.Read(block, ref offset));
        }

        change.Watermark = readings[^1].Seq;
        Sort(readings);
        change.FirstAt = readings[0].At;
        change.Latest = PlaceOf(readings[^1]);
        change.LatestData = readings[^1].Payload.Length <= LargestLatest ? ChunkWriter.Write(readings[^1..]) : null;
        change.Distribute(readings);
        return change;
    }

    /// <summary>Lets go of the payloads that the last topics have left in what is used again.</summary>
    public static void Forget() => (_taken, _merged) = (null, null);

    private static Span<StoredReading> Buffer(ref StoredReading[]? buffer, int length)
    {
        if (buffer is null || buffer.Length < length)
        {
            buffer = new StoredReading[Math.Max(length, MaxReadings)];
        }

        return buffer.AsSpan(0, length);
    }

    private StoredReading Taken(StoredReading reading)
    {
        ref var device = ref CollectionsMarshal.GetValueRefOrAddDefault(Devices, reading.Device, out _);
        device = reading.DeviceSeq > device.Readings
            ? (reading.DeviceSeq, reading.ReceivedAt, device.Count + 1)
            : device with { Count = device.Count + 1 };
        if (reading is { HasOwnTime: false, PacketId: not 0 })
        {
            Marked.Add(reading.Device);
            return reading;
        }

        return reading with { DeviceSeq = 0 };
    }

    private void Distribute(ReadOnlySpan<StoredReading> readings)
    {
        var isLast = false;
        while (!readings.IsEmpty)
        {
            var first = PlaceOf(readings[0]);
            if (ChunkRow.From(_connection, Topic.Id, first with { Seq = first.Seq - 1 }).FirstOrDefault() is not { } row)
            {
                if (isLast)
                {
                    Add(readings, isEven: false); // the last chunk has changed already
                }
                else
                {
                    AddAtEnd(readings);
                }

                return;
            }

            var count = 1;
            while (count < readings.Length && PlaceOf(readings[count]) < row.Last)
            {
                count++;
            }

            MergeInto(row, readings[..count]);
            readings = readings[count..];
            isLast = true;
        }
    }

    private void AddAtEnd(ReadOnlySpan<StoredReading> readings)
    {
        var parts = new Stack<Chunk>();
        var count = readings.Length;
        foreach (var row in ChunkRow.Descending(_connection, Topic.Id))
        {
            var isWorthIt = row.Readings + count <= Small || row.Readings <= 2 * count;
            if (!isWorthIt || row.Readings >= MaxReadings || row.Bytes >= FullBytes || count >= MaxReadings || Open(row) is not { } chunk)
            {
                break;
            }

            parts.Push(chunk);
            Remove(row);
            count += chunk.Count;
        }

        if (parts.Count == 0)
        {
            Add(readings, isEven: false);
            return;
        }

        var all = Buffer(ref _merged, count);
        var next = 0;
        foreach (var chunk in parts)
        {
            for (var i = 0; i < chunk.Count; i++)
            {
                all[next++] = chunk[i];
            }
        }

        readings.CopyTo(all[next..]);
        Add(all, isEven: false);
    }

    private void MergeInto(ChunkRow row, ReadOnlySpan<StoredReading> readings)
    {
        if (Open(row) is not { } chunk)
        {
            Add(readings, isEven: false); // beside what is damaged
            return;
        }

        var all = Buffer(ref _merged, chunk.Count + readings.Length);
        var (old, added) = (0, 0);
        for (var i = 0; i < all.Length; i++)
        {
            all[i] = added == readings.Length
                || (old < chunk.Count && new Place(chunk.At[old], chunk.Seq[old]) < PlaceOf(readings[added]))
                ? chunk[old++]
                : readings[added++];
        }

        Remove(row);
        Add(all, isEven: true);
    }

    private void Remove(ChunkRow row)
    {
        Removed.Add(row.Id);
        RemovedBytes += row.Bytes;
    }

    private Chunk? Open(ChunkRow row)
    {
        try
        {
            return row.Open(_connection, Topic.Key);
        }
        catch (FailureException damage)
        {
            Damage.Add(damage);
            return null;
        }
    }

    /// <summary>Makes chunks of readings in order of place.</summary>
    /// <param name="isEven">All of about the same size; else all but the last are full.</param>
    private void Add(ReadOnlySpan<StoredReading> readings, bool isEven)
    {
        var chunks = (readings.Length + MaxReadings - 1) / MaxReadings;
        var size = isEven ? (readings.Length + chunks - 1) / chunks : MaxReadings;
        while (!readings.IsEmpty)
        {
            var count = 0;
            for (var bytes = 0L; count < Math.Min(size, readings.Length) && bytes < MaxPayloadBytes; count++)
            {
                bytes += readings[count].Payload.Length;
            }

            Added.Add(NewChunk.Of(readings[..count]));
            readings = readings[count..];
        }
    }

    private static void Sort(Span<StoredReading> readings)
    {
        for (var i = 1; i < readings.Length; i++)
        {
            if (readings[i].At < readings[i - 1].At)
            {
                readings.Sort(static (left, right) => PlaceOf(left).CompareTo(PlaceOf(right)));
                return;
            }
        }
    }

    private static Place PlaceOf(in StoredReading reading) => new(reading.At, reading.Seq);
}
