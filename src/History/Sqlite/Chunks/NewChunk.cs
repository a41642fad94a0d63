using OrleansIoT.History.Chunks;

namespace OrleansIoT.History.Sqlite.Chunks;

/// <summary>A chunk that is to be stored.</summary>
internal sealed record NewChunk(
    Place First, Place Last, int Readings, long FirstReceived, long LastMark, (long Least, long Greatest) Seqs, byte[] Data)
{
    private const string Add =
        """
        INSERT INTO chunk (topic, first_at, first_seq, last_at, last_seq, readings, first_received, last_mark, data, least_seq, greatest_seq)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
        """;

    /// <param name="readings">In order of place.</param>
    public static NewChunk Of(ReadOnlySpan<StoredReading> readings)
    {
        long firstReceived = long.MaxValue, lastMark = 0;
        var seqs = (Least: long.MaxValue, Greatest: 0L);
        foreach (ref readonly var reading in readings)
        {
            firstReceived = Math.Min(firstReceived, reading.ReceivedAt);
            lastMark = Math.Max(lastMark, reading.DeviceSeq);
            seqs = (Math.Min(seqs.Least, reading.Seq), Math.Max(seqs.Greatest, reading.Seq));
        }

        return new NewChunk(
            new Place(readings[0].At, readings[0].Seq),
            new Place(readings[^1].At, readings[^1].Seq),
            readings.Length,
            firstReceived,
            lastMark,
            seqs,
            ChunkWriter.Write(readings));
    }

    public void Insert(Connection connection, long topic) =>
        connection.Prepare(Add)
            .Bind(1, topic)
            .Bind(2, First.At).Bind(3, First.Seq)
            .Bind(4, Last.At).Bind(5, Last.Seq)
            .Bind(6, Readings).Bind(7, FirstReceived).Bind(8, LastMark).Bind(9, Data)
            .Bind(10, Seqs.Least).Bind(11, Seqs.Greatest)
            .Run();
}
