using System.Diagnostics;

namespace OrleansIoT.Benchmarks.Store;

/// <summary>
/// 100,000 topics at random, so long that the compactor has to keep up: what is measured begins when it is at work.
/// </summary>
internal static class SustainedLoad
{
    private const int Topics = 100_000;
    private const int Appenders = 500;

    public static async Task Run(StoreOptions options)
    {
        var (warmUp, time) = options.IsShort ? (2, 6) : (8, 20);
        Console.WriteLine($"""

            Sustained: {Topics:N0} topics at random, {Appenders} appenders, {time} s after {warmUp} s of warm-up.

            | what | readings/s | into chunks/s | waits p50, ms | p99 | p99.9 | processor, µs a reading | bytes allocated a reading | full collections |
            |---|---:|---:|---:|---:|---:|---:|---:|---:|
            """);
        var feeds = Enumerable.Range(0, Topics).Select(number => new Feed(number)).ToArray();
        LoadAlone(feeds);
        using var store = new OpenStore(Path.Combine(options.Data, "sustained"));
        await Task.WhenAll(feeds.Select(feed => Append(store, feed, 1))); // the topics are there
        await store.Compact();
        foreach (var batch in new[] { 1, 10, 100 })
        {
            await Measure($"batches of {batch}", store, feeds, batch, warmUp, time);
        }

        await store.Compact();
        await Burst(store, feeds, batch: 10);
    }

    /// <summary>The neighbour: the same messages made, and nothing done with them.</summary>
    private static void LoadAlone(Feed[] feeds)
    {
        var (started, costs, count) = (Stopwatch.GetTimestamp(), Costs.Now(), 0L);
        var random = new Random(1);
        while (Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(1))
        {
            var feed = feeds[random.Next(feeds.Length)];
            feed.Next(10);
            feed.Seq -= 10;
            count += 10;
        }

        Write("neighbour: the messages alone, no store", count, 0, Stopwatch.GetElapsedTime(started), new Waits(), Costs.Now() - costs);
    }

    private static async Task Measure(string name, OpenStore store, Feed[] feeds, int batch, int warmUp, int time)
    {
        using var end = new CancellationTokenSource();
        var waits = Enumerable.Range(0, Appenders).Select(_ => new Waits()).ToArray();
        var isMeasured = false;
        var appenders = Enumerable.Range(0, Appenders).Select(appender => Task.Run(async () =>
        {
            var random = new Random(appender + batch);
            while (!end.IsCancellationRequested)
            {
                var started = Stopwatch.GetTimestamp();
                await Append(store, feeds[random.Next(feeds.Length)], batch);
                if (Volatile.Read(ref isMeasured))
                {
                    waits[appender].Add(started, Stopwatch.GetTimestamp());
                }
            }
        })).ToArray();
        await Task.Delay(TimeSpan.FromSeconds(warmUp));
        var (inChunks, costs, from) = (await store.InChunks(), Costs.Now(), Stopwatch.GetTimestamp());
        Volatile.Write(ref isMeasured, true);
        await Task.Delay(TimeSpan.FromSeconds(time));
        Volatile.Write(ref isMeasured, false);
        var (elapsed, spent) = (Stopwatch.GetElapsedTime(from), Costs.Now() - costs);
        var moved = await store.InChunks() - inChunks;
        await end.CancelAsync();
        await Task.WhenAll(appenders);
        var all = new Waits();
        Array.ForEach(waits, all.Add);
        Write(name, all.Count * batch, moved, elapsed, all, spent);
    }

    /// <summary>Everybody at once, once.</summary>
    private static async Task Burst(OpenStore store, Feed[] feeds, int batch)
    {
        var (inChunks, costs, from) = (await store.InChunks(), Costs.Now(), Stopwatch.GetTimestamp());
        var waits = new Waits();
        await Task.WhenAll(feeds.Select(async feed =>
        {
            var started = Stopwatch.GetTimestamp();
            await Append(store, feed, batch);
            lock (waits)
            {
                waits.Add(started, Stopwatch.GetTimestamp());
            }
        }));
        var elapsed = Stopwatch.GetElapsedTime(from);
        var spent = Costs.Now() - costs;
        Write(
            $"one burst: all topics at once, batches of {batch}",
            waits.Count * batch, await store.InChunks() - inChunks, elapsed, waits, spent);
    }

    private static async Task Append(OpenStore store, Feed feed, int batch)
    {
        // Queued in the order of the numbers; the wait is outside, as a grain that interleaves does it.
        Task appended;
        lock (feed)
        {
            var messages = feed.Next(batch);
            appended = store.History.Append(feed.Key, messages[0].Seq, messages);
        }

        await appended;
    }

    private static void Write(string name, long readings, long moved, TimeSpan time, Waits waits, Costs costs) => Console.WriteLine(
        $"| {name} | {readings / time.TotalSeconds:N0} | {moved / time.TotalSeconds:N0} "
        + $"| {waits.Percentile(50):0.00} | {waits.Percentile(99):0.00} | {waits.Percentile(99.9):0.00} "
        + $"| {costs.Processor.TotalMicroseconds / readings:0.00} | {(double)costs.Allocated / readings:N0} | {costs.FullCollections} |");
}
