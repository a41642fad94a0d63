using System.Net;
using System.Net.Sockets;

namespace OrleansIoT.Silo.Cluster.Orleans;

/// <summary>
/// Microsoft Orleans: one silo in this process, which grains, gateway and edge share. Its port is this machine's own, and
/// there is none for clients.
/// </summary>
public static class ClusterSetup
{
    public const string Engine = "Orleans engine";

    public static void AddGrainEngine(this WebApplicationBuilder builder, SiloOptions options)
    {
        if (!options.ProcessRoles.HasFlag(ProcessRoles.Silo))
        {
            throw new UsageException(
                $"--roles {options.Roles}: a gateway or an edge needs the role silo in its own process.");
        }

        builder.UseOrleans(silo => silo.UseLocalhostClustering(FreePort(), gatewayPort: 0));
    }

    /// <summary>A port of the loopback interface that nobody listens on.</summary>
    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
