using System.Collections.Immutable;
using System.Runtime.InteropServices;
using OrleansIoT.Failures;
using OrleansIoT.History.Chunks;
using OrleansIoT.History.Numbers;
using OrleansIoT.History.Sqlite.Log;
using OrleansIoT.Identity;
using OrleansIoT.Telemetry;

namespace OrleansIoT.History.Sqlite;

/// <summary>A log of commits, and behind it chunks by topic; see <see cref="LogGroup"/> and <see cref="Chunks.Compactor"/>.</summary>
internal sealed partial class SqliteTelemetryHistory(SqliteDatabase database, SessionQueues queues) : ITelemetryHistory
{
    private readonly LogIndex _log = database.Log;

    public Task<ImmutableArray<long>> Append(
        string topic, long firstSeq, IReadOnlyList<TelemetryMessage> messages, AppendEffects? effects = null) =>
        database.Commit(new TelemetryAppend(database.Group, topic, firstSeq, messages, effects, queues));

    public Task<TopicTail> ReadTopicTail(string topic, CancellationToken cancellation = default) =>
        OnTopic(
            topic,
            (connection, reader, view) =>
            {
                if (reader.Row is null)
                {
                    return new TopicTail(0, null);
                }

                var latest = reader.Row.ReadLatest(connection, topic);
                if (view?.Latest is { } pending)
                {
                    var (_, block, offset) = pending;
                    var reading = LogReading.Read(block, ref offset);
                    latest = latest is { } other && (other.At, other.Seq).CompareTo((reading.At, reading.Seq)) > 0 ? other : reading;
                }

                return new TopicTail(
                    Math.Max(reader.Row.Watermark, view?.LastSeq ?? 0),
                    latest is { } found ? new Messages(connection, topic).Of(found) : null);
            },
            cancellation);

    public Task<TelemetryPage> Read(string topic, TelemetryQuery query, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(query.Limit);
        var asOf = query.AsOf?.UtcTicks ?? long.MaxValue;
        return OnTopic(
            topic,
            (connection, reader, _) =>
            {
                var page = ImmutableArray.CreateBuilder<TelemetryMessage>();
                var isCut = false;
                try
                {
                    isCut = Fill(
                        page, query.Limit, new Messages(connection, topic),
                        query.Descending ? Backwards(reader, query, asOf) : Forwards(reader, query, asOf));
                }
                catch (FailureException) when (page.Count > 0)
                {
                    isCut = true; // the page ends before what is damaged, and the next one says so
                }

                TelemetryPosition? next = isCut ? new TelemetryPosition(page[^1].At, page[^1].Seq) : null;
                DemandUndamaged(reader, query, next);
                return new TelemetryPage(page.ToImmutable(), next, DroppedFrom(reader, query.Start));
            },
            cancellation);
    }

    public Task<ImmutableArray<TelemetryMessage>> ReadAfter(
        string topic, long seq, int limit, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return OnTopic(
            topic,
            (connection, reader, _) =>
            {
                var page = ImmutableArray.CreateBuilder<TelemetryMessage>();
                try
                {
                    Fill(page, limit, new Messages(connection, topic), reader.After(seq, limit));
                }
                catch (FailureException) when (page.Count > 0)
                {
                    // The page ends before what is damaged, and the next one says so.
                }

                return page.ToImmutable();
            },
            cancellation);
    }

    public Task<IReadOnlyList<TelemetryMessage>> ReadAt(
        string topic, IReadOnlyCollection<DateTimeOffset> times, CancellationToken cancellation = default)
    {
        var ticks = times.Select(time => time.UtcTicks).ToHashSet();
        return OnTopic<IReadOnlyList<TelemetryMessage>>(
            topic,
            (connection, reader, _) =>
            {
                var messages = new Messages(connection, topic);
                return [.. reader.At(ticks).Select(messages.Of)];
            },
            cancellation);
    }

    public Task<DroppedReadings?> ReadNumbers(
        string topic, NumberQuery query, INumberSink sink, CancellationToken cancellation = default) =>
        OnTopic(
            topic,
            (_, reader, _) =>
            {
                reader.DemandUndamaged(query.Start.UtcTicks, query.End.UtcTicks - 1);
                reader.Numbers(
                    query.Start.UtcTicks, query.End.UtcTicks, query.AsOf?.UtcTicks ?? long.MaxValue, query.Field, sink);
                return DroppedFrom(reader, query.Start);
            },
            cancellation);

