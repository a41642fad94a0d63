using Orleans.Configuration;

namespace OrleansIoT.Silo.Cluster.Orleans;

/// <summary>
/// How long who waits for whom (ADR 0029): a silo that was killed is declared dead after three to five seconds, one that
/// stands still for two is not, and no call outlasts the patience of a device.
/// </summary>
internal static class Timings
{
    /// <summary>More than a store may wait for its server (History:ServerPatience), and less than devices wait for PUBACK.</summary>
    private static readonly TimeSpan Response = TimeSpan.FromSeconds(15);

    public static void Set(ISiloBuilder silo)
    {
        silo.Configure<ClusterMembershipOptions>(membership =>
        {
            membership.ProbeTimeout = TimeSpan.FromSeconds(1);
            membership.NumMissedProbesLimit = 4;
            membership.TableRefreshTimeout = TimeSpan.FromSeconds(10);
            membership.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(10);
            membership.DefunctSiloExpiration = TimeSpan.FromHours(1);
            membership.MaxJoinAttemptTime = TimeSpan.FromMinutes(1);
        });
        silo.Configure<SiloMessagingOptions>(messaging =>
        {
            messaging.ResponseTimeout = Response;
            messaging.SystemResponseTimeout = Response;
            messaging.ClientDropTimeout = TimeSpan.FromSeconds(15);
        });
    }

    public static void Set(IClientBuilder client)
    {
        client.Configure<ClientMessagingOptions>(messaging => messaging.ResponseTimeout = Response);
        client.Configure<GatewayOptions>(gateways => gateways.GatewayListRefreshPeriod = TimeSpan.FromSeconds(5));
    }
}
