using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using OrleansIoT.Benchmarks.Store;
using OrleansIoT.Fixtures;

// dotnet run -c Release --project benchmarks/Store [--data DIR] [--rows TEXT] [--seconds N]: some minutes, prints a table in Markdown.
const int Rounds = 3;

var data = Path.GetFullPath(ValueOf("--data") ?? "data/bench");
var wanted = ValueOf("--rows") ?? ""; // only those whose names contain it
if (ValueOf("--seconds") is { } seconds)
{
    Baselines.RunTime = TimeSpan.FromSeconds(double.Parse(seconds, CultureInfo.InvariantCulture));
}

if (Directory.Exists(data))
{
    Directory.Delete(data, recursive: true);
}

Directory.CreateDirectory(data);
var fewTopics = await HistoryLoad.Open(Path.Combine(data, "few"), topics: 50);
var manyTopics = await HistoryLoad.Open(Path.Combine(data, "many"), topics: 100_000);
var sessions = await SessionLoad.Open(Path.Combine(data, "sessions"), sessions: 1_000);
using var postgres = PostgresServer.IsInstalled ? new PostgresServer(data) : null;

List<(string Name, Func<Task<Measured>> Run)> rows =
[
    ("fsync alone, 4 KiB", Baselines.SyncAlone(data)),
    ("bare SQLite, one blob a commit, 1 reading", Baselines.OneBlobACommit(data, 1)),
    ("bare SQLite, one blob a commit, 100 readings", Baselines.OneBlobACommit(data, 100)),
    ("bare SQLite, one blob a commit, 10,000 readings", Baselines.OneBlobACommit(data, 10_000)),
    ("bare SQLite, a row a reading, 10,000 a commit, SQLitePCLRaw", Baselines.RowsByRaw(data, 10_000)),
    ("bare SQLite, a row a reading, 10,000 a commit, Microsoft.Data.Sqlite", Baselines.RowsByAdoNet(data, 10_000)),
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

var opened = new List<HistoryLoad> { fewTopics, manyTopics };
if (postgres is not null)
{
    string Database() => postgres.ConnectionString(postgres.CreateDatabase());
    foreach (var readings in new[] { 1, 1_000, 50_000 })
    {
        rows.Add(($"PostgreSQL, COPY alone, {readings:N0} a commit", PostgresBaselines.Copy(Database(), topics: 100_000, readings)));
    }

    foreach (var topics in new[] { 50, 100_000 })
    {
        var load = await HistoryLoad.OpenPostgres(Database(), Path.Combine(data, $"postgres-{topics}"), topics);
        opened.Add(load);
        foreach (var (appenders, batch) in new[] { (1, 1), (50, 1), (500, 1), (500, 10), (50, 100), (500, 100) })
        {
            rows.Add(($"PostgreSQL, history, {topics:N0} topics, {appenders} appenders, batches of {batch}", () => load.Run(appenders, batch)));
        }
    }
}
else
{
    Console.Error.WriteLine("PostgreSQL is not installed, so its rows are missing.");
}

rows.RemoveAll(row => !row.Name.Contains(wanted, StringComparison.Ordinal));

// Round by round, so that a slow minute of the machine hits every row once and no row thrice.
var started = Stopwatch.GetTimestamp();
var measured = rows.Select(_ => new List<Measured>()).ToArray();
for (var round = 0; round < Rounds; round++)
{
    for (var row = 0; row < rows.Count; row++)
    {
        measured[row].Add(await rows[row].Run());
    }
}

foreach (var load in opened)
{
    await load.DisposeAsync();
}

await sessions.DisposeAsync();

Console.WriteLine($"""
    .NET {Environment.Version}, {RuntimeInformation.OSDescription}, {Environment.ProcessorCount} processors, {new DriveInfo(data).DriveFormat}; medians of {Rounds} runs, {Stopwatch.GetElapsedTime(started).TotalSeconds:0} s in all.

    | what | readings/s | waits p50, ms | p99, ms |
    |---|---:|---:|---:|
    """);
for (var row = 0; row < rows.Count; row++)
{
    var median = Measured.Median(measured[row]);
    Console.WriteLine($"| {rows[row].Name} | {median.PerSecond:N0} | {median.P50:0.00} | {median.P99:0.00} |");
}

postgres?.Dispose();
Directory.Delete(data, recursive: true);

string? ValueOf(string option) =>
    Array.IndexOf(args, option) is var at and >= 0 && at + 1 < args.Length ? args[at + 1] : null;
