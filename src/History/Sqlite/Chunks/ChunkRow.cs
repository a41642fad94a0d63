using OrleansIoT.Failures;
using OrleansIoT.History.Chunks;
using OrleansIoT.Identity;

namespace OrleansIoT.History.Sqlite.Chunks;

/// <summary>A stored chunk: what its row says about it. Its bytes are read when it is opened.</summary>
/// <param name="Id">Of the row.</param>
/// <param name="First">The place of its first reading.</param>
/// <param name="Last">The place of its last reading.</param>
/// <param name="Readings">How many it has.</param>
/// <param name="FirstReceived">The least arrival time, in ticks.</param>
/// <param name="LastMark">The greatest device number of a reading without a time of its own; 0 for none.</param>
/// <param name="Bytes">How long its bytes are.</param>
internal sealed record ChunkRow(
    long Id, Place First, Place Last, int Readings, long FirstReceived, long LastMark, int Bytes)
{
    private const string Columns =
        "id, first_at, first_seq, last_at, last_seq, readings, first_received, last_mark, length(data)";

    private const string ById = $"SELECT {Columns} FROM chunk WHERE id = ?1";

    private const string DataOf = "SELECT data FROM chunk WHERE id = ?1";

    private const string Behind =
        $"SELECT {Columns} FROM chunk WHERE topic = ?1 AND (last_at, last_seq) > (?2, ?3) ORDER BY last_at, last_seq";

    private const string FirstBehind = $"{Behind} LIMIT 1";

    private const string UpTo =
        $"SELECT {Columns} FROM chunk WHERE topic = ?1 AND (last_at, last_seq) <= (?2, ?3) ORDER BY last_at DESC, last_seq DESC";

    private const string Marked =
        $"SELECT {Columns} FROM chunk WHERE topic = ?1 AND last_mark > 0 ORDER BY last_mark DESC";

    private const string Numbered =
        $"SELECT {Columns} FROM chunk WHERE topic = ?1 AND greatest_seq > ?2 AND least_seq <= ?3";

    private const string Unnumbered = $"SELECT {Columns} FROM chunk WHERE topic = ?1 AND greatest_seq IS NULL";

    private const string Least = "SELECT min(least_seq) FROM chunk WHERE topic = ?1 AND greatest_seq > ?2";

    public static ChunkRow? Find(Connection connection, long id) =>
        All(connection.Prepare(ById).Bind(1, id)).FirstOrDefault();

    /// <summary>The chunks of a topic that end behind a place, ascending.</summary>
    public static IEnumerable<ChunkRow> From(Connection connection, long topic, Place after) =>
        All(connection.Prepare(Behind).Bind(1, topic).Bind(2, after.At).Bind(3, after.Seq));

    /// <summary>The chunks of a topic that begin at or before a place, descending.</summary>
    public static IEnumerable<ChunkRow> Back(Connection connection, long topic, Place from)
    {
        // The one that reaches over the place, and then all that end before it.
        foreach (var row in All(connection.Prepare(FirstBehind).Bind(1, topic).Bind(2, from.At).Bind(3, from.Seq)))
        {
            if (row.First <= from)
            {
                yield return row;
            }
        }

        foreach (var row in All(connection.Prepare(UpTo).Bind(1, topic).Bind(2, from.At).Bind(3, from.Seq)))
        {
            yield return row;
        }
    }

    /// <summary>All chunks of a topic, the last one first.</summary>
    public static IEnumerable<ChunkRow> Descending(Connection connection, long topic) =>
        All(connection.Prepare(UpTo).Bind(1, topic).Bind(2, long.MaxValue).Bind(3, long.MaxValue));

    /// <summary>The chunks with readings without a time of their own, by the greatest device number, descending.</summary>
    public static IEnumerable<ChunkRow> WithMarks(Connection connection, long topic) =>
        All(connection.Prepare(Marked).Bind(1, topic));

    /// <summary>The chunks that may have readings of numbers behind one and up to another; without those of which it is not known.</summary>
    public static IEnumerable<ChunkRow> WithSeqs(Connection connection, long topic, long after, long upTo) =>
        All(connection.Prepare(Numbered).Bind(1, topic).Bind(2, after).Bind(3, upTo));

    /// <summary>The chunks of which it is not known which numbers they have: those of before schema 6.</summary>
    public static IEnumerable<ChunkRow> WithoutSeqs(Connection connection, long topic) =>
        All(connection.Prepare(Unnumbered).Bind(1, topic));

    /// <summary>No chunk that reaches behind a number has one less than this; null when there is no such chunk.</summary>
    public static long? LeastSeq(Connection connection, long topic, long after)
    {
        using var row = connection.Prepare(Least).Bind(1, topic).Bind(2, after);
        return row.Step() && !row.IsNull(0) ? row.Int64(0) : null;
    }

    /// <summary>Its readings.</summary>
    /// <param name="connection">That the row was read from.</param>
    /// <param name="topic">The topic's key.</param>
    /// <exception cref="FailureException">Unavailable: they are damaged; the message says which.</exception>
    public Chunk Open(Connection connection, string topic)
    {
        try
        {
            using var row = connection.Prepare(DataOf).Bind(1, Id);
            var chunk = row.Step() ? Chunk.Read(row.Blob(0).ToArray()) : throw new InvalidDataException("Its bytes are gone.");
            return chunk.Count == Readings
                ? chunk
                : throw new InvalidDataException($"It has {chunk.Count} readings and should have {Readings}.");
        }
        catch (Exception e) when (e is InvalidDataException or SqliteException { IsCorrupt: true })
        {
            throw Damaged(topic, First.At, Last.At, $"{Readings} readings", e);
        }
    }

    public static FailureException Damaged(string topic, long firstAt, long lastAt, string what, Exception? cause = null) => new(
        Failure.Unavailable,
        $"The stored readings of topic '{GrainKey.Parse(topic).Name}' from {Time(firstAt):O} to {Time(lastAt):O} are damaged ({what}). "
        + "All readings before and behind them can be read.",
        cause);

    private static DateTime Time(long ticks) => new(ticks, DateTimeKind.Utc);

    private static IEnumerable<ChunkRow> All(Statement rows)
    {
        using (rows)
        {
            while (rows.Step())
            {
                yield return new ChunkRow(
                    rows.Int64(0),
                    new Place(rows.Int64(1), rows.Int64(2)),
                    new Place(rows.Int64(3), rows.Int64(4)),
                    (int)rows.Int64(5),
                    rows.Int64(6),
                    rows.Int64(7),
                    (int)rows.Int64(8));
            }
        }
    }
}
