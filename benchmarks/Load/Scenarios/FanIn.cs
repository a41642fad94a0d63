using OrleansIoT.Load.Clients;
using OrleansIoT.Load.Servers;
using OrleansIoT.Load.Wire;

namespace OrleansIoT.Load.Scenarios;

/// <summary>Many publish, each to a topic of its own, and count what the server has answered for.</summary>
internal sealed class FanIn(int qos, int connections, int window, LoadOptions options) : Scenario
{
    public override string Name => qos == 0 ? "fan-in-qos0" : $"fan-in-qos{qos}-{connections}x{window}";

    public override string Title => qos == 0
        ? $"fan-in QoS 0, {connections:N0} connections"
        : $"fan-in QoS {qos}, {connections:N0} connections, {window:N0} in flight";

    public override int Devices => connections;

    public override Task<Measured> Run(Server server)
    {
        using var loop = new Loop();
        return Task.FromResult(qos == 0 ? RunBursts(loop, server) : RunWindows(loop, server));
    }

    private Measured RunWindows(Loop loop, Server server)
    {
        var latencies = new Latencies();
        var publishers = server.Devices.Select(device => new WindowPublisher(loop, device, qos, window, latencies)).ToList();
        loop.Connect(publishers, server.Tcp);
        publishers.ForEach(publisher => publisher.Start());
        loop.RunFor(options.Warmup);
        latencies.Clear();
        var effort = new Effort(server);
        loop.RunFor(options.Duration);
        return effort.For(latencies.Count, latencies);
    }

    private Measured RunBursts(Loop loop, Server server)
    {
        var publishers = server.Devices.Select(device => new BurstPublisher(loop, device)).ToList();
        loop.Connect(publishers, server.Tcp);
        publishers.ForEach(publisher => publisher.Start());
        loop.RunFor(options.Warmup);
        publishers.ForEach(publisher => publisher.Confirmed = 0);
        var effort = new Effort(server);
        loop.RunFor(options.Duration);
        return effort.For(publishers.Sum(publisher => publisher.Confirmed));
    }
}
