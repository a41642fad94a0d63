using System.Diagnostics;

namespace OrleansIoT.Micro;

/// <param name="PerSecond">Calls a second, all callers together.</param>
/// <param name="Nanoseconds">Of processor time a call, all threads together; other processes do not disturb it.</param>
/// <param name="Bytes">Allocated a call, by anybody.</param>
internal sealed record Cost(double PerSecond, double Nanoseconds, double Bytes);

/// <summary>Runs something several times and keeps the medians.</summary>
internal static class Measurement
{
    private static readonly TimeSpan Warmup = TimeSpan.FromMilliseconds(600);
    private static readonly TimeSpan Length = TimeSpan.FromMilliseconds(800);
    private const int Rounds = 5;

    /// <summary>Callers that each wait for one call before the next.</summary>
    public static async Task<Cost> Calls(int callers, Func<int, Task> call)
    {
        await Round(callers, call, Warmup);
        var rounds = new List<Cost>();
        for (var i = 0; i < Rounds; i++)
        {
            rounds.Add(await Round(callers, call, Length));
        }

        return new Cost(
            Median(rounds.Select(round => round.PerSecond)),
            Median(rounds.Select(round => round.Nanoseconds)),
            Median(rounds.Select(round => round.Bytes)));
    }

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }

    private static async Task<Cost> Round(int callers, Func<int, Task> call, TimeSpan length)
    {
        var stop = false;
        var calls = new long[callers];
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        var cpu = Environment.CpuUsage.TotalTime;
        var watch = Stopwatch.StartNew();
        var running = Enumerable.Range(0, callers).Select(caller => Task.Run(() => Caller(caller))).ToList();
        using (new Timer(_ => Volatile.Write(ref stop, true), null, length, Timeout.InfiniteTimeSpan))
        {
            await Task.WhenAll(running);
        }

        var seconds = watch.Elapsed.TotalSeconds;
        var bytes = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        var total = (double)calls.Sum();
        return new Cost(total / seconds, (Environment.CpuUsage.TotalTime - cpu).TotalNanoseconds / total, bytes / total);

        async Task Caller(int caller)
        {
            var random = (uint)(caller * 7919) + 1;
            long done = 0;
            while (!Volatile.Read(ref stop))
            {
                // A look at the flag costs nothing beside a call, but beside a virtual method it does.
                for (var i = 0; i < 64; i++)
                {
                    random = (random * 1664525) + 1013904223;
                    await call((int)(random >> 4));
                }

                done += 64;
            }

            calls[caller] = done;
        }
    }
}
