using System.Diagnostics;
using OrleansIoT.Load.Clients;
using OrleansIoT.Load.Servers;
using OrleansIoT.Load.Wire;

namespace OrleansIoT.Load.Scenarios;

/// <summary>
/// Devices that send when it is time to, whatever the server does: the time of each publish is fixed before the run, and
/// latency counts from there, so a server that stalls is charged for everything that should have been sent meanwhile.
/// </summary>
internal sealed class OpenLoop(int connections, int rate, LoadOptions options) : Scenario
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public override string Name => "open-loop";

    public override string Title => $"open loop QoS 1, {rate:N0} msg/s from {connections:N0} connections";

    public override bool HasLayers => true;

    public override int Devices => connections;

    public override Task<Measured> Run(Server server)
    {
        using var loop = new Loop();
        var latencies = new Latencies();
        var acknowledged = 0L;
        var publishers = server.Devices
            .Select(device => new SinglePublisher(loop, device, latencies, () => acknowledged++)).ToList();
        loop.Connect(publishers, server.Tcp);
        var sent = PublishFor(options.Warmup, loop, publishers);
        loop.RunUntil(() => acknowledged == sent, Patience, "PUBACK");

        latencies.Clear();
        var effort = new Effort(server);
        sent += PublishFor(options.Duration, loop, publishers);
        loop.RunUntil(() => acknowledged == sent, Patience, "PUBACK");
        return Task.FromResult(effort.For(latencies.Count, latencies));
    }

    /// <summary>One after the other, evenly in time. What falls due while the loop is busy is sent late and counts from when it was due.</summary>
    private long PublishFor(TimeSpan time, Loop loop, List<SinglePublisher> publishers)
    {
        var begin = Stopwatch.GetTimestamp();
        var total = (long)(rate * time.TotalSeconds);
        var sent = 0L;
        while (sent < total)
        {
            var now = Stopwatch.GetTimestamp();
            for (; sent < total && Due(sent) <= now; sent++)
            {
                publishers[(int)(sent % connections)].Publish(Due(sent));
            }

            var left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), Due(sent));
            loop.RunOnce(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        }

        return sent;

        long Due(long number) => begin + (number * Stopwatch.Frequency / rate);
    }
}
