using OrleansIoT.Certificates;

namespace OrleansIoT.DeviceEdge.Identity;

/// <summary>The certificate that a client showed in its TLS handshake, verified there; a feature of its connection.</summary>
internal sealed class DeviceCertificate(string deviceId, VerifiedCertificate verified)
{
    /// <summary>The common name of its subject.</summary>
    public string DeviceId { get; } = deviceId;

    /// <inheritdoc cref="VerifiedCertificate.NotAfter"/>
    public DateTimeOffset NotAfter => verified.NotAfter;

    /// <inheritdoc cref="VerifiedCertificate.IsRevokedOrExpired"/>
    public bool IsRevokedOrExpired => verified.IsRevokedOrExpired;
}
