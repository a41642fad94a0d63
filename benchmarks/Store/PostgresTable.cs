using OrleansIoT.Fixtures;

namespace OrleansIoT.Benchmarks.Store;

/// <summary>The history on PostgreSQL, beside COPY alone, on a server of its own.</summary>
internal static class PostgresTable
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
        foreach (var readings in new[] { 1, 1_000, 50_000 })
        {
            rows.Add(($"COPY alone, {readings:N0} a commit", PostgresBaselines.Copy(Database(), topics: 100_000, readings)));
        }

        var opened = new List<HistoryLoad>();
        foreach (var topics in new[] { 50, 100_000 })
        {
            var load = await HistoryLoad.OpenPostgres(Database(), Path.Combine(options.Data, $"postgres-{topics}"), topics);
            opened.Add(load);
            foreach (var (appenders, batch) in new[] { (1, 1), (50, 1), (500, 1), (500, 10), (50, 100), (500, 100) })
            {
                rows.Add(($"history, {topics:N0} topics, {appenders} appenders, batches of {batch}", () => load.Run(appenders, batch)));
            }
        }

        Baselines.RunTime = TimeSpan.FromSeconds(options.IsShort ? 2 : 5); // a commit of 50,000 readings takes tenths of a second
        await AppendTable.Print("PostgreSQL", options, rows);
        foreach (var load in opened)
        {
            await load.DisposeAsync();
        }

        string Database() => server.ConnectionString(server.CreateDatabase());
    }
}
