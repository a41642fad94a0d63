using OrleansIoT.History.Chunks;

namespace OrleansIoT.History.Sqlite.Chunks;

/// <summary>
/// Moves the readings of a database of version 1 or 2, a row each, into chunks: a topic a transaction, so that what a crash
/// leaves is gone on with. At its end the file is written anew, once, so that it can give space back from then on.
/// </summary>
internal static class RowMigration
{
    private const long IncrementalVacuum = 2;

    private const string HasRows = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'reading'";

    private const string NextTopic = "SELECT topic FROM reading WHERE topic > ?1 ORDER BY topic LIMIT 1";

    private const string Rows =
        """
        SELECT at, seq, received_at, device, device_seq, packet_id, has_own_time, dup, payload
        FROM reading WHERE topic = ?1 ORDER BY at, seq
        """;

    private const string Topic =
        """
        UPDATE topic SET readings = readings + ?2, first_at = coalesce(first_at, ?3), latest_at = ?4, latest_seq = ?5,
            bytes = bytes + ?6
        WHERE id = ?1
        """;

    /// <param name="connection">That writes; not in a transaction.</param>
    /// <returns>Whether there was anything to move.</returns>
    public static bool Run(Connection connection)
    {
        using (var row = connection.Prepare(HasRows))
        {
            row.Step();
            if (row.Int64(0) == 0)
            {
                return false;
            }
        }

        var hasMoved = false;
        for (var topic = Next(connection, long.MinValue); topic is { } id; topic = Next(connection, id))
        {
            hasMoved = true;
            connection.Begin();
            Move(connection, id);
            connection.Commit();
        }

        connection.Execute("DROP TABLE reading");
        if (connection.Pragma("auto_vacuum") != IncrementalVacuum)
        {
            connection.Execute("PRAGMA auto_vacuum = INCREMENTAL");
            connection.Execute("VACUUM");
        }

        return hasMoved;
    }

    private static long? Next(Connection connection, long after)
    {
        using var row = connection.Prepare(NextTopic).Bind(1, after);
        return row.Step() ? row.Int64(0) : null;
    }

    private static void Move(Connection connection, long topic)
    {
        using (var rows = connection.Prepare(Rows).Bind(1, topic))
        {
            var readings = new List<StoredReading>(TopicChange.MaxReadings);
            while (rows.Step())
            {
                var hasOwnTime = rows.Bool(6);
                var packetId = (ushort)rows.Int64(5);
                readings.Add(new StoredReading(
                    rows.Int64(0), rows.Int64(1), rows.Int64(2), rows.Int64(3),
                    hasOwnTime || packetId == 0 ? 0 : rows.Int64(4), packetId, hasOwnTime, rows.Bool(7), rows.Blob(8).ToArray()));
                if (readings.Count == TopicChange.MaxReadings)
                {
                    Store(connection, topic, readings);
                }
            }

            if (readings.Count > 0)
            {
                Store(connection, topic, readings);
            }
        }

        connection.Prepare("DELETE FROM reading WHERE topic = ?1").Bind(1, topic).Run();
    }

    private static void Store(Connection connection, long topic, List<StoredReading> readings)
    {
        var chunk = NewChunk.Of(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(readings));
        chunk.Insert(connection, topic);
        connection.Prepare(Topic)
            .Bind(1, topic).Bind(2, chunk.Readings).Bind(3, chunk.First.At).Bind(4, chunk.Last.At).Bind(5, chunk.Last.Seq).Bind(6, chunk.Data.Length).Run();
        foreach (var device in readings.Where(reading => reading.DeviceSeq > 0).Select(reading => reading.Device).Distinct())
        {
            connection.Prepare(CompactionWrite.Mark).Bind(1, device).Bind(2, topic).Run();
        }

        readings.Clear();
    }
}
