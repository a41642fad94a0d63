using System.Collections.Immutable;
using Npgsql;
using OrleansIoT.History.Numbers;
using OrleansIoT.Identity;
using OrleansIoT.Telemetry;
using OrleansIoT.Topics;

namespace OrleansIoT.History.Postgres;

/// <summary>A row a reading, partitioned by the day of its event time and indexed by topic, event time and number.</summary>
internal sealed class PostgresTelemetryHistory(PostgresDatabase database) : ITelemetryHistory
{
    private const string Columns =
        "device.name, r.at, r.seq, r.received_at, r.has_own_time, r.dup, r.packet_id, r.payload";

    private const string Readings = "FROM reading AS r JOIN device ON device.id = r.device";

    private const string FindTopic =
        """
        SELECT topic.id, tail.last_seq, tail.first_at, tail.last_at, tail.dropped_before, tail.dropped
        FROM topic JOIN topic_now AS tail ON tail.topic = topic.id WHERE topic.name = $1
        """;

    private const string Latest =
        $"SELECT {Columns} {Readings} WHERE r.topic = $1 AND r.at = $2 ORDER BY r.seq DESC LIMIT 1";

    private const string AtTimes = $"SELECT {Columns} {Readings} WHERE r.topic = $1 AND r.at = ANY ($2)";

    // The topic's own first and last time leave out the partitions without it.
    private const string AfterSeq =
        $"SELECT {Columns} {Readings} WHERE r.topic = $1 AND r.seq > $2 AND r.at BETWEEN $3 AND $4 ORDER BY r.seq";

    private const string FindDevice =
        """
        SELECT device.id, tail.readings, tail.received_at
        FROM device JOIN device_tail AS tail ON tail.device = device.id WHERE device.name = $1
        """;

    private const string DevicesOf =
        """
        SELECT device.name, tail.readings, tail.received_at
        FROM device JOIN device_tail AS tail ON tail.device = device.id
        WHERE device.name > $1 AND device.name < $2 AND tail.readings > 0
        """;

    // Newest first, one identifier after the other: what comes again was mostly among the last that came. Without a time of its own a reading is
    // where it arrived, so there are few partitions to look at.
    private const string LastOf =
        $"""
        SELECT {Columns}, topic.name
        FROM unnest($2::integer[]) AS asked (packet_id)
        CROSS JOIN LATERAL (
            SELECT * FROM reading
            WHERE device = $1 AND NOT has_own_time AND packet_id <> 0 AND packet_id = asked.packet_id AND device_seq > $3
                AND at BETWEEN $4 AND $5
            ORDER BY device_seq DESC LIMIT 1) AS r
        JOIN device ON device.id = r.device
        JOIN topic ON topic.id = r.topic
        """;

    private const string Topics =
        """
        SELECT topic.name, tail.readings, tail.first_at, tail.last_at
        FROM topic JOIN topic_now AS tail ON tail.topic = topic.id
        WHERE topic.name >= $1 AND topic.name > $2 AND topic.name < $3 ORDER BY topic.name LIMIT $4
        """;

    // How many rows one fetch brings: whoever has enough reads no more than these to the end.
    private const int MessagesAFetch = 100;
    private const int NumbersAFetch = 2_000;

    public async Task<ImmutableArray<long>> Append(
        string topic, long firstSeq, IReadOnlyList<TelemetryMessage> messages, AppendEffects? effects = null)
    {
        var append = new TelemetryAppend(topic, firstSeq, messages, effects);
        await database.Commit(append);
        return append.QueueNumbers;
    }

    public Task<TopicTail> ReadTopicTail(string topic, CancellationToken cancellation = default) =>
        database.Read(
            connection =>
            {
                if (Find(connection, topic) is not { } found)
                {
                    return new TopicTail(0, null);
                }

                var latest = connection.All(
                    row => Message(row, GrainKey.Parse(topic).Name), Latest, found.Id, found.LastAt ?? -1);
                return new TopicTail(found.LastSeq, latest.SingleOrDefault());
            },
            cancellation);

    public Task<DeviceTail> ReadDeviceTail(string device, CancellationToken cancellation = default) =>
        database.Read(
            connection => FindDeviceOf(connection, device) is { } found
                ? new DeviceTail(found.Readings, found.ReceivedAt)
                : new DeviceTail(0, null),
            cancellation);

