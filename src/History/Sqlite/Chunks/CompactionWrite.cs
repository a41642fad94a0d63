using OrleansIoT.History.Sqlite.Log;

namespace OrleansIoT.History.Sqlite.Chunks;

/// <summary>Moves the readings of some topics from the log into chunks: with the watermark of each, in one transaction.</summary>
internal sealed class CompactionWrite(LogIndex log, IReadOnlyList<TopicChange> changes) : SqliteWrite
{
    private const string Remove = "DELETE FROM chunk WHERE id = ?1";

    private const string Topic =
        """
        UPDATE topic SET last_seq = ?2, readings = readings + ?3, bytes = bytes + ?8,
            first_at = min(coalesce(first_at, ?4), ?4),
            latest_at = iif(latest_at IS NULL OR (?5, ?6) > (latest_at, latest_seq), ?5, latest_at),
            latest_seq = iif(latest_at IS NULL OR (?5, ?6) > (latest_at, latest_seq), ?6, latest_seq),
            latest = iif(latest_at IS NULL OR (?5, ?6) > (latest_at, latest_seq), ?7, latest)
        WHERE id = ?1
        """;

    private const string Device =
        """
        UPDATE device SET readings = max(readings, ?2), received_at = iif(?2 > readings, ?3, received_at)
        WHERE id = ?1
        """;

    public const string Mark = "INSERT OR IGNORE INTO marked_topic (device, topic) VALUES (?1, ?2)";

    public override long Size => changes.Sum(change => change.Bytes);

    protected override Exception? Apply(Connection connection)
    {
        foreach (var change in changes)
        {
            Apply(connection, change);
        }

        return null;
    }

    protected override void OnDurable()
    {
        foreach (var change in changes)
        {
            change.Topic.Drop(change.Count);
            foreach (var (device, taken) in change.Devices)
            {
                log.Device(device)?.Drop(taken.Count);
            }
        }
    }

    private static void Apply(Connection connection, TopicChange change)
    {
        var topic = change.Topic.Id;
        foreach (var chunk in change.Removed)
        {
            connection.Prepare(Remove).Bind(1, chunk).Run();
        }

        foreach (var chunk in change.Added)
        {
            chunk.Insert(connection, topic);
        }

        var update = connection.Prepare(Topic)
            .Bind(1, topic).Bind(2, change.Watermark).Bind(3, change.Count).Bind(4, change.FirstAt)
            .Bind(5, change.Latest.At).Bind(6, change.Latest.Seq).Bind(8, change.Bytes - change.RemovedBytes);
        (change.LatestData is { } latest ? update.Bind(7, latest) : update.BindNull(7)).Run();
        foreach (var (device, taken) in change.Devices)
        {
            connection.Prepare(Device).Bind(1, device).Bind(2, taken.Readings).Bind(3, taken.ReceivedAt).Run();
        }

        foreach (var device in change.Marked)
        {
            connection.Prepare(Mark).Bind(1, device).Bind(2, topic).Run();
        }
    }
}
