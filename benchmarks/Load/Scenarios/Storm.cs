using OrleansIoT.Load.Clients;
using OrleansIoT.Load.Servers;
using OrleansIoT.Load.Wire;

namespace OrleansIoT.Load.Scenarios;

/// <summary>
/// Everybody connects, as after a restart, and stays. A fifth of them has connected and left before, so the server has
/// warmed up.
/// </summary>
internal sealed class Storm(int connections) : Scenario
{
    public override string Name => "storm-tcp";

    public override string Title => $"storm, TCP, {connections:N0} connects with CONNACK";

    public override int Devices => connections;

    public override Task<Measured> Run(Server server)
    {
        using var loop = new Loop();
        var first = server.Devices.Take(connections / 5).Select(device => new Client(loop, device)).ToList();
        loop.Connect(first, server.Tcp);
        loop.Disconnect(first);

        var clients = server.Devices.Select(device => new Client(loop, device)).ToList();
        var effort = new Effort(server);
        loop.Connect(clients, server.Tcp);
        var latencies = new Latencies();
        clients.ForEach(client => latencies.Add(client.ConnectTicks));
        return Task.FromResult(effort.For(clients.Count, latencies));
    }
}
