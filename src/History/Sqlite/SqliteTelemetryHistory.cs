using System.Collections.Immutable;
using OrleansIoT.History.Numbers;
using OrleansIoT.Identity;
using OrleansIoT.Telemetry;
using OrleansIoT.Topics;

namespace OrleansIoT.History.Sqlite;

/// <summary>A row a reading, clustered by topic, event time and number.</summary>
internal sealed class SqliteTelemetryHistory(SqliteDatabase database, SessionQueues queues) : ITelemetryHistory
{
    private const string Columns =
        "reading.device, reading.at, reading.seq, reading.received_at, reading.has_own_time, reading.dup, reading.packet_id, reading.payload";

    private const string TopicTail = "SELECT id, last_seq FROM topic WHERE name = ?1";

    private const string Latest =
        $"SELECT {Columns} FROM reading WHERE topic = ?1 ORDER BY at DESC, seq DESC LIMIT 1";

    private const string Range =
        $"""
        SELECT {Columns} FROM reading
        WHERE topic = (SELECT id FROM topic WHERE name = ?1) AND (at, seq) > (?2, ?3) AND at < ?4
        ORDER BY at, seq LIMIT ?5
        """;

    private const string AtTime =
        $"SELECT {Columns} FROM reading WHERE topic = (SELECT id FROM topic WHERE name = ?1) AND at = ?2";

    private const string Device = "SELECT id, readings, received_at FROM device WHERE name = ?1";

    private const string WithoutOwnTime =
        $"""
        SELECT {Columns}, topic.name FROM reading JOIN topic ON topic.id = reading.topic
        WHERE device = ?1 AND has_own_time = 0 AND packet_id <> 0
        ORDER BY device_seq DESC LIMIT ?2
        """;

    private const string DeviceName = "SELECT name FROM device WHERE id = ?1";

    public Task<ImmutableArray<long>> Append(
        string topic, long firstSeq, IReadOnlyList<TelemetryMessage> messages, AppendEffects? effects = null) =>
        database.Commit(new TelemetryAppend(topic, firstSeq, messages, effects, queues));

    public Task<TopicTail> ReadTopicTail(string topic, CancellationToken cancellation = default) =>
        database.Read(
            connection =>
            {
                using var tail = connection.Prepare(TopicTail).Bind(1, topic);
                if (!tail.Step())
                {
                    return new TopicTail(0, null);
                }

                using var latest = connection.Prepare(Latest).Bind(1, tail.Int64(0));
                return new TopicTail(tail.Int64(1), Messages(connection, latest, topic).Single());
            },
            cancellation);

    public Task<DeviceTail> ReadDeviceTail(string device, int count, CancellationToken cancellation = default) =>
        database.Read(
            connection =>
            {
                using var row = connection.Prepare(Device).Bind(1, device);
                if (!row.Step())
                {
                    return new DeviceTail(0, null, []);
                }

                using var readings = connection.Prepare(WithoutOwnTime).Bind(1, row.Int64(0)).Bind(2, count);
                var name = GrainKey.Parse(device).Name;
                var tail = new List<TelemetryMessage>();
                while (readings.Step())
                {
                    tail.Add(Message(readings, GrainKey.Parse(readings.Text(8)).Name, name));
                }

                tail.Reverse();
                return new DeviceTail(row.Int64(1), row.Time(2), tail);
            },
            cancellation);

    public Task<TelemetryPage> Read(string topic, TelemetryQuery query, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(query.Limit);

        // Numbers begin with 1, so this is the place before the first reading of the range.
        var begin = new TelemetryPosition(query.Start, 0);
        var after = query.After is { } position && position > begin ? position : begin;
        return database.Read(
            connection =>
            {
                using var rows = connection.Prepare(Range)
                    .Bind(1, topic).Bind(2, after.At).Bind(3, after.Seq).Bind(4, query.End).Bind(5, query.Limit + 1L);
                var page = ImmutableArray.CreateBuilder<TelemetryMessage>();
                long bytes = 0;
                foreach (var message in Messages(connection, rows, topic))
                {
                    if (query.AsOf < message.ReceivedAt)
                    {
                        continue;
                    }

                    if (page.Count == query.Limit || bytes >= TelemetryPage.MaxBytes)
                    {
                        return new TelemetryPage(page.ToImmutable(), new TelemetryPosition(page[^1].At, page[^1].Seq));
                    }

                    page.Add(message);
                    bytes += message.Payload.Length;
                }

                return new TelemetryPage(page.ToImmutable(), null);
            },
            cancellation);
    }

