namespace OrleansIoT.Silo.Trust;

/// <summary>How a silo knows that a caller is genuine; section <c>Trust</c> of the configuration.</summary>
public sealed class TrustOptions
{
    public const string Section = "Trust";

    /// <summary>
    /// <c>Network</c>: only trusted hosts reach the silos' ports. <c>Hmac</c>: each caller comes in an envelope that a key of
    /// the cluster has sealed. <c>MutualTls</c>: processes show each other certificates of the cluster's CA.
    /// <c>MutualTls+Hmac</c>: both. Default: Network.
    /// </summary>
    public string Mode { get; set; } = nameof(TrustMode.Network);

    /// <summary>The file with the cluster's keys, as <c>--rotate-cluster-key</c> makes it, for Hmac. Default: none.</summary>
    public string? KeyFile { get; set; }

    /// <summary>This process's certificate and those that lead to the CA, in PEM, for MutualTls; read again when it changes. Default: none.</summary>
    public string? Certificate { get; set; }

    /// <summary>Its key, in PEM. Default: none.</summary>
    public string? CertificateKey { get; set; }

    /// <summary>The cluster's CA, in PEM. Default: none.</summary>
    public string? Ca { get; set; }

    /// <summary>The revocation list of the CA, in DER or PEM. Default: none.</summary>
    public string? Crl { get; set; }

    /// <returns>Null for what is none of the four.</returns>
    internal TrustMode? Parsed => Mode.ToUpperInvariant() switch
    {
        "NETWORK" => TrustMode.Network,
        "HMAC" => TrustMode.Hmac,
        "MUTUALTLS" => TrustMode.MutualTls,
        "MUTUALTLS+HMAC" or "HMAC+MUTUALTLS" => TrustMode.MutualTls | TrustMode.Hmac,
        _ => null,
    };
}

/// <summary>What has to prove a caller.</summary>
[Flags]
public enum TrustMode
{
    /// <summary>Nothing: whoever reaches a silo is believed.</summary>
    Network = 0,

    Hmac = 1,

    MutualTls = 2,
}
