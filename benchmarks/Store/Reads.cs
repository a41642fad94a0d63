using System.Diagnostics;
using System.Runtime.InteropServices;
using OrleansIoT.History;
using OrleansIoT.History.Numbers;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Benchmarks.Store;

/// <summary>Queries of a topic with 10 M readings, a second apart, and of one with a year of minutes; all in chunks.</summary>
internal static partial class Reads
{
    private const int Page = TelemetryQuery.MaxLimit;
    private const int Year = 365 * 24 * 60;
    private const int DontNeed = 4; // POSIX_FADV_DONTNEED

    public static async Task Run(StoreOptions options)
    {
        var (readings, warm, cold) = options.IsShort ? (1_000_000, 30, 3) : (10_000_000, 100, 10);
        var directory = Path.Combine(options.Data, "read");
        var long_ = new Feed(1);
        var minutes = new Feed(2, TimeSpan.FromMinutes(1));
        var started = Stopwatch.GetTimestamp();
        using (var store = new OpenStore(directory))
        {
            await Fill(store, long_, readings);
            await Fill(store, minutes, Year);
            await store.Compact();
            Console.WriteLine($"""

                Read: {readings:N0} readings in one topic ({Stopwatch.GetElapsedTime(started).TotalSeconds:0} s to append and compact), {await store.UsedBytes() >> 20} MiB; ms. Cold: a new store, and its file out of the kernel's cache.

                | what | warm p50 | p99 | cold p50 | greatest |
                |---|---:|---:|---:|---:|
                """);
        }

        var end = Feed.Start.AddSeconds(readings + 1);
        List<(string Name, Func<ITelemetryHistory, Random, Task> Query)> rows =
        [
            ($"page of {Page:N0}, the first", (history, _) => PageAt(history, long_, Feed.Start, end, false)),
            ($"page of {Page:N0}, anywhere", (history, random) => PageAt(history, long_, Feed.Start.AddSeconds(random.Next(readings - Page)), end, false)),
            ($"page of {Page:N0}, the last", (history, _) => PageAt(history, long_, end.AddSeconds(-Page), end, false)),
            ($"page of {Page:N0}, descending from anywhere", (history, random) => PageAt(history, long_, Feed.Start, Feed.Start.AddSeconds(random.Next(Page + 1, readings)), true)),
            ("hourly averages of a year of minutes", (history, _) => Hourly(history, minutes)),
            ("latest", (history, _) => history.ReadTopicTail(long_.Key)),
            ("readings at 100 times", (history, random) => At(history, long_, random, readings)),
        ];
        foreach (var (name, query) in rows)
        {
            var random = new Random(7);
            var (hot, first) = (new List<double>(), new List<double>());
            using (var store = new OpenStore(directory))
            {
                for (var i = 0; i < 20; i++)
                {
                    await query(store.History, random); // compiled twice
                }

                for (var i = 0; i < warm; i++)
                {
                    hot.Add(await Time(query, store.History, random));
                }
            }

            for (var i = 0; i < cold; i++)
            {
                Forget(Path.Combine(directory, "iot.db"));
                using var store = new OpenStore(directory);
                first.Add(await Time(query, store.History, random));
            }

            hot.Sort();
            first.Sort();
            Console.WriteLine(
                $"| {name} | {hot[hot.Count / 2]:0.00} | {hot[(int)(hot.Count * 0.99)]:0.00} | {first[first.Count / 2]:0.00} | {first[^1]:0.00} |");
        }
    }

    public static async Task Fill(OpenStore store, Feed feed, int readings)
    {
        const int Batch = 10_000;
        var underWay = new Queue<Task>();
        while (feed.Seq < readings)
        {
            var messages = feed.Next((int)Math.Min(Batch, readings - feed.Seq));
            underWay.Enqueue(store.History.Append(feed.Key, messages[0].Seq, messages));
            if (underWay.Count > 8)
            {
                await underWay.Dequeue();
            }
        }

        await Task.WhenAll(underWay);
    }

    public static async Task Hourly(ITelemetryHistory history, Feed feed)
    {
        var hours = new Hours();
        await history.ReadNumbers(
            feed.Key, new NumberQuery(DateTimeOffset.UnixEpoch, Feed.Start.AddYears(2), NumberField.Default), hours);
    }

    private static async Task<double> Time(
        Func<ITelemetryHistory, Random, Task> query, ITelemetryHistory history, Random random)
    {
        var started = Stopwatch.GetTimestamp();
        await query(history, random);
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    private static async Task PageAt(ITelemetryHistory history, Feed feed, DateTimeOffset start, DateTimeOffset end, bool descending)
    {
        var page = await history.Read(feed.Key, new TelemetryQuery(start, end, Page, Descending: descending));
        if (page.Messages.Length != Page)
        {
            throw new InvalidOperationException($"A page has {page.Messages.Length} readings.");
        }
    }

    private static async Task At(ITelemetryHistory history, Feed feed, Random random, int readings)
    {
        DateTimeOffset[] times = [.. Enumerable.Range(0, 100).Select(_ => Feed.Start.AddSeconds(1 + random.Next(readings)))];
        await history.ReadAt(feed.Key, times);
    }

    /// <summary>Takes a file out of the kernel's cache, as far as it is clean.</summary>
    private static void Forget(string path)
    {
        using var file = File.OpenHandle(path);
        if (posix_fadvise((int)file.DangerousGetHandle(), 0, 0, DontNeed) != 0)
        {
            throw new IOException("posix_fadvise failed.");
        }
    }

    [LibraryImport("libc")]
    private static partial int posix_fadvise(int descriptor, long offset, long length, int advice);

    private sealed class Hours : INumberSink
    {
        private readonly List<(long Hour, double Average)> _averages = [];
        private long _hour = -1;
        private double _sum;
        private int _count;

        public bool Add(long at, long seq, double value)
        {
            var hour = at / TimeSpan.TicksPerHour;
            if (hour != _hour && _count > 0)
            {
                _averages.Add((_hour, _sum / _count));
                (_sum, _count) = (0, 0);
            }

            (_hour, _sum, _count) = (hour, _sum + value, _count + 1);
            return true;
        }
    }
}
