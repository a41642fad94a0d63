using System.Diagnostics;
using Npgsql;
using NpgsqlTypes;

namespace OrleansIoT.Benchmarks.Store;

/// <summary>The layer below the history on PostgreSQL: COPY into the same table, as fast as it goes alone.</summary>
internal static class PostgresBaselines
{
    private const string CreateReading =
        """
        CREATE TABLE reading (
            topic bigint, at bigint, seq bigint, device bigint, device_seq bigint, received_at bigint, packet_id integer,
            has_own_time boolean, dup boolean, payload bytea, PRIMARY KEY (topic, at, seq));
        CREATE INDEX ON reading (device, device_seq) WHERE NOT has_own_time AND packet_id <> 0
        """;

    /// <param name="connectionString">Of an empty database.</param>
    /// <param name="readings">How many a commit has.</param>
    public static Func<Task<Measured>> Copy(string connectionString, int topics, int readings)
    {
        var connection = new NpgsqlConnection(connectionString);
        connection.Open();
        using (var create = new NpgsqlCommand($"DROP TABLE IF EXISTS reading; {CreateReading}", connection))
        {
            create.ExecuteNonQuery();
        }

        var random = new Random(1);
        var seq = 0L;
        return () =>
        {
            var waits = new List<double>();
            var started = Stopwatch.GetTimestamp();
            var last = started;
            do
            {
                using (var copy = connection.BeginBinaryImport("COPY reading FROM STDIN (FORMAT BINARY)"))
                {
                    for (var i = 0; i < readings; i++)
                    {
                        var topic = random.NextInt64(topics);
                        copy.StartRow();
                        copy.Write(topic, NpgsqlDbType.Bigint);
                        copy.Write(638_000_000_000_000_000 + ++seq * 10_000, NpgsqlDbType.Bigint);
                        copy.Write(seq, NpgsqlDbType.Bigint);
                        copy.Write(topic, NpgsqlDbType.Bigint);
                        copy.Write(seq, NpgsqlDbType.Bigint);
                        copy.Write(638_000_000_000_000_000 + seq * 10_000, NpgsqlDbType.Bigint);
                        copy.Write(7, NpgsqlDbType.Integer);
                        copy.Write(true, NpgsqlDbType.Boolean);
                        copy.Write(false, NpgsqlDbType.Boolean);
                        copy.Write(Baselines.Payload, NpgsqlDbType.Bytea);
                    }

                    copy.Complete();
                }

                var now = Stopwatch.GetTimestamp();
                waits.Add(Stopwatch.GetElapsedTime(last, now).TotalMilliseconds);
                last = now;
            }
            while (Stopwatch.GetElapsedTime(started, last) < Baselines.RunTime);

            return Task.FromResult(Measured.Of((long)waits.Count * readings, Stopwatch.GetElapsedTime(started, last), waits));
        };
    }
}
