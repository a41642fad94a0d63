using OrleansIoT.History.Chunks;
using OrleansIoT.History.Sqlite.Chunks;
using OrleansIoT.Telemetry;

namespace OrleansIoT.History.Sqlite;

/// <summary>A topic's row: what is known of its readings in chunks.</summary>
/// <param name="Id">By which chunks and the log name it.</param>
/// <param name="Watermark">Up to this number its readings are in chunks, or were dropped.</param>
/// <param name="Readings">How many are in chunks.</param>
/// <param name="FirstAt">The least event time among them, in ticks; null for none.</param>
/// <param name="Latest">The greatest place among them.</param>
/// <param name="LatestData">The reading there as a chunk of one; null when it is large.</param>
/// <param name="Dropped">What retention has taken out, or null.</param>
internal sealed record TopicRow(
    long Id, long Watermark, long Readings, long? FirstAt, Place? Latest, byte[]? LatestData, DroppedReadings? Dropped)
{
    private const string ByName =
        "SELECT id, last_seq, readings, first_at, latest_at, latest_seq, latest, dropped, dropped_before FROM topic WHERE name = ?1";

    public static TopicRow? Find(Connection connection, string name)
    {
        using var row = connection.Prepare(ByName).Bind(1, name);
        return !row.Step() ? null : new TopicRow(
            row.Int64(0),
            row.Int64(1),
            row.Int64(2),
            row.IsNull(3) ? null : row.Int64(3),
            row.IsNull(4) ? null : new Place(row.Int64(4), row.Int64(5)),
            row.IsNull(6) ? null : row.Blob(6).ToArray(),
            row.IsNull(8) ? null : new DroppedReadings(row.Time(8), row.Int64(7)));
    }

    /// <summary>The reading with the greatest place in chunks, or null.</summary>
    /// <param name="connection">In the transaction that the row is of.</param>
    /// <param name="topic">The topic's key.</param>
    public StoredReading? ReadLatest(Connection connection, string topic)
    {
        if (Latest is null)
        {
            return null;
        }

        if (LatestData is not null)
        {
            try
            {
                return Chunk.Read(LatestData)[0];
            }
            catch (InvalidDataException)
            {
                // A copy is damaged; the original may not be.
            }
        }

        var last = ChunkRow.Descending(connection, Id).First().Open(connection, topic);
        return last[last.Count - 1];
    }
}
