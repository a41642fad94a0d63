using System.Net;
using System.Net.Sockets;
using OrleansIoT.DeviceEdge;
using OrleansIoT.Grains;
using OrleansIoT.Silo.Trust;

namespace OrleansIoT.Silo.Cluster.Orleans;

/// <summary>
/// Microsoft Orleans. With PostgreSQL behind it the process belongs to a cluster: a silo, or a gateway or an edge that calls
/// the silos. Without, it is one silo in this process, which grains, gateway and edge share.
/// </summary>
public static class ClusterSetup
{
    public const string Engine = "Orleans engine";

    private const string Invariant = "Npgsql";

    public static void AddGrainEngine(this WebApplicationBuilder builder, SiloOptions options, TrustOptions trust)
    {
        var cluster = builder.Configuration.GetSection(ClusterOptions.Section)
            .Get<ClusterOptions>(binder => binder.ErrorOnUnknownConfiguration = true) ?? new ClusterOptions();
        var isSilo = options.ProcessRoles.HasFlag(ProcessRoles.Silo);
        if (options.Postgres is not { } postgres)
        {
            AddLoneSilo(builder, options, isSilo, trust);
            return;
        }

        var isMutual = trust.Parsed!.Value.HasFlag(TrustMode.MutualTls);
        var database = Membership.Apply(postgres);
        if (isSilo)
        {
            builder.UseOrleans(silo => AddSilo(silo, AddressOf(cluster, options), cluster, database, isMutual));
        }
        else
        {
            builder.UseOrleansClient(client => AddClient(client, cluster, database, isMutual));
        }
    }

    /// <summary>What the grains and the edge of this process are besides, where there may be others. To be added behind them.</summary>
    public static void AddCluster(this WebApplicationBuilder builder, SiloOptions options)
    {
        if (options.Postgres is not { } postgres)
        {
            return;
        }

        if (options.ProcessRoles.HasFlag(ProcessRoles.Silo))
        {
            builder.Services.AddRouteReplica<Silos>();
            builder.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, RouteStage>();
        }

        if (options.ProcessRoles.HasFlag(ProcessRoles.Edge))
        {
            builder.Services.AddEdgePresence();
        }

        if (options.ProcessRoles.HasFlag(ProcessRoles.Gateway))
        {
            builder.Services.AddHostedService<LastRequests>();
        }

        builder.Services.AddAgreement(postgres);
    }

    /// <summary>On ports of this machine's own, with none for clients.</summary>
    private static void AddLoneSilo(WebApplicationBuilder builder, SiloOptions options, bool isSilo, TrustOptions trust)
    {
        if (!isSilo)
        {
            throw new UsageException(
                $"--roles {options.Roles}: a gateway or an edge without a silo finds the silos in PostgreSQL; say where with --postgres.");
        }

        if (trust.Parsed!.Value.HasFlag(TrustMode.MutualTls))
        {
            throw new UsageException($"Trust:Mode {trust.Mode} is for clusters: a single silo has no peers. Clusters need --postgres.");
        }

        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(FreePort(), gatewayPort: 0);
            silo.Services.AddOutages();
        });
    }

    private static void AddSilo(ISiloBuilder silo, IPAddress address, ClusterOptions cluster, string database, bool isMutual)
    {
        silo.Configure<global::Orleans.Configuration.ClusterOptions>(ids => (ids.ClusterId, ids.ServiceId) = (cluster.Id, cluster.Id));
        silo.ConfigureEndpoints(address, cluster.SiloPort, cluster.GatewayPort, listenOnAnyHostAddress: false);
        silo.UseAdoNetClustering(membership => (membership.Invariant, membership.ConnectionString) = (Invariant, database));
        silo.Services.AddSingleton<PlacementStrategy, DevicePlacement>(); // even from the first grain on, ADR 0028
        silo.AddPlacementDirector<DevicePlacement, DevicePlacementDirector>();
#pragma warning disable ORLEANSEXP003 // For evaluation, says Orleans; what the other one costs is in ADR 0039.
        silo.AddDistributedGrainDirectory();
#pragma warning restore ORLEANSEXP003
        silo.AddPlacementDirector<PreferLocalPlacement, OldestSilo>();
        silo.Services.AddOutages();
        Timings.Set(silo);
        if (isMutual)
        {
            Peers.Protect(silo);
        }
    }

    private static void AddClient(IClientBuilder client, ClusterOptions cluster, string database, bool isMutual)
    {
        client.Configure<global::Orleans.Configuration.ClusterOptions>(ids => (ids.ClusterId, ids.ServiceId) = (cluster.Id, cluster.Id));
        client.UseAdoNetClustering(membership => (membership.Invariant, membership.ConnectionString) = (Invariant, database));
        client.UseConnectionRetryFilter<PatientConnection>();
        var losses = new SiloLosses();
        client.AddGatewayCountChangedHandler((_, change) =>
        {
            if (change.NumberOfConnectedGateways < change.PreviousNumberOfConnectedGateways)
            {
                losses.Add();
            }
        });
        client.Services.AddSingleton(_ => losses); // which ends with the container
        client.Services.AddOutages();
        Timings.Set(client);
        if (isMutual)
        {
            Peers.Protect(client);
        }
    }

    private static IPAddress AddressOf(ClusterOptions cluster, SiloOptions options) => cluster.Address switch
    {
        { } given => IPAddress.TryParse(given, out var address)
            ? address
            : throw new UsageException($"Cluster:Address {given}: that is no IP address, as 10.0.0.7 is."),
        null when options.Address.Equals(IPAddress.Any) || options.Address.Equals(IPAddress.IPv6Any) =>
            Array.Find(Dns.GetHostAddresses(Dns.GetHostName()), own => own.AddressFamily == options.Address.AddressFamily && !IPAddress.IsLoopback(own))
            ?? throw new UsageException("This host has no address of its own that others could reach; say one with Cluster:Address."),
        null => options.Address,
    };

    /// <summary>A port of the loopback interface that nobody listens on.</summary>
    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