    public Task<IReadOnlyList<TelemetryMessage>> ReadLastOf(
        string device, IReadOnlyCollection<ushort> packetIds, CancellationToken cancellation = default) =>
        database.Read<IReadOnlyList<TelemetryMessage>>(
            connection => FindDeviceOf(connection, device) is { ReceivedAt: { } last } found
                ? connection.All(
                    row => Message(row, GrainKey.Parse(row.Text(8)).Name),
                    LastOf,
                    found.Id,
                    packetIds.Distinct().Select(id => (int)id).ToArray(),
                    found.Readings - ITelemetryHistory.Remembered,
                    last.UtcTicks - ITelemetryHistory.RememberedFor.Ticks,
                    last.UtcTicks + ITelemetryHistory.RememberedFor.Ticks)
                : [],
            cancellation);

    public Task<IReadOnlyList<DeviceActivity>> ReadDevices(string tenant, CancellationToken cancellation = default) =>
        database.Read<IReadOnlyList<DeviceActivity>>(
            connection => connection.All(
                row => new DeviceActivity(row.Text(0)[(tenant.Length + 1)..], row.GetInt64(1), row.TimeOrNull(2) ?? default),
                DevicesOf, $"{tenant}/", Postgres.Text.EndOfPrefix($"{tenant}/")),
            cancellation);

    public Task<TelemetryPage> Read(string topic, TelemetryQuery query, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(query.Limit);
        return database.Read(
            connection =>
            {
                if (Find(connection, topic) is not { } found)
                {
                    return new TelemetryPage([], null);
                }

                var dropped = found.DroppedBefore(query.Start);
                var name = GrainKey.Parse(topic).Name;
                var page = ImmutableArray.CreateBuilder<TelemetryMessage>();
                long bytes = 0;
                foreach (var row in connection.Cursor(
                    Math.Min(query.Limit + 1, MessagesAFetch), Range(Columns, Readings, query), RangeValues(found, query)))
                {
                    if (page.Count == query.Limit || bytes >= TelemetryPage.MaxBytes)
                    {
                        return new TelemetryPage(page.ToImmutable(), new TelemetryPosition(page[^1].At, page[^1].Seq), dropped);
                    }

                    page.Add(Message(row, name));
                    bytes += page[^1].Payload.Length;
                }

                return new TelemetryPage(page.ToImmutable(), null, dropped);
            },
            cancellation);
    }

    public Task<ImmutableArray<TelemetryMessage>> ReadAfter(
        string topic, long seq, int limit, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return database.Read(
            connection =>
            {
                if (Find(connection, topic) is not { FirstAt: { } first, LastAt: { } last } found || found.LastSeq <= seq)
                {
                    return [];
                }

                var name = GrainKey.Parse(topic).Name;
                var page = ImmutableArray.CreateBuilder<TelemetryMessage>();
                long bytes = 0;
                foreach (var row in connection.Cursor(Math.Min(limit, MessagesAFetch), AfterSeq, found.Id, seq, first, last))
                {
                    page.Add(Message(row, name));
                    bytes += page[^1].Payload.Length;
                    if (page.Count == limit || bytes >= TelemetryPage.MaxBytes)
                    {
                        break;
                    }
                }

                return page.ToImmutable();
            },
            cancellation);
    }

    public Task<IReadOnlyList<TelemetryMessage>> ReadAt(
        string topic, IReadOnlyCollection<DateTimeOffset> times, CancellationToken cancellation = default) =>
        database.Read<IReadOnlyList<TelemetryMessage>>(
            connection => Find(connection, topic) is { } found
                ? connection.All(
                    row => Message(row, GrainKey.Parse(topic).Name), AtTimes, found.Id,
                    times.Select(time => time.UtcTicks).Distinct().ToArray())
                : [],
            cancellation);

