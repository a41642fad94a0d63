using System.Diagnostics;

namespace OrleansIoT.Benchmarks.Store;

/// <summary>Short runs of every layer, round by round, so that a slow minute of the machine hits every row once and no row thrice.</summary>
internal static class AppendTable
{
    public static async Task Run(StoreOptions options)
    {
        var rounds = options.IsShort ? 1 : 3;
        using var fewTopics = await HistoryLoad.Open(Path.Combine(options.Data, "few"), topics: 50);
        using var manyTopics = await HistoryLoad.Open(Path.Combine(options.Data, "many"), topics: 100_000);
        await using var sessions = await SessionLoad.Open(Path.Combine(options.Data, "sessions"), sessions: 1_000);
        List<(string Name, Func<Task<Measured>> Run)> rows =
        [
            ("fsync alone, 4 KiB", Baselines.SyncAlone(options.Data)),
            ("bare SQLite, one blob a commit, 1 reading", Baselines.OneBlobACommit(options.Data, 1)),
            ("bare SQLite, one blob a commit, 100 readings", Baselines.OneBlobACommit(options.Data, 100)),
            ("bare SQLite, one blob a commit, 10,000 readings", Baselines.OneBlobACommit(options.Data, 10_000)),
            ("bare SQLite, a row a reading, 10,000 a commit, SQLitePCLRaw", Baselines.RowsByRaw(options.Data, 10_000)),
            ("bare SQLite, a row a reading, 10,000 a commit, Microsoft.Data.Sqlite", Baselines.RowsByAdoNet(options.Data, 10_000)),
        ];
        foreach (var (load, topics) in new[] { (fewTopics, "50 topics"), (manyTopics, "100,000 topics") })
        {
            foreach (var appenders in new[] { 1, 50, 500 })
            {
                foreach (var batch in new[] { 1, 10, 100 })
                {
                    rows.Add(($"history, {topics}, {appenders} appenders, batches of {batch}", () => load.Run(appenders, batch)));
                }
            }
        }

        rows.Add(("sessions, one message to each of 1,000", sessions.FanOut));
        foreach (var batch in new[] { 1, 100 })
        {
            rows.Add(($"sessions, {batch} to one, which settles them, 2 commits", () => sessions.Settle(batch)));
        }

        var started = Stopwatch.GetTimestamp();
        var measured = rows.Select(_ => new List<Measured>()).ToArray();
        for (var round = 0; round < rounds; round++)
        {
            for (var row = 0; row < rows.Count; row++)
            {
                measured[row].Add(await rows[row].Run());
            }
        }

        Console.WriteLine($"""

            Append: medians of {rounds} runs, {Stopwatch.GetElapsedTime(started).TotalSeconds:0} s in all.

            | what | readings/s | waits p50, ms | p99, ms |
            |---|---:|---:|---:|
            """);
        for (var row = 0; row < rows.Count; row++)
        {
            var median = Measured.Median(measured[row]);
            Console.WriteLine($"| {rows[row].Name} | {median.PerSecond:N0} | {median.P50:0.00} | {median.P99:0.00} |");
        }
    }
}
