using Orleans.Configuration;

namespace OrleansIoT.Silo.Cluster.Orleans;

/// <summary>
/// How long who waits for whom (ADR 0029): a silo that was killed is declared dead after three to five seconds, one that
/// stands still for two is not, and no call outlasts the patience of a device.
/// </summary>
internal static class Timings
{
    /// <summary>An MQTT packet of 256 MiB, the most that DeviceEdge:MaxPacketSize takes, in a page of readings, of which the others have 4 MiB.</summary>
    private const int LargestMessage = 288 * 1024 * 1024;

    /// <summary>What goes with a call is its caller, and that is as long as a token at most.</summary>
    private const int LargestHeader = 1024 * 1024;

    /// <summary>More than a store may wait for its server (History:ServerPatience), and less than devices wait for PUBACK.</summary>
    private static readonly TimeSpan Response = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Of what silos ask each other for themselves, in parts: the part of the directory of one that stands still, and is dead by now, is asked of it once more over the
    /// connection that there is, and until that is given up nobody finds a grain there.
    /// </summary>
    private static readonly TimeSpan SystemResponse = TimeSpan.FromSeconds(4);

    /// <summary>A silo that ends serves so long after its clients have heard it, and again after its last grain: what they had asked by way of it is answered.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromMilliseconds(500);

    public static void Set(ISiloBuilder silo)
    {
        silo.Configure<ClusterMembershipOptions>(membership =>
        {
            membership.ProbeTimeout = TimeSpan.FromSeconds(1); // of 0.75 s three in a row were missed on two cores with a load of 50
            membership.NumMissedProbesLimit = 3;

            // Who is asked to probe in our place, a silo that stands still, answers when its own probe is over, and that is when Orleans does
            // not wait for it any more: it is not noticed for as long as somebody else is always a little late.
            membership.EnableIndirectProbes = false;
            membership.TableRefreshTimeout = TimeSpan.FromSeconds(10);
            membership.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(10);
            membership.DefunctSiloExpiration = TimeSpan.FromHours(1);
            membership.MaxJoinAttemptTime = TimeSpan.FromMinutes(1);
        });
        silo.Configure<SiloMessagingOptions>(messaging =>
        {
            messaging.ResponseTimeout = Response;
            messaging.SystemResponseTimeout = SystemResponse;
            messaging.ClientDropTimeout = TimeSpan.FromSeconds(5); // who was killed does not come back, and is not waited for
            messaging.ClientGatewayShutdownNotificationTimeout = Farewell;
            messaging.WaitForMessageToBeQueuedForOutboundTime = Farewell;
            messaging.MaxMessageBodySize = LargestMessage;
            messaging.MaxMessageHeaderSize = LargestHeader;
        });
    }

    public static void Set(IClientBuilder client)
    {
        client.Configure<ClientMessagingOptions>(messaging =>
        {
            messaging.ResponseTimeout = Response;
            messaging.MaxMessageBodySize = LargestMessage;
            messaging.MaxMessageHeaderSize = LargestHeader;
        });
        client.Configure<GatewayOptions>(gateways => gateways.GatewayListRefreshPeriod = TimeSpan.FromSeconds(5));
    }
}
