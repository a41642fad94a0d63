namespace OrleansIoT.History.Sqlite.Chunks;

/// <summary>Takes away the chunks of some topics up to a place each, with what the topics' rows say about them, in one transaction.</summary>
internal sealed class RetentionWrite(IReadOnlyList<(long Topic, Place UpTo)> ends) : SqliteWrite
{
    private const string UpTo = "FROM chunk WHERE topic = ?1 AND (last_at, last_seq) <= (?2, ?3)";

    private const string Count = $"SELECT count(*), sum(readings), sum(length(data)), max(last_at) {UpTo}";

    private const string Remove = $"DELETE {UpTo}";

    // Chunks do not overlap, so the one that ends first also begins first.
    private const string Topic =
        """
        UPDATE topic SET readings = readings - ?2, bytes = bytes - ?3, dropped = dropped + ?2,
            dropped_before = max(coalesce(dropped_before, 0), ?4),
            first_at = (SELECT first_at FROM chunk WHERE topic = ?1 ORDER BY last_at, last_seq LIMIT 1)
        WHERE id = ?1
        """;

    private const string Latest =
        "UPDATE topic SET latest_at = NULL, latest_seq = NULL, latest = NULL WHERE id = ?1 AND first_at IS NULL";

    /// <summary>What the chunks held that are gone.</summary>
    public (int Topics, long Chunks, long Readings, long Bytes) Dropped { get; private set; }

    public override long Size => 0;

    protected override Exception? Apply(Connection connection)
    {
        Dropped = default;
        foreach (var (topic, upTo) in ends)
        {
            Drop(connection, topic, upTo);
        }

        return null;
    }

    private void Drop(Connection connection, long topic, Place upTo)
    {
        long chunks, readings, bytes, lastAt;
        using (var row = connection.Prepare(Count).Bind(1, topic).Bind(2, upTo.At).Bind(3, upTo.Seq))
        {
            row.Step();
            (chunks, readings, bytes, lastAt) = (row.Int64(0), row.Int64(1), row.Int64(2), row.Int64(3));
        }

        if (chunks == 0)
        {
            return;
        }

        connection.Prepare(Remove).Bind(1, topic).Bind(2, upTo.At).Bind(3, upTo.Seq).Run();
        connection.Prepare(Topic)
            .Bind(1, topic).Bind(2, readings).Bind(3, bytes).Bind(4, Math.Min(lastAt + 1, DateTimeOffset.MaxValue.UtcTicks)).Run();
        connection.Prepare(Latest).Bind(1, topic).Run();
        Dropped = (Dropped.Topics + 1, Dropped.Chunks + chunks, Dropped.Readings + readings, Dropped.Bytes + bytes);
    }
}