    public Task<DroppedReadings?> ReadNumbers(
        string topic, NumberQuery query, INumberSink sink, CancellationToken cancellation = default) =>
        database.Read(
            connection =>
            {
                if (Find(connection, topic) is not { } found)
                {
                    return null;
                }

                var range = new TelemetryQuery(query.Start, query.End, int.MaxValue, AsOf: query.AsOf);
                foreach (var row in connection.Cursor(
                    NumbersAFetch, Range("r.at, r.seq, r.payload", "FROM reading AS r", range), RangeValues(found, range)))
                {
                    if (query.Field.TryRead(row.Bytes(2), out var value)
                        && !sink.Add(row.GetInt64(0), row.GetInt64(1), value))
                    {
                        break;
                    }
                }

                return found.DroppedBefore(query.Start);
            },
            cancellation);

    public Task<TopicPage> ListTopics(
        string tenant, string prefix, int limit, string? after, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        var start = $"{tenant}/{prefix}";
        return database.Read(
            connection =>
            {
                var topics = connection.All(
                    row => new TopicSummary(
                        GrainKey.Parse(row.Text(0)).Name, row.GetInt64(1), row.TimeOrNull(2), row.TimeOrNull(3)),
                    Topics, start, after is null ? "" : $"{tenant}/{after}", Postgres.Text.EndOfPrefix(start), limit + 1L);
                return topics.Count > limit
                    ? new TopicPage([.. topics.Take(limit)], topics[limit - 1].Topic)
                    : new TopicPage([.. topics], null);
            },
            cancellation);
    }

    // Written for the order that is asked for. The topic's own first and last time leave out the partitions without it.
    private static string Range(string columns, string from, TelemetryQuery query)
    {
        var order = query.Descending ? "DESC" : "ASC";
        return $"""
            SELECT {columns} {from}
            WHERE r.topic = $1 AND r.at >= $2 AND r.at < $3 {(query.AsOf is null ? "" : "AND r.received_at <= $6")}
              AND (r.at, r.seq) {(query.Descending ? "<" : ">")} ($4, $5)
            ORDER BY r.at {order}, r.seq {order}
            """;
    }

    private static object?[] RangeValues(Topic topic, TelemetryQuery query)
    {
        var start = Math.Max(query.Start.UtcTicks, topic.FirstAt ?? long.MaxValue);
        var end = Math.Min(query.End.UtcTicks, topic.LastAt + 1 ?? long.MinValue);
        var (at, seq) = query.After is { } after ? (after.At.UtcTicks, after.Seq)
            : query.Descending ? (long.MaxValue, long.MaxValue) : (long.MinValue, long.MinValue);

        // Said twice, because the comparison of pairs does not tell the planner which partitions are behind.
        (start, end) = query.After is null ? (start, end)
            : query.Descending ? (start, Math.Min(end, at + 1)) : (Math.Max(start, at), end);
        return query.AsOf is { } asOf ? [topic.Id, start, end, at, seq, asOf] : [topic.Id, start, end, at, seq];
    }

    private static Topic? Find(NpgsqlConnection connection, string topic) =>
        connection.All(
            row => new Topic(
                row.GetInt64(0), row.GetInt64(1), TicksOrNull(row, 2), TicksOrNull(row, 3), row.TimeOrNull(4), row.GetInt64(5)),
            FindTopic, topic).SingleOrDefault();

    private static (long Id, long Readings, DateTimeOffset? ReceivedAt)? FindDeviceOf(NpgsqlConnection connection, string name) =>
        connection.All(row => (row.GetInt64(0), row.GetInt64(1), row.TimeOrNull(2)), FindDevice, name) is [var found] ? found : null;

    private static long? TicksOrNull(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetInt64(column);

    private static TelemetryMessage Message(NpgsqlDataReader row, string topic) => new()
    {
        Topic = topic,
        Device = GrainKey.Parse(row.Text(0)).Name,
        At = row.Time(1),
        Seq = row.GetInt64(2),
        ReceivedAt = row.Time(3),
        HasOwnTime = row.GetBoolean(4),
        Dup = row.GetBoolean(5),
        PacketId = (ushort)row.GetInt32(6),
        Payload = row.Bytes(7),
    };

    private sealed record Topic(long Id, long LastSeq, long? FirstAt, long? LastAt, DateTimeOffset? Dropped, long DroppedReadings)
    {
        public DroppedReadings? DroppedBefore(DateTimeOffset start) =>
            start < Dropped ? new DroppedReadings(Dropped.Value, DroppedReadings) : null;
    }
}
