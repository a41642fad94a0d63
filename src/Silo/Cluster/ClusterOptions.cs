namespace OrleansIoT.Silo.Cluster;

/// <summary>How the processes of a cluster find each other; section <c>Cluster</c> of the configuration. On Orleans and with PostgreSQL only.</summary>
public sealed class ClusterOptions
{
    public const string Section = "Cluster";

    /// <summary>Which of the clusters in a database this process belongs to. Default: orleans-iot.</summary>
    public string Id { get; set; } = "orleans-iot";

    /// <summary>The IP address at which others reach this silo. Default: the one that --bind names; with --bind 0.0.0.0 the first of this host.</summary>
    public string? Address { get; set; }

    /// <summary>The port of this silo for other silos, 1 to 65,535. Default: 11,111.</summary>
    public int SiloPort { get; set; } = 11_111;

    /// <summary>The port of this silo for gateways and edges, 1 to 65,535. Default: 30,000.</summary>
    public int GatewayPort { get; set; } = 30_000;
}
