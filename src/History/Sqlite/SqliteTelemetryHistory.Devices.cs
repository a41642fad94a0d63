using OrleansIoT.History.Chunks;
using OrleansIoT.History.Sqlite.Chunks;
using OrleansIoT.History.Sqlite.Log;
using OrleansIoT.Telemetry;

namespace OrleansIoT.History.Sqlite;

internal sealed partial class SqliteTelemetryHistory
{
    private const string DeviceRow = "SELECT id, readings, received_at, forgotten FROM device WHERE name = ?1";

    // A tenant has no slash, and what begins with it and a slash is before it and the next character.
    private const string DevicesOf =
        "SELECT name, readings, received_at FROM device WHERE name > ?1 || '/' AND name < ?1 || '0'";

    private const string MarkedTopics =
        "SELECT topic.id, topic.name FROM marked_topic JOIN topic ON topic.id = marked_topic.topic WHERE device = ?1";

    public Task<DeviceTail> ReadDeviceTail(string device, CancellationToken cancellation = default) =>
        database.Read(
            connection => FindDevice(connection, device) is { } found
                ? new DeviceTail(found.Readings, new DateTimeOffset(found.ReceivedAt, TimeSpan.Zero))
                : new DeviceTail(0, null),
            cancellation);

    public Task<IReadOnlyList<TelemetryMessage>> ReadLastOf(
        string device, IReadOnlyCollection<ushort> packetIds, CancellationToken cancellation = default) =>
        database.Read<IReadOnlyList<TelemetryMessage>>(
            connection => FindDevice(connection, device) is { } found ? [.. LastOf(connection, found, packetIds.ToHashSet())] : [],
            cancellation);

    public Task<IReadOnlyList<DeviceActivity>> ReadDevices(string tenant, CancellationToken cancellation = default) =>
        database.Read<IReadOnlyList<DeviceActivity>>(
            connection =>
            {
                using var rows = connection.Prepare(DevicesOf).Bind(1, tenant);
                var devices = new List<DeviceActivity>();
                while (rows.Step())
                {
                    var key = rows.Text(0);
                    var (readings, receivedAt) = _log.Device(key)?.Durable ?? (rows.Int64(1), rows.Int64(2));
                    if (readings > 0)
                    {
                        devices.Add(new DeviceActivity(key[(tenant.Length + 1)..], readings, new DateTimeOffset(receivedAt, TimeSpan.Zero)));
                    }
                }

                return devices;
            },
            cancellation);

    private FoundDevice? FindDevice(Connection connection, string device)
    {
        var inLog = _log.Device(device);
        var pending = inLog?.Durable;
        var views = inLog?.MarkedTopics.ToDictionary(topic => topic.Key, topic => topic.View()) ?? [];
        using var row = connection.Prepare(DeviceRow).Bind(1, device);
        var isStored = row.Step();
        var (readings, receivedAt) = pending ?? (isStored ? (row.Int64(1), row.Int64(2)) : (0, 0));
        return readings == 0
            ? null
            : new FoundDevice(inLog?.Id ?? row.Int64(0), readings, receivedAt, isStored ? row.Int64(3) : 0, views);
    }

    private static IEnumerable<TelemetryMessage> LastOf(Connection connection, FoundDevice device, HashSet<ushort> packetIds)
    {
        var topics = device.Views.Keys.ToHashSet();
        using (var rows = connection.Prepare(MarkedTopics).Bind(1, device.Id))
        {
            while (rows.Step())
            {
                topics.Add(rows.Text(1));
            }
        }

        var behind = Math.Max(device.Forgotten, device.Readings - ITelemetryHistory.Remembered);
        var last = packetIds.ToDictionary(id => id, _ => (DeviceSeq: behind, Message: (TelemetryMessage?)null));
        foreach (var topic in topics)
        {
            var reader = new TopicReader(connection, topic, device.Views.GetValueOrDefault(topic));
            var messages = new Messages(connection, topic);
            for (var i = 0; i < reader.Pending.Length; i++)
            {
                Take(reader.ReadPending(i), messages);
            }

            foreach (var row in reader.Row is null ? [] : ChunkRow.WithMarks(connection, reader.Row.Id))
            {
                if (row.LastMark <= behind || last.Values.All(found => row.LastMark <= found.DeviceSeq))
                {
                    break;
                }

                var chunk = row.Open(connection, topic);
                for (var i = 0; i < chunk.Count; i++)
                {
                    if (chunk.Device[i] == device.Id && chunk.DeviceSeq[i] > behind)
                    {
                        Take(chunk[i], messages);
                    }
                }
            }
        }

        return last.Values.Select(found => found.Message).OfType<TelemetryMessage>();

        void Take(StoredReading reading, Messages messages)
        {
            if (reading.Device == device.Id && !reading.HasOwnTime
                && Math.Abs(reading.At - device.ReceivedAt) <= ITelemetryHistory.RememberedFor.Ticks
                && last.TryGetValue(reading.PacketId, out var found) && reading.DeviceSeq > found.DeviceSeq)
            {
                last[reading.PacketId] = (reading.DeviceSeq, messages.Of(reading));
            }
        }
    }

    /// <param name="Readings">How many it has stored.</param>
    /// <param name="ReceivedAt">When the last of them arrived, in UTC ticks.</param>
    /// <param name="Forgotten">The number of its last one before a restore, or 0: what was sent since is not taken for one of those.</param>
    /// <param name="Views">What is in the log, of the topics where it has readings without a time of their own.</param>
    private sealed record FoundDevice(long Id, long Readings, long ReceivedAt, long Forgotten, Dictionary<string, LogView> Views);
}
