using System.Collections.Immutable;
using System.Numerics;

namespace OrleansIoT.Certificates;

/// <summary>One step of a chain: a certificate's number, and who gave it.</summary>
/// <param name="Authority">As <see cref="Authority.KeyOf"/> names it.</param>
/// <param name="Serial">The number.</param>
public readonly record struct ChainLink(string Authority, BigInteger Serial);

/// <summary>
/// A certificate that was shown in a TLS handshake and verified there. It may be revoked or expire while the connection
/// lives, so whoever keeps that asks again.
/// </summary>
public sealed class VerifiedCertificate(ImmutableArray<ChainLink> chain, DateTimeOffset notAfter, CertificateTrust trust)
{
    /// <summary>From here to the root that is trusted.</summary>
    public ImmutableArray<ChainLink> Chain { get; } = chain;

    /// <summary>The end of the first certificate of the chain that ends.</summary>
    public DateTimeOffset NotAfter { get; } = notAfter;

    /// <summary>It was revoked meanwhile, or has expired, or its root is not trusted any more. Cheap enough for every second.</summary>
    public bool IsRevokedOrExpired => trust.IsOver(this);
}
