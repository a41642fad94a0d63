using System.Diagnostics;
using System.Globalization;

namespace OrleansIoT.Load.Servers;

/// <summary>
/// A cluster on Microsoft Orleans as <c>./dev cluster</c> starts it: silos, an edge, a gateway, PostgreSQL, each a process. Its time is that of
/// the silos. With root each silo has a network of its own, and the bytes are counted that go into them and out of them: frames on the
/// wire, whoever sends them, PostgreSQL among them.
/// </summary>
internal sealed class ClusterServer(LoadOptions options, int silos) : ServerKind
{
    private const string Prefix = "cluster-";

    public override string Name => silos == 1 ? "a cluster of 1 silo" : $"a cluster of {silos} silos";

    private static bool HasNetworks => Environment.UserName == "root";

    /// <returns>How many silos the name of a cluster says, or null if it is none.</returns>
    public static int? SilosOf(string name) =>
        name.StartsWith(Prefix, StringComparison.Ordinal) && name[Prefix.Length..] is [>= '1' and <= '9' and var digit] ? digit - '0' : null;

    public override async Task<Server> Start(int devices)
    {
        if (!File.Exists(options.Cluster))
        {
            throw new LoadException($"there is no {options.Cluster}: build src/Silo with -c Release -p:GrainEngine=Orleans, or name another with --cluster");
        }

        var data = Path.GetFullPath(options.Data);
        if (Directory.Exists(data))
        {
            Directory.Delete(data, recursive: true);
        }

        var (http, mqtt, tls, first) = (Server.FreePort(), Server.FreePort(), Server.FreePort(), Random.Shared.Next(200, 300) * 100);
        var command = new ProcessStartInfo("deploy/local-cluster",
        [
            "--data", data,
            "--silos", Number(silos), "--edges", "1", "--gateways", "1",
            "--http", Number(http.Port), "--mqtt", Number(mqtt.Port), "--mqtts", Number(tls.Port), "--internal", Number(first),
            .. HasNetworks ? ["--networks"] : Array.Empty<string>(),
        ]);
        command.Environment["ORLEANSIOT_EXECUTABLE"] = $"dotnet {Path.GetFullPath(options.Cluster)}";
        command.Environment["IOT_DeviceEdge__DeviceRate"] = "0";
        var server = await Server.Start(command, mqtt, tls);
        try
        {
            server.Parts = [];
            await Ready(data);
            server.Devices = await OurServer.Register(
                [.. Enumerable.Range(0, devices).Select(i => $"load-{i}")], http, (await File.ReadAllTextAsync(Path.Combine(data, "secrets/admin-password"))).Trim());
            server.Parts = [.. Directory.EnumerateFiles(Path.Combine(data, "run"), "silo-*.pid").Select(file => int.Parse(File.ReadAllText(file), CultureInfo.InvariantCulture))];
            server.WireBytes = HasNetworks ? () => BytesOf(first) : null;
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    /// <summary>Each frame once: what the silos send, and what this side of the bridge sends to them.</summary>
    private long BytesOf(int first) =>
        Enumerable.Range(1, silos).Sum(silo => Counter($"v{first}-{silo}", "rx_bytes")) + Counter($"iot{first}", "tx_bytes");

    private static long Counter(string link, string name) =>
        long.Parse(File.ReadAllText($"/sys/class/net/{link}/statistics/{name}"), CultureInfo.InvariantCulture);

    private static async Task Ready(string data)
    {
        for (var i = 0; i < 600; i++)
        {
            if (File.Exists(Path.Combine(data, "run/addresses")))
            {
                return;
            }

            await Task.Delay(200);
        }

        throw new LoadException("the cluster listens, but does not become ready");
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
