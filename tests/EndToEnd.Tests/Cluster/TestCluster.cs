using System.Globalization;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Cluster;

/// <summary>Silos, edges and gateways as processes of their own over loopback, with a database of their own.</summary>
public sealed class TestCluster : IAsyncDisposable
{
    private readonly string _database;
    private readonly string _keys = IotProcess.NewDataDirectory();

    private readonly PostgresServer _server;
    private readonly string _databaseName;

    private TestCluster(PostgresServer server)
    {
        _server = server;
        _databaseName = server.CreateDatabase();
        _database = server.ConnectionString(_databaseName);
    }

    public List<IotProcess> Silos { get; } = [];

    public List<IotProcess> Edges { get; } = [];

    public List<IotProcess> Gateways { get; } = [];

    /// <summary>What every process finds in its environment besides.</summary>
    public (string Name, string Value)[] Environment { get; init; } = [];

    public static Task<TestCluster> Start(int silos, int edges, int gateways, params (string Name, string Value)[] environment) =>
        StartOn(PostgresServer.Shared, silos, edges, gateways, environment);

    public static async Task<TestCluster> StartOn(
        PostgresServer server, int silos, int edges, int gateways, params (string Name, string Value)[] environment)
    {
        var cluster = new TestCluster(server) { Environment = environment };
        try
        {
            for (var i = 0; i < silos; i++)
            {
                await cluster.AddSilo();
            }

            for (var i = 0; i < edges; i++)
            {
                cluster.Edges.Add(await cluster.Start("edge", "--anonymous", "#", "--device-rate", "0"));
            }

            for (var i = 0; i < gateways; i++)
            {
                cluster.Gateways.Add(await cluster.Start("gateway"));
            }

            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <returns>What the database answers to a query of one value.</returns>
    public string? Ask(string query) => _server.Ask(query, _databaseName);

    public async Task<IotProcess> AddSilo()
    {
        var silo = await Start("silo");
        Silos.Add(silo);
        return silo;
    }

    public Task<IotProcess> Start(string role, params string[] options) => IotProcess.StartWith(
        [
            ("IOT_Cluster__SiloPort", LocalPort.Free().ToString(CultureInfo.InvariantCulture)),
            ("IOT_Cluster__GatewayPort", LocalPort.Free().ToString(CultureInfo.InvariantCulture)),
            ("IOT_Gateway__DataDirectory", _keys),
            .. Environment,
        ],
        ["--roles", role, "--postgres", _database, .. options]);

    public async ValueTask DisposeAsync()
    {
        foreach (var process in Edges.Concat(Gateways).Concat(Silos))
        {
            await process.DisposeAsync();
        }

        if (Directory.Exists(_keys))
        {
            Directory.Delete(_keys, recursive: true);
        }
    }
}
