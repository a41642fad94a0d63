namespace OrleansIoT.Certificates;

/// <summary>Extended key usages (RFC 5280 section 4.2.1.12): what a certificate is good for.</summary>
public static class KeyUsages
{
    public const string ServerAuth = "1.3.6.1.5.5.7.3.1";

    public const string ClientAuth = "1.3.6.1.5.5.7.3.2";

    /// <summary>
    /// A process of the cluster. Devices may have certificates of the same CA, and must never pass for one; so this is what
    /// peers ask of each other. A number that is ours because nobody else draws the same UUID (ITU-T X.667).
    /// </summary>
    public const string ClusterPeer = "2.25.51034625288453581816366292360381990124";
}