    /// <returns>Whether there is more than fits into the page.</returns>
    private static bool Fill(
        ImmutableArray<TelemetryMessage>.Builder page, int limit, Messages messages, IEnumerable<StoredReading> readings)
    {
        var bytes = 0L;
        foreach (var reading in readings)
        {
            if (page.Count == limit || bytes >= TelemetryPage.MaxBytes)
            {
                return true;
            }

            page.Add(messages.Of(reading));
            bytes += reading.Payload.Length;
        }

        return false;
    }

    private static IEnumerable<StoredReading> Forwards(TopicReader reader, TelemetryQuery query, long asOf)
    {
        // Numbers begin with 1, so this is the place before the first reading of the range.
        var begin = new Chunks.Place(query.Start.UtcTicks, 0);
        var after = query.After is { } position ? new Chunks.Place(position.At.UtcTicks, position.Seq) : begin;
        return reader.Ascending(after > begin ? after : begin, query.End.UtcTicks, asOf);
    }

    private static IEnumerable<StoredReading> Backwards(TopicReader reader, TelemetryQuery query, long asOf)
    {
        var end = new Chunks.Place(query.End.UtcTicks, 0);
        var before = query.After is { } position ? new Chunks.Place(position.At.UtcTicks, position.Seq) : end;
        return reader.Descending(before < end ? before : end, query.Start.UtcTicks, asOf);
    }

    /// <summary>What is damaged beyond the page is the next page's to say.</summary>
    private static void DemandUndamaged(TopicReader reader, TelemetryQuery query, TelemetryPosition? next)
    {
        var (first, last) = (query.Start.UtcTicks, query.End.UtcTicks - 1);
        var (read, more) = (query.After?.At.UtcTicks, next?.At.UtcTicks);
        (first, last) = query.Descending ? (more ?? first, read ?? last) : (read ?? first, more ?? last);
        reader.DemandUndamaged(first, last);
    }

    private static DroppedReadings? DroppedFrom(TopicReader reader, DateTimeOffset start) =>
        reader.Row?.Dropped is { } dropped && start < dropped.Before ? dropped : null;

    private Task<T> OnTopic<T>(string topic, Func<Connection, TopicReader, LogView?, T> query, CancellationToken cancellation)
    {
        // Before the snapshot: what is moved into chunks meanwhile is in both, and never in none.
        return database.Read(
            connection =>
            {
                var view = _log.Topic(topic)?.View();
                return query(connection, new TopicReader(connection, topic, view), view);
            },
            cancellation);
    }

    /// <summary>Makes messages of a topic's readings.</summary>
    private sealed class Messages(Connection connection, string topic)
    {
        private const string DeviceName = "SELECT name FROM device WHERE id = ?1";

        private readonly Dictionary<long, string> _devices = [];
        private readonly string _topic = GrainKey.Parse(topic).Name;

        public TelemetryMessage Of(StoredReading reading) => new()
        {
            Topic = _topic,
            Device = Device(reading.Device),
            At = new DateTimeOffset(reading.At, TimeSpan.Zero),
            Seq = reading.Seq,
            ReceivedAt = new DateTimeOffset(reading.ReceivedAt, TimeSpan.Zero),
            HasOwnTime = reading.HasOwnTime,
            Dup = reading.Dup,
            PacketId = reading.PacketId,
            Payload = Own(reading.Payload),
        };

        /// <summary>A part is copied: what it is a part of may be large.</summary>
        private static ReadOnlyMemory<byte> Own(ReadOnlyMemory<byte> payload) =>
            MemoryMarshal.TryGetArray(payload, out var part) && part.Array!.Length == payload.Length ? payload : payload.ToArray();

        private string Device(long id)
        {
            if (!_devices.TryGetValue(id, out var name))
            {
                using var row = connection.Prepare(DeviceName).Bind(1, id);
                name = row.Step()
                    ? GrainKey.Parse(row.Text(0)).Name
                    : throw new InvalidDataException($"There are readings of device {id}, which is not in the database.");
                _devices.Add(id, name);
            }

            return name;
        }
    }
}
