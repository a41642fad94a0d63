using OrleansIoT.Load.Clients;
using OrleansIoT.Load.Servers;
using OrleansIoT.Load.Wire;

namespace OrleansIoT.Load.Scenarios;

/// <summary>Many publish, each to a topic or topics of its own, and count what the server has answered for.</summary>
/// <param name="qos">0 to 2.</param>
/// <param name="connections">Each of a device.</param>
/// <param name="window">How many publishes each keeps in flight.</param>
/// <param name="topics">To how many topics each publishes in turn, as a gateway does for the devices behind it.</param>
/// <param name="options">How long.</param>
internal sealed class FanIn(int qos, int connections, int window, int topics, LoadOptions options) : Scenario
{
    public override string Name => qos == 0 ? "fan-in-qos0"
        : (topics == 1 ? $"fan-in-qos{qos}" : $"fan-in-topics-qos{qos}") + $"-{connections}x{window}";

    public override string Title =>
        $"fan-in QoS {qos}, {connections:N0} connections"
        + (qos == 0 ? "" : $", {window:N0} in flight")
        + (topics == 1 ? "" : $", {connections * topics:N0} topics");

    public override bool HasLayers => true;

    public override int Devices => connections;

    public override Task<Measured> Run(Server server)
    {
        using var loop = new Loop();
        return Task.FromResult(qos == 0 ? RunBursts(loop, server) : RunWindows(loop, server));
    }

    private Measured RunWindows(Loop loop, Server server)
    {
        var latencies = new Latencies();
        var publishers = server.Devices.Select(device => new WindowPublisher(loop, device, qos, window, topics, latencies)).ToList();
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
