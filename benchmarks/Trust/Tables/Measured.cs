using OrleansIoT.Benchmarks.Trust.Clients;
using OrleansIoT.Benchmarks.Trust.Processes;

namespace OrleansIoT.Benchmarks.Trust.Tables;

/// <summary>One round of one cell: what the load saw, and what the servers did meanwhile.</summary>
internal sealed record Measured(LoadResult Load, Counts Servers, long LoadBytes)
{
    public double Rate => Load.Requests / Load.Elapsed.TotalSeconds;

    /// <summary>In milliseconds.</summary>
    public double P50 => Load.Latencies.Percentile(50).TotalMilliseconds;

    /// <summary>In milliseconds.</summary>
    public double P99 => Load.Latencies.Percentile(99).TotalMilliseconds;

    /// <summary>Microseconds of all servers, a request.</summary>
    public double Processor => Servers.Processor / Load.Requests;

    public double Bytes => (double)(Servers.Bytes + LoadBytes) / Load.Requests;

    /// <summary>What has been counted before and after the load is what belongs to it: nothing is under way at either moment.</summary>
    public static async Task<Measured> Of(ClosedLoop loop, TimeSpan duration, Func<Task<Counts>> count)
    {
        var (before, bytes) = (await count(), OpenedConnections.Bytes());
        var load = await loop.Run(duration);
        return new Measured(load, await count() - before, OpenedConnections.Bytes() - bytes);
    }

    /// <summary>What was counted in all rounds, a request: a median would hide what is rare.</summary>
    public static double Mean(IReadOnlyCollection<Measured> rounds, Func<Counts, long> count) =>
        (double)rounds.Sum(round => count(round.Servers)) / rounds.Sum(round => round.Load.Requests);

    public static double Median(IEnumerable<Measured> rounds, Func<Measured, double> value) => Medians.Of(rounds.Select(value));
}
