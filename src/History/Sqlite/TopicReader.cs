using OrleansIoT.History.Chunks;
using OrleansIoT.History.Numbers;
using OrleansIoT.History.Sqlite.Chunks;
using OrleansIoT.History.Sqlite.Log;
using OrleansIoT.Telemetry;

namespace OrleansIoT.History.Sqlite;

/// <summary>
/// One state of a topic: its chunks by the snapshot of a connection, and its readings in the log by a view. The view is
/// taken first, so what was moved between the two is in both; the watermark of the snapshot tells.
/// </summary>
internal sealed partial class TopicReader
{
    private readonly Connection _connection;
    private readonly string _topic;
    private readonly LogView? _view;
    private readonly ReadOnlyMemory<PendingReading> _pending;

    /// <param name="connection">In a transaction that has not read yet.</param>
    /// <param name="topic">The topic's key.</param>
    /// <param name="view">Taken before; null when the topic is not in the log.</param>
    public TopicReader(Connection connection, string topic, LogView? view)
    {
        (_connection, _topic, _view) = (connection, topic, view);
        Row = TopicRow.Find(connection, topic);
        _pending = Row is null || view is null ? default : Behind(view.Pending, Row.Watermark);
    }

    /// <summary>Null when the topic has never had a reading.</summary>
    public TopicRow? Row { get; }

    /// <summary>Its readings that are in the log only.</summary>
    public ReadOnlySpan<PendingReading> Pending => _pending.Span;

    /// <summary>Those behind one place, before an event time, that had arrived by a time; ascending.</summary>
    public IEnumerable<StoredReading> Ascending(Place after, long end, long asOf)
    {
        return Row is null ? [] : Merge(InChunks(), InLog(), sign: 1);

        IEnumerable<StoredReading> InChunks()
        {
            foreach (var row in ChunkRow.From(_connection, Row.Id, after))
            {
                if (row.First.At >= end)
                {
                    yield break;
                }

                if (row.FirstReceived > asOf)
                {
                    continue;
                }

                var chunk = row.Open(_connection, _topic);
                for (var i = FirstBehind(chunk, after); i < chunk.Count && chunk.At[i] < end; i++)
                {
                    if (chunk.ReceivedAt[i] <= asOf)
                    {
                        yield return chunk[i];
                    }
                }
            }
        }

        IEnumerable<StoredReading> InLog()
        {
            foreach (var i in Order(after.At, end))
            {
                var reading = ReadPending(i);
                if (new Place(reading.At, reading.Seq) > after && reading.ReceivedAt <= asOf)
                {
                    yield return reading;
                }
            }
        }
    }

    /// <summary>Those before one place, at or behind an event time, that had arrived by a time; descending.</summary>
    public IEnumerable<StoredReading> Descending(Place before, long start, long asOf)
    {
        return Row is null ? [] : Merge(InChunks(), InLog(), sign: -1);

        IEnumerable<StoredReading> InChunks()
        {
            foreach (var row in ChunkRow.Back(_connection, Row.Id, before))
            {
                if (row.Last.At < start)
                {
                    yield break;
                }

                if (row.FirstReceived > asOf)
                {
                    continue;
                }

                var chunk = row.Open(_connection, _topic);
                for (var i = FirstBehind(chunk, new Place(before.At, before.Seq - 1)) - 1; i >= 0 && chunk.At[i] >= start; i--)
                {
                    if (chunk.ReceivedAt[i] <= asOf)
                    {
                        yield return chunk[i];
                    }
                }
            }
        }

        IEnumerable<StoredReading> InLog()
        {
            var order = Order(start, before.At == long.MaxValue ? long.MaxValue : before.At + 1);
            for (var i = order.Count - 1; i >= 0; i--)
            {
                var reading = ReadPending(order[i]);
                if (new Place(reading.At, reading.Seq) < before && reading.ReceivedAt <= asOf)
                {
                    yield return reading;
                }
            }
        }
    }

    /// <summary>Gives the numbers of a range to the sink, ascending.</summary>
    public void Numbers(long start, long end, long asOf, NumberField field, INumberSink sink)
    {
        if (Row is null)
        {
            return;
        }

        var order = Order(start, end);
        var next = 0;
        var values = Array.Empty<double>();
        foreach (var row in ChunkRow.From(_connection, Row.Id, new Place(start, 0)))
        {
            if (row.First.At >= end)
            {
                break;
            }

            if (row.FirstReceived > asOf)
            {
                continue;
            }

            var chunk = row.Open(_connection, _topic);
            var from = FirstBehind(chunk, new Place(start, 0));
            var to = FirstBehind(chunk, new Place(end, 0));
            values = values.Length < to - from ? new double[to - from] : values;
            chunk.ReadNumbers(field, from, to, values);
            var times = chunk.At;
            var seqs = chunk.Seq;
            var received = chunk.ReceivedAt;
            for (var i = from; i < to; i++)
            {
                while (next < order.Count && PlaceOf(order[next]) < new Place(times[i], seqs[i]))
                {
                    if (!AddPending(order[next++]))
                    {
                        return;
                    }
                }

                var value = values[i - from];
                if (!double.IsNaN(value) && received[i] <= asOf && !sink.Add(times[i], seqs[i], value))
                {
                    return;
                }
            }
        }

        while (next < order.Count && AddPending(order[next++]))
        {
        }

        bool AddPending(int index)
        {
            var reading = ReadPending(index);
            return reading.ReceivedAt > asOf
                || !field.TryRead(reading.Payload.Span, out var value)
                || sink.Add(reading.At, reading.Seq, value);
        }
    }