    public Task<IReadOnlyList<TelemetryMessage>> ReadAt(
        string topic, IReadOnlyCollection<DateTimeOffset> times, CancellationToken cancellation = default) =>
        database.Read<IReadOnlyList<TelemetryMessage>>(
            connection =>
            {
                var found = new List<TelemetryMessage>();
                foreach (var ticks in times.Select(time => time.UtcTicks).Distinct())
                {
                    using var rows = connection.Prepare(AtTime).Bind(1, topic).Bind(2, ticks);
                    found.AddRange(Messages(connection, rows, topic));
                }

                return found;
            },
            cancellation);

    public Task<DroppedReadings?> ReadNumbers(
        string topic, NumberQuery query, INumberSink sink, CancellationToken cancellation = default) =>
        database.Read<DroppedReadings?>(
            connection =>
            {
                using var rows = connection.Prepare(Range)
                    .Bind(1, topic).Bind(2, query.Start).Bind(3, 0L).Bind(4, query.End).Bind(5, long.MaxValue);
                foreach (var message in Messages(connection, rows, topic))
                {
                    if ((query.AsOf is null || message.ReceivedAt <= query.AsOf)
                        && query.Field.TryRead(message.Payload.Span, out var value)
                        && !sink.Add(message.At.UtcTicks, message.Seq, value))
                    {
                        break;
                    }
                }

                return null;
            },
            cancellation);

    public Task<TopicPage> ListTopics(
        string tenant, string prefix, int limit, string? after, CancellationToken cancellation = default) =>
        database.Read(
            connection =>
            {
                using var rows = connection.Prepare(
                    """
                    SELECT name, (SELECT count(*) FROM reading WHERE topic = topic.id),
                        (SELECT min(at) FROM reading WHERE topic = topic.id), (SELECT max(at) FROM reading WHERE topic = topic.id)
                    FROM topic WHERE name > ?1 AND substr(name, 1, length(?2)) = ?2 ORDER BY name LIMIT ?3
                    """).Bind(1, $"{tenant}/{after}").Bind(2, $"{tenant}/{prefix}").Bind(3, limit + 1L);
                var topics = ImmutableArray.CreateBuilder<TopicSummary>();
                while (rows.Step())
                {
                    if (topics.Count == limit)
                    {
                        return new TopicPage(topics.ToImmutable(), topics[^1].Topic);
                    }

                    topics.Add(new TopicSummary(
                        GrainKey.Parse(rows.Text(0)).Name, rows.Int64(1), rows.TimeOrNull(2), rows.TimeOrNull(3)));
                }

                return new TopicPage(topics.ToImmutable(), null);
            },
            cancellation);

    private static IEnumerable<TelemetryMessage> Messages(Connection connection, Statement rows, string topic)
    {
        var name = GrainKey.Parse(topic).Name;
        var devices = new Dictionary<long, string>();
        while (rows.Step())
        {
            if (!devices.TryGetValue(rows.Int64(0), out var device))
            {
                devices.Add(rows.Int64(0), device = NameOfDevice(connection, rows.Int64(0)));
            }

            yield return Message(rows, name, device);
        }
    }

    private static string NameOfDevice(Connection connection, long id)
    {
        using var row = connection.Prepare(DeviceName).Bind(1, id);
        return row.Step()
            ? GrainKey.Parse(row.Text(0)).Name
            : throw new InvalidDataException($"There are readings of device {id}, which is not in the database.");
    }

    private static TelemetryMessage Message(Statement row, string topic, string device) => new()
    {
        Topic = topic,
        Device = device,
        At = row.Time(1),
        Seq = row.Int64(2),
        ReceivedAt = row.Time(3),
        HasOwnTime = row.Bool(4),
        Dup = row.Bool(5),
        PacketId = (ushort)row.Int64(6),
        Payload = row.Blob(7).ToArray(),
    };
}
