using OrleansIoT.Load.Clients;
using OrleansIoT.Load.Servers;
using OrleansIoT.Load.Wire;

namespace OrleansIoT.Load.Scenarios;

/// <summary>
/// What a connection that says nothing costs the server: its resident memory with all of them, less what it was with
/// none, divided. A hundred have connected and left before, so that code which had never run is not counted.
/// </summary>
internal sealed class IdleMemory(int connections, LoadOptions options) : Scenario
{
    private const int Warmup = 100;

    public override string Name => "idle-memory";

    public override string Title => $"idle memory of a connection, of {connections:N0}";

    public override string Unit => " kB";

    public override int Devices => connections;

    public override Task<Measured> Run(Server server)
    {
        using var loop = new Loop();
        var first = server.Devices.Take(Warmup).Select(device => new Client(loop, device)).ToList();
        loop.Connect(first, server.Tcp);
        loop.Disconnect(first);
        loop.RunFor(options.Settle);
        var before = server.Resident;

        var clients = server.Devices.Select(device => new Client(loop, device)).ToList();
        loop.Connect(clients, server.Tcp);
        loop.RunFor(options.Settle);
        var after = server.Resident;
        Console.Error.WriteLine($"{Name}: resident {before / 1_000_000.0:F1} MB before, {after / 1_000_000.0:F1} MB after");
        return Task.FromResult(new Measured((after - before) / 1000.0 / connections));
    }
}
