using System.Diagnostics;

namespace OrleansIoT.Benchmarks.Store;

/// <summary>The same work each time, whatever else the machine does: 10 readings of each of 100,000 topics from the log into chunks.</summary>
internal static class CompactorAlone
{
    private const int Topics = 100_000;
    private const int Each = 10;

    public static async Task Run(StoreOptions options)
    {
        Console.WriteLine($"""

            The compactor alone: {Each} readings of each of {Topics:N0} topics, appended before; each time merges with what is there.

            | what | readings/s | processor, µs a reading | bytes allocated a reading |
            |---|---:|---:|---:|
            """);
        using var store = new OpenStore(Path.Combine(options.Data, "compact"), history => history.LogBytes = 1 << 30);
        var feeds = Enumerable.Range(0, Topics).Select(number => new Feed(number)).ToArray();
        for (var round = 1; round <= (options.IsShort ? 2 : 4); round++)
        {
            await Task.WhenAll(feeds.Select(feed => store.History.Append(feed.Key, feed.Seq + 1, feed.Next(Each))));
            var (started, costs) = (Stopwatch.GetTimestamp(), Costs.Now());
            await store.Compact();
            var (time, spent) = (Stopwatch.GetElapsedTime(started), Costs.Now() - costs);
            const double Readings = Topics * Each;
            Console.WriteLine(
                $"| round {round} | {Readings / time.TotalSeconds:N0} | {spent.Processor.TotalMicroseconds / Readings:0.00} | {spent.Allocated / Readings:N0} |");
        }
    }
}