    /// <summary>All readings whose event time is one of these, in any order.</summary>
    public IEnumerable<StoredReading> At(IReadOnlySet<long> times)
    {
        if (Row is null)
        {
            yield break;
        }

        for (var i = 0; i < _pending.Length; i++)
        {
            if (times.Contains(_pending.Span[i].At))
            {
                yield return ReadPending(i);
            }
        }

        ChunkRow? opened = null;
        Chunk? chunk = null;
        foreach (var time in times.Order())
        {
            foreach (var row in ChunkRow.From(_connection, Row.Id, new Place(time, 0)).TakeWhile(row => row.First.At <= time))
            {
                (opened, chunk) = row.Id == opened?.Id ? (opened, chunk!) : (row, row.Open(_connection, _topic));
                for (var i = FirstBehind(chunk, new Place(time, 0)); i < chunk.Count && chunk.At[i] == time; i++)
                {
                    yield return chunk[i];
                }
            }
        }
    }

    /// <summary>Refuses a range that has readings which a start has found damaged in the log.</summary>
    /// <param name="start">The first event time of the range.</param>
    /// <param name="last">The last one.</param>
    /// <exception cref="Failures.FailureException">Unavailable.</exception>
    public void DemandUndamaged(long start, long last)
    {
        foreach (var entry in _view?.Damaged ?? [])
        {
            if (entry.FirstAt <= last && entry.LastAt >= start)
            {
                throw ChunkRow.Damaged(_topic, entry.FirstAt, entry.LastAt, $"numbers {entry.FirstSeq} to {entry.LastSeq}");
            }
        }
    }

    public StoredReading ReadPending(int index)
    {
        var (_, block, offset) = _pending.Span[index];
        return LogReading.Read(block, ref offset);
    }

    private Place PlaceOf(int index) => new(_pending.Span[index].At, _pending.Span[index].Seq);

    /// <summary>The indexes of what is in the log of a range of event time, in order of place.</summary>
    private IReadOnlyList<int> Order(long start, long end)
    {
        var pending = _pending.Span;
        if (pending.IsEmpty)
        {
            return [];
        }

        if (_view!.IsSorted)
        {
            var (first, behind) = (FirstAt(pending, start), FirstAt(pending, end));
            return new Consecutive(first, Math.Max(0, behind - first));
        }

        var found = new List<(long At, int Index)>();
        for (var i = 0; i < pending.Length; i++)
        {
            if (pending[i].At >= start && pending[i].At < end)
            {
                found.Add((pending[i].At, i));
            }
        }

        // Numbers ascend as indexes do.
        found.Sort();
        return found.ConvertAll(place => place.Index);
    }

    private static int FirstAt(ReadOnlySpan<PendingReading> sorted, long time)
    {
        var (low, high) = (0, sorted.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = sorted[middle].At < time ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private static int FirstBehind(Chunk chunk, Place place)
    {
        var times = chunk.At;
        var seqs = chunk.Seq;
        var (low, high) = (0, chunk.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = new Place(times[middle], seqs[middle]) <= place ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private static ReadOnlyMemory<PendingReading> Behind(ReadOnlyMemory<PendingReading> pending, long seq)
    {
        var (low, high) = (0, pending.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = pending.Span[middle].Seq <= seq ? (middle + 1, high) : (low, middle);
        }

        return pending[low..];
    }

    private static IEnumerable<StoredReading> Merge(IEnumerable<StoredReading> one, IEnumerable<StoredReading> other, int sign)
    {
        using var first = one.GetEnumerator();
        using var second = other.GetEnumerator();
        var (hasFirst, hasSecond) = (first.MoveNext(), second.MoveNext());
        while (hasFirst || hasSecond)
        {
            if (!hasSecond || (hasFirst && sign * PlaceOf(first.Current).CompareTo(PlaceOf(second.Current)) < 0))
            {
                yield return first.Current;
                hasFirst = first.MoveNext();
            }
            else
            {
                yield return second.Current;
                hasSecond = second.MoveNext();
            }
        }
    }

    private static Place PlaceOf(StoredReading reading) => new(reading.At, reading.Seq);

    private sealed class Consecutive(int first, int count) : IReadOnlyList<int>
    {
        public int Count => count;

        public int this[int index] => first + index;

        public IEnumerator<int> GetEnumerator() => Enumerable.Range(first, count).GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
