using Npgsql;
using OrleansIoT.Fixtures;

namespace OrleansIoT.Benchmarks.Store;

/// <summary>What PostgreSQL's index by number, which live streams read by, costs whoever appends: the same loads with it and without.</summary>
internal static class IndexTable
{
    public static async Task Run(StoreOptions options)
    {
        if (!PostgresServer.IsInstalled)
        {
            Console.Error.WriteLine("PostgreSQL is not installed, so its table is missing.");
            return;
        }

        using var server = new PostgresServer(options.Data);
        var rows = new List<(string Name, Func<Task<Measured>> Run)>();
        var opened = new List<HistoryLoad>();
        foreach (var (topics, appenders, batch) in new[] { (50, 500, 1), (50, 500, 100), (100_000, 500, 1), (100_000, 500, 100) })
        {
            foreach (var isIndexed in new[] { true, false })
            {
                var database = server.ConnectionString(server.CreateDatabase());
                var load = await HistoryLoad.OpenPostgres(database, Path.Combine(options.Data, $"index-{opened.Count}"), topics);
                if (!isIndexed)
                {
                    await using var connection = new NpgsqlConnection(database);
                    await connection.OpenAsync();
                    await using var drop = new NpgsqlCommand("DROP INDEX iot.reading_seq", connection);
                    await drop.ExecuteNonQueryAsync();
                }

                opened.Add(load);
                rows.Add(($"{topics:N0} topics, {appenders} appenders, batches of {batch}, {(isIndexed ? "with" : "without")} it", () => load.Run(appenders, batch)));
            }
        }

        Baselines.RunTime = TimeSpan.FromSeconds(options.IsShort ? 2 : 5);
        await AppendTable.Print("PostgreSQL's index of readings by number", options, rows);
        foreach (var load in opened)
        {
            await load.DisposeAsync();
        }
    }
}
