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

    public Task<DeviceTail> ReadDeviceTail(string device, int count, CancellationToken cancellation = default) =>
        database.Read(
            connection =>
            {
                var inLog = _log.Device(device);
                var pending = inLog?.Durable;
                var views = inLog?.MarkedTopics.ToDictionary(topic => topic.Key, topic => topic.View()) ?? [];
                using var row = connection.Prepare(DeviceRow).Bind(1, device);
                var isStored = row.Step();
                var (readings, receivedAt) = pending ?? (isStored ? (row.Int64(1), row.Int64(2)) : (0, 0));
                return readings == 0
                    ? new DeviceTail(0, null, [])
                    : new DeviceTail(
                        readings,
                        new DateTimeOffset(receivedAt, TimeSpan.Zero),
                        count == 0 ? [] : LastMarked(connection, inLog?.Id ?? row.Int64(0), isStored ? row.Int64(3) : 0, views, count));
            },
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

    /// <summary>
    /// A device's last readings of QoS 1 or 2 without a time of their own, in the order of their commits; none of before a restore.
    /// </summary>
    private static List<TelemetryMessage> LastMarked(
        Connection connection, long device, long forgotten, Dictionary<string, LogView> views, int count)
    {
        var topics = views.Keys.ToHashSet();
        using (var rows = connection.Prepare(MarkedTopics).Bind(1, device))
        {
            while (rows.Step())
            {
                topics.Add(rows.Text(1));
            }
        }

        var last = new PriorityQueue<TelemetryMessage, long>();
        foreach (var topic in topics)
        {
            var reader = new TopicReader(connection, topic, views.GetValueOrDefault(topic));
            var messages = new Messages(connection, topic);
            for (var i = 0; i < reader.Pending.Length; i++)
            {
                Take(reader.ReadPending(i), messages);
            }

            foreach (var row in reader.Row is null ? [] : ChunkRow.WithMarks(connection, reader.Row.Id))
            {
                if (last.Count == count && last.TryPeek(out _, out var least) && row.LastMark <= least)
                {
                    break;
                }

                var chunk = row.Open(connection, topic);
                for (var i = 0; i < chunk.Count; i++)
                {
                    if (chunk.Device[i] == device && chunk.DeviceSeq[i] > 0)
                    {
                        Take(chunk[i], messages);
                    }
                }
            }
        }

        var inOrder = new List<TelemetryMessage>(last.Count);
        while (last.TryDequeue(out var message, out _))
        {
            inOrder.Add(message);
        }

        return inOrder;

        void Take(StoredReading reading, Messages messages)
        {
            if (reading.Device != device || reading.HasOwnTime || reading.PacketId == 0 || reading.DeviceSeq <= forgotten)
            {
                return;
            }

            if (last.Count < count)
            {
                last.Enqueue(messages.Of(reading), reading.DeviceSeq);
            }
            else if (last.TryPeek(out _, out var least) && reading.DeviceSeq > least)
            {
                last.EnqueueDequeue(messages.Of(reading), reading.DeviceSeq);
            }
        }
    }
}
