using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using OrleansIoT.History.Numbers;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Benchmarks.Store;

/// <summary>Starts of a process of its own: after kill -9 with a full log, and with a million topics that nobody uses.</summary>
internal static class Starts
{
    private const int Topics = 1_000_000;
    private const long FullLog = 60 << 20;

    /// <summary>What this program does as a child of itself, or null when it is none.</summary>
    public static async Task<bool> RunChild(string[] args)
    {
        switch (args)
        {
            case ["child-fill", var directory, var topics]:
                await FillLog(directory, int.Parse(topics, CultureInfo.InvariantCulture));
                return true;
            case ["child-open", var directory]:
                Open(directory);
                return true;
            case ["child-memory", var directory]:
                await Memory(directory);
                return true;
            case ["child-empty"]:
                Console.WriteLine(Resident());
                return true;
            default:
                return false;
        }
    }

    public static async Task Crash(StoreOptions options)
    {
        Console.WriteLine($"""

            Start after kill -9 with a log of more than {FullLog >> 20} MiB, a process of its own; ms until the store is open, of three.

            | what | median | greatest | of it the check | the log | processor time |
            |---|---:|---:|---:|---:|---:|
            """);
        await Crash("only the log, 100,000 topics", Path.Combine(options.Data, "start"), 100_000);
        if (!options.IsShort)
        {
            var (directory, readings) = await Million(options);
            await Crash($"{Topics:N0} topics with {readings:N0} readings in chunks besides, all of them in the log", directory, Topics);
        }
    }

    public static async Task MemoryOfMillion(StoreOptions options)
    {
        var (directory, readings) = await Million(options);
        var empty = (await Child("child-empty"))[0];
        var full = (await Child("child-memory", directory))[0].Split(' ');
        Console.WriteLine($"""

            Memory of a process that opened {Topics:N0} topics with {readings:N0} readings in chunks and answered a query of each kind.

            | what | resident, MB | of it the heap |
            |---|---:|---:|
            | the empty process | {double.Parse(empty):0.0} | |
            | with the store | {double.Parse(full[0]):0.0} | {double.Parse(full[1]):0.0} |
            """);
    }

    private static async Task Crash(string name, string directory, int topics)
    {
        var runs = new List<double[]>();
        for (var i = 0; i < 3; i++)
        {
            using (var child = Start("child-fill", directory, $"{topics}"))
            {
                if (await child.StandardOutput.ReadLineAsync() is not "full")
                {
                    throw new InvalidOperationException("The child that fills the log has failed.");
                }

                child.Kill();
                await child.WaitForExitAsync();
            }

            runs.Add([.. (await Child("child-open", directory))[0].Split(' ').Select(double.Parse)]);
        }

        Console.WriteLine(
            $"| {name} | {Middle(0):0} | {runs.Max(run => run[0]):0} | {Middle(1):0} | {Middle(2):0} | {Middle(3):0} |");

        double Middle(int part) => runs.Select(run => run[part]).Order().ElementAt(runs.Count / 2);
    }

    /// <summary>The store with a million topics; made once a run.</summary>
    private static async Task<(string Directory, long Readings)> Million(StoreOptions options)
    {
        var each = options.IsLarge ? 100 : 10;
        var directory = Path.Combine(options.Data, "million");
        if (!Directory.Exists(directory))
        {
            var started = Stopwatch.GetTimestamp();
            using (var store = new OpenStore(directory))
            {
                await AppendToAll(store, each);
                await store.Compact();
            }

            Console.WriteLine($"\n({Topics:N0} topics with {each} readings each made in {Stopwatch.GetElapsedTime(started).TotalSeconds:0} s, {new FileInfo(Path.Combine(directory, "iot.db")).Length >> 20} MiB)");
        }

        return (directory, (long)Topics * each);
    }

    private static async Task AppendToAll(OpenStore store, int each)
    {
        var underWay = new Queue<Task>();
        for (var number = 0; number < Topics; number++)
        {
            var feed = new Feed(number);
            underWay.Enqueue(store.History.Append(feed.Key, 1, feed.Next(each)));
            if (underWay.Count > 20_000)
            {
                await underWay.Dequeue();
            }
        }

        await Task.WhenAll(underWay);
    }

    /// <summary>Says that the log is full, and goes on until it is killed. It is compacted no sooner than that.</summary>
    private static async Task FillLog(string directory, int topics)
    {
        using var store = new OpenStore(directory, options => options.LogBytes = 256 << 20);
        if (store.LogBytes > 0)
        {
            await store.Compact();
        }

        var feeds = await store.Feeds(topics);
        var underWay = new Queue<Task>();
        var isSaid = false;
        for (var number = 0; ; number = (number + 1) % topics)
        {
            var feed = feeds[number] ??= new Feed(number);
            underWay.Enqueue(store.History.Append(feed.Key, feed.Seq + 1, feed.Next(1)));
            if (underWay.Count > 2_000)
            {
                await underWay.Dequeue();
            }

            if (!isSaid && store.LogBytes > FullLog)
            {
                isSaid = true;
                Console.WriteLine("full");
            }
        }
    }

    private static void Open(string directory)
    {
        var log = new StartTimes();
        var before = Costs.Now().Processor;
        var started = Stopwatch.GetTimestamp();
        using var store = new OpenStore(directory, log: log);
        var (all, processor) = (Stopwatch.GetElapsedTime(started), Costs.Now().Processor - before);
        Console.WriteLine(
            $"{all.TotalMilliseconds} {log.Check.TotalMilliseconds} {log.Recovery.TotalMilliseconds} {processor.TotalMilliseconds}");
    }

    private static async Task Memory(string directory)
    {
        using var store = new OpenStore(directory);
        var (history, feed) = (store.History, new Feed(Topics / 2));
        await history.ReadTopicTail(feed.Key);
        await history.ReadDeviceTail("default/meter-17");
        await history.ReadLastOf("default/meter-17", [1]);
        var page = await history.Read(feed.Key, new TelemetryQuery(Feed.Start, Feed.Start.AddYears(1), TelemetryQuery.MaxLimit));
        await history.ReadAt(feed.Key, [page.Messages[0].At]);
        await history.ReadNumbers(
            feed.Key, new NumberQuery(Feed.Start, Feed.Start.AddYears(1), NumberField.Default), new Nothing());
        await history.ListTopics("default", "devices/", 1_000, null);
        Console.WriteLine($"{Resident()} {GC.GetTotalMemory(forceFullCollection: false) / 1e6}");
    }

    /// <summary>MB.</summary>
    public static double Resident() =>
        double.Parse(File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))[6..^2]) * 1_024 / 1e6;

    private static async Task<string[]> Child(params string[] args)
    {
        using var child = Start(args);
        var output = await child.StandardOutput.ReadToEndAsync();
        await child.WaitForExitAsync();
        return child.ExitCode == 0 ? output.Split('\n') : throw new InvalidOperationException($"{args[0]} has failed.");
    }

    private static Process Start(params string[] args) =>
        Process.Start(new ProcessStartInfo("dotnet", [Assembly.GetExecutingAssembly().Location, .. args]) { RedirectStandardOutput = true })!;

    private sealed class Nothing : INumberSink
    {
        public bool Add(long at, long seq, double value) => true;
    }
}
