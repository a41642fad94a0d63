using System.Diagnostics;
using OrleansIoT.Load.Servers;

namespace OrleansIoT.Load.Scenarios;

/// <summary>Wall clock, processor times and garbage since it was made.</summary>
internal sealed class Effort(Server server)
{
    private readonly long? _allocated = server.Allocated();
    private readonly long _since = Stopwatch.GetTimestamp();
    private readonly TimeSpan _server = server.ProcessorTime;
    private readonly long? _wire = server.WireBytes?.Invoke();
    private readonly TimeSpan _loader = Environment.CpuUsage.TotalTime;

    /// <summary>To be called once, when this many are done.</summary>
    public Measured For(long count, Latencies? latencies = null)
    {
        var elapsed = Stopwatch.GetElapsedTime(_since);
        return new Measured(
            count / elapsed.TotalSeconds,
            latencies,
            (server.ProcessorTime - _server) / Math.Max(1, count),
            (double?)(server.Allocated() - _allocated) / Math.Max(1, count),
            (Environment.CpuUsage.TotalTime - _loader) / elapsed,
            (double?)(server.WireBytes?.Invoke() - _wire) / Math.Max(1, count));
    }
}
