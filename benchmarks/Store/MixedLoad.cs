using System.Diagnostics;
using OrleansIoT.History;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Benchmarks.Store;

/// <summary>
/// A steady rate of readings for minutes, with compaction, retention and queries beside it: what callers wait and what memory does, every five seconds.
/// </summary>
internal sealed class MixedLoad(StoreOptions options, OpenStore store)
{
    private const int Topics = 10_000;
    private const int Appenders = 200;
    private const int Batch = 10;

    // Of chunks; after some minutes as much is dropped as comes.
    private const long MaxBytes = 64 << 20;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan QueryEvery = TimeSpan.FromMilliseconds(50);

    private readonly Feed[] _feeds = [.. Enumerable.Range(0, Topics).Select(number => new Feed(number))];
    private readonly Waits _appends = new();
    private readonly Waits _queries = new();

    public static async Task Run(StoreOptions options)
    {
        using var store = new OpenStore(Path.Combine(options.Data, "mixed"), history =>
        {
            history.Retention = [new RetentionRule { MaxBytes = MaxBytes }];
            history.RetentionInterval = TimeSpan.FromSeconds(20);
        });
        await new MixedLoad(options, store).Run();
    }

    private async Task Run()
    {
        using var end = new CancellationTokenSource();
        var (started, time) = (Stopwatch.GetTimestamp(), TimeSpan.FromMinutes(options.MixedMinutes));
        Task[] load =
        [
            .. Enumerable.Range(0, Appenders).Select(appender => Task.Run(() => AppendAtRate(appender, end.Token))),
            Task.Run(() => Query(end.Token)),
        ];
        var samples = new List<MixedSample>();
        using var timer = new PeriodicTimer(Interval);
        while (Stopwatch.GetElapsedTime(started) < time && await timer.WaitForNextTickAsync())
        {
            samples.Add(Sample(Stopwatch.GetElapsedTime(started).TotalSeconds));
        }

        await end.CancelAsync();
        await Task.WhenAll(load);
        Directory.CreateDirectory(options.Results);
        var path = Path.Combine(options.Results, "mixed");
        await File.WriteAllLinesAsync(path + ".csv", [MixedSample.Header, .. samples.Select(sample => sample.ToString())]);
        await File.WriteAllTextAsync(path + ".svg", Plot.Of(
            $"{options.Rate:N0} readings/s asked for, {Topics:N0} topics, batches of {Batch}, {1 / QueryEvery.TotalSeconds:0} queries/s",
            samples,
            new Panel("readings/s", false, ("stored", sample => sample.ReadingsPerSecond)),
            new Panel(
                "append waits, ms", true, ("p50", sample => sample.AppendP50), ("p99", sample => sample.AppendP99),
                ("p99.9", sample => sample.AppendP999)),
            new Panel("queries, ms", true, ("p50", sample => sample.QueryP50), ("p99", sample => sample.QueryP99)),
            new Panel(
                "memory, MB", false, ("resident", sample => sample.Resident), ("heap of the collector", sample => sample.Heap),
                ("log", sample => sample.Log))));
        var middle = samples.Skip(samples.Count / 2).ToList();
        Console.WriteLine($"""

            Mixed: {time.TotalMinutes:0.#} minutes; medians and greatest of the second half, every {Interval.TotalSeconds:0} s; {path}.csv, .svg

            | | median | greatest |
            |---|---:|---:|
            | readings/s | {Middle(sample => sample.ReadingsPerSecond):N0} | {middle.Max(sample => sample.ReadingsPerSecond):N0} |
            | append p50, ms | {Middle(sample => sample.AppendP50):0.00} | {middle.Max(sample => sample.AppendP50):0.00} |
            | append p99, ms | {Middle(sample => sample.AppendP99):0.00} | {middle.Max(sample => sample.AppendP99):0.00} |
            | append p99.9, ms | {Middle(sample => sample.AppendP999):0.00} | {middle.Max(sample => sample.AppendP999):0.00} |
            | query p50, ms | {Middle(sample => sample.QueryP50):0.00} | {middle.Max(sample => sample.QueryP50):0.00} |
            | query p99, ms | {Middle(sample => sample.QueryP99):0.00} | {middle.Max(sample => sample.QueryP99):0.00} |
            | resident, MB | {Middle(sample => sample.Resident):0} | {middle.Max(sample => sample.Resident):0} |
            | heap, MB | {Middle(sample => sample.Heap):0} | {middle.Max(sample => sample.Heap):0} |
            """);

        double Middle(Func<MixedSample, double> of) => middle.Select(of).Order().ElementAt(middle.Count / 2);
    }

    private MixedSample Sample(double seconds)
    {
        lock (_appends)
        {
            lock (_queries)
            {
                var sample = new MixedSample(
                    seconds, _appends.Count * Batch / Interval.TotalSeconds,
                    _appends.Percentile(50), _appends.Percentile(99), _appends.Percentile(99.9),
                    _queries.Count / Interval.TotalSeconds, _queries.Percentile(50), _queries.Percentile(99),
                    Starts.Resident(), GC.GetTotalMemory(forceFullCollection: false) / 1e6, store.LogBytes / 1e6);
                _appends.Clear();
                _queries.Clear();
                return sample;
            }
        }
    }

    private async Task AppendAtRate(int appender, CancellationToken end)
    {
        var random = new Random(appender);
        var every = TimeSpan.FromSeconds((double)Batch * Appenders / options.Rate);
        var next = Stopwatch.GetTimestamp() + (long)(random.NextDouble() * every.TotalSeconds * Stopwatch.Frequency);
        while (!end.IsCancellationRequested)
        {
            var wait = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), next);
            if (wait > TimeSpan.FromMilliseconds(1))
            {
                await Task.Delay(wait, CancellationToken.None);
            }

            var feed = _feeds[random.Next(_feeds.Length)];
            Task appended;
            var started = Stopwatch.GetTimestamp();
            lock (feed)
            {
                var messages = feed.Next(Batch);
                appended = store.History.Append(feed.Key, messages[0].Seq, messages);
            }

            await appended;
            lock (_appends)
            {
                _appends.Add(started, Stopwatch.GetTimestamp());
            }

            next += (long)(every.TotalSeconds * Stopwatch.Frequency);
        }
    }

    private async Task Query(CancellationToken end)
    {
        var random = new Random(5);
        for (var i = 0; !end.IsCancellationRequested; i++)
        {
            await Task.Delay(QueryEvery, CancellationToken.None);
            var feed = _feeds[random.Next(_feeds.Length)];
            var started = Stopwatch.GetTimestamp();
            await Query(i % 3, feed);
            lock (_queries)
            {
                _queries.Add(started, Stopwatch.GetTimestamp());
            }
        }
    }

    private Task Query(int kind, Feed feed) => kind switch
    {
        0 => store.History.Read(feed.Key, new TelemetryQuery(Feed.Start, Feed.Start.AddYears(1), 1_000, Descending: true)),
        1 => Reads.Hourly(store.History, feed),
        _ => store.History.ReadTopicTail(feed.Key),
    };
}
