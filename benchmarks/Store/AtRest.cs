using System.Globalization;
using System.IO.Compression;
using System.Text;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Benchmarks.Store;

/// <summary>What real readings take on the disk, all in: used pages of the database less those of an empty one.</summary>
internal static class AtRest
{
    private const string Sample = "machine_temperature.csv";
    private const string Topic = "devices/machine-1/temperature";

    public static async Task Run(StoreOptions options)
    {
        var path = Path.Combine(options.Samples, Sample);
        if (!File.Exists(path))
        {
            Console.WriteLine($"\nAt rest: skipped, there is no {path}");
            return;
        }

        var readings = File.ReadLines(path).Skip(1).Select(Parse).ToList();
        Console.WriteLine($"""

            At rest: {readings.Count:N0} readings of {Sample}, used pages of all tables and indexes less those of an empty store.

            | what | bytes a reading |
            |---|---:|
            | raw CSV | {(double)new FileInfo(path).Length / readings.Count:0.0} |
            | raw CSV, gzip | {(double)Gzipped(path) / readings.Count:0.0} |
            | JSON payloads | {readings.Average(reading => Payload(reading).Length):0.0} |
            """);
        foreach (var (name, jitter, every) in new[]
        {
            ("history, compacted once", 2_000_000, int.MaxValue),
            ("history, compacted after every 100", 2_000_000, 100),
            ("history, compacted once, arrival = event time", 1, int.MaxValue),
        })
        {
            var bytes = await Store(options, readings, jitter, every) - await Store(options, [], 1, 1);
            Console.WriteLine($"| {name} | {(double)bytes / readings.Count:0.0} |");
        }
    }

    private static async Task<long> Store(
        StoreOptions options, List<(DateTimeOffset At, string Value)> readings, int jitter, int compactEvery)
    {
        var directory = Path.Combine(options.Data, "rest");
        using (var store = new OpenStore(directory))
        {
            var random = new Random(1);
            var (seq, last) = (1L, 0L);
            foreach (var batch in readings.Chunk(100))
            {
                var messages = batch.Select((reading, i) => new TelemetryMessage
                {
                    Topic = Topic,
                    Device = "machine-1",
                    Payload = Payload(reading),
                    At = reading.At,
                    ReceivedAt = reading.At.AddTicks(random.Next(jitter)),
                    HasOwnTime = true,
                    PacketId = (ushort)(1 + (seq + i) % 65_535),
                }).ToArray();
                await store.History.Append($"default/{Topic}", seq, messages);
                seq += messages.Length;
                if (seq - last > compactEvery)
                {
                    await store.Compact();
                    last = seq;
                }
            }

            await store.Compact();
        }

        long used;
        using (var store = new OpenStore(directory))
        {
            used = await store.UsedBytes();
        }

        Directory.Delete(directory, recursive: true);
        return used;
    }

    private static (DateTimeOffset At, string Value) Parse(string line)
    {
        var comma = line.IndexOf(',', StringComparison.Ordinal);
        return (DateTimeOffset.Parse(line[..comma], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal), line[(comma + 1)..]);
    }

    private static byte[] Payload((DateTimeOffset At, string Value) reading) =>
        Encoding.UTF8.GetBytes($$"""{"ts":{{reading.At.ToUnixTimeMilliseconds()}},"value":{{reading.Value}}}""");

    private static long Gzipped(string path)
    {
        using var bytes = new MemoryStream();
        using (var gzip = new GZipStream(bytes, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(File.ReadAllBytes(path));
        }

        return bytes.Length;
    }
}
