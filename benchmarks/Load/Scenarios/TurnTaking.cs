using System.Diagnostics;
using OrleansIoT.Load.Clients;
using OrleansIoT.Load.Servers;
using OrleansIoT.Load.Wire;

namespace OrleansIoT.Load.Scenarios;

/// <summary>
/// Very many devices, each with a connection and a topic of its own, publish in turn: for every publish that is
/// acknowledged the next device sends one, so that the same number is in flight as in the fan-in of few connections.
/// </summary>
internal sealed class TurnTaking(int connections, int inFlight, LoadOptions options) : Scenario
{
    public override string Name => "fan-in-turns";

    public override string Title => $"fan-in QoS 1, {connections:N0} connections in turn, {inFlight:N0} in flight in all";

    public override bool HasLayers => true;

    public override int Devices => connections;

    public override Task<Measured> Run(Server server)
    {
        using var loop = new Loop();
        var latencies = new Latencies();
        var publishers = new SinglePublisher[connections];
        var next = 0;
        for (var i = 0; i < connections; i++)
        {
            publishers[i] = new SinglePublisher(loop, server.Devices[i], latencies, PublishNext);
        }

        loop.Connect(publishers, server.Tcp);
        for (var i = 0; i < inFlight; i++)
        {
            PublishNext();
        }

        loop.RunFor(options.Warmup);
        latencies.Clear();
        var effort = new Effort(server);
        loop.RunFor(options.Duration);
        return Task.FromResult(effort.For(latencies.Count, latencies));

        void PublishNext()
        {
            publishers[next].Publish(Stopwatch.GetTimestamp());
            next = next + 1 < connections ? next + 1 : 0;
        }
    }
}
