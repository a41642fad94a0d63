using System.Text.Json;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;

namespace OrleansIoT.Benchmarks.Trust.Processes;

/// <summary>What a process says to the one that started it: its ports, and what it has done, whenever it is asked.</summary>
internal static class ChildLoop
{
    public const string Ready = "ready ";
    public const string Counted = "counts ";

    /// <summary>Until the other end of the standard input is closed, however that came.</summary>
    public static async Task Serve(Ports ports)
    {
        Console.WriteLine(Ready + JsonSerializer.Serialize(ports));
        while (await Console.In.ReadLineAsync() is not null)
        {
            Console.WriteLine(Counted + JsonSerializer.Serialize(Counters.Now()));
        }
    }

    /// <summary>The ports of a host's listeners, in the order in which they were asked for.</summary>
    public static int[] PortsOf(WebApplication app) =>
    [
        .. app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses
            .Select(address => new Uri(address).Port),
    ];
}
