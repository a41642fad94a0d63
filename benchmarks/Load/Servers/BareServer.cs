using System.Diagnostics;
using System.Globalization;

namespace OrleansIoT.Load.Servers;

/// <summary>The floor: Kestrel and our reader of packets, which answers everything at once.</summary>
internal sealed class BareServer(LoadOptions options) : ServerKind
{
    public override string Name => "bare Kestrel and parser";

    public override bool IsLayer => true;

    public override async Task<Server> Start(int devices)
    {
        var mqtt = Server.FreePort();
        var server = await Server.Start(
            new ProcessStartInfo("dotnet", [options.Layers, "bare", mqtt.Port.ToString(CultureInfo.InvariantCulture)]),
            mqtt,
            countsAllocations: true);
        server.Devices = Device.Anonymous(devices);
        return server;
    }
}
