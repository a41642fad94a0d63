using System.Text.Json.Serialization;

namespace OrleansIoT.Certificates.Pki;

/// <summary>Who a certificate is for, which decides what it is good for.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CertificateUse>))]
public enum CertificateUse
{
    Silo,
    Gateway,
    Edge,

    /// <summary>A client of the MQTT edge, and never a peer of the cluster's processes.</summary>
    Device,
}

/// <summary>What a certificate is to say.</summary>
/// <param name="Use">Who it is for.</param>
/// <param name="Name">The common name of its subject, and the name of its files; a device's id.</param>
/// <param name="Dns">Host names. None, neither these nor addresses: the name itself, for what is no device.</param>
/// <param name="Ip">IP addresses.</param>
/// <param name="Days">How long it is good for; null for what is usual for its use.</param>
public sealed record CertificateOrder(CertificateUse Use, string Name, IReadOnlyList<string> Dns, IReadOnlyList<string> Ip, int? Days);

/// <summary>A certificate as the authority remembers it.</summary>
/// <param name="Name">The common name of its subject.</param>
/// <param name="Use">Who it is for.</param>
/// <param name="Serial">Its number, in hexadecimal digits.</param>
/// <param name="NotAfter">Its end.</param>
/// <param name="Dns">Its host names.</param>
/// <param name="Ip">Its IP addresses.</param>
public sealed record IssuedCertificate(
    string Name, CertificateUse Use, string Serial, DateTimeOffset NotAfter, IReadOnlyList<string> Dns, IReadOnlyList<string> Ip)
{
    /// <summary>Null while it is not revoked.</summary>
    public DateTimeOffset? RevokedAt { get; init; }

    public bool IsGood(DateTimeOffset now) => RevokedAt is null && now < NotAfter;
}
