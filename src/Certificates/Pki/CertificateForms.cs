using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OrleansIoT.Certificates.Pki;

/// <summary>What the certificates of the authority say, after the profile of RFC 5280 section 4.</summary>
internal static class CertificateForms
{
    /// <summary>For whose clocks are late.</summary>
    private static readonly TimeSpan ClocksDiffer = TimeSpan.FromHours(1);

    public static X509Certificate2 MakeAuthority(string name, ECDsa key, DateTimeOffset now, TimeSpan lifetime)
    {
        var request = new CertificateRequest(Subject(name, role: null), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(X509BasicConstraintsExtension.CreateForCertificateAuthority(pathLengthConstraint: 0));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return request.CreateSelfSigned(now - ClocksDiffer, now + lifetime);
    }

    /// <param name="certificate">What it says.</param>
    /// <param name="key">The key of its subject.</param>
    /// <param name="authority">The issuer, with its key.</param>
    /// <param name="now">From when on, give or take clocks.</param>
    public static X509Certificate2 Make(IssuedCertificate certificate, ECDsa key, X509Certificate2 authority, DateTimeOffset now)
    {
        var request = new CertificateRequest(Subject(certificate.Name, RoleOf(certificate.Use)), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(X509BasicConstraintsExtension.CreateForEndEntity());
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(UsagesOf(certificate.Use), critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, true, false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        if (certificate.Dns.Count + certificate.Ip.Count > 0)
        {
            var names = new SubjectAlternativeNameBuilder();
            foreach (var dns in certificate.Dns)
            {
                names.AddDnsName(dns);
            }

            foreach (var ip in certificate.Ip)
            {
                names.AddIpAddress(IPAddress.Parse(ip));
            }

            request.CertificateExtensions.Add(names.Build());
        }

        var notBefore = now - ClocksDiffer;
        var first = new DateTimeOffset(authority.NotBefore);
        return request.Create(
            authority, notBefore > first ? notBefore : first, certificate.NotAfter, Convert.FromHexString(certificate.Serial));
    }

    /// <summary>128 bits of chance; positive, and none of its bytes superfluous (RFC 5280 section 4.1.2.2).</summary>
    public static string NewSerial()
    {
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)((serial[0] & 0x7f) | 0x40);
        return Convert.ToHexString(serial);
    }

    private static OidCollection UsagesOf(CertificateUse use) => use == CertificateUse.Device
        ? [new Oid(KeyUsages.ClientAuth)]
        : [new Oid(KeyUsages.ServerAuth), new Oid(KeyUsages.ClientAuth), new Oid(KeyUsages.ClusterPeer)];

    /// <summary>What a process of the cluster is, as its peers read it; a device is none.</summary>
    private static string? RoleOf(CertificateUse use) => use == CertificateUse.Device ? null : use.ToString().ToLowerInvariant();

    private static X500DistinguishedName Subject(string name, string? role)
    {
        var subject = new X500DistinguishedNameBuilder();
        if (role is not null)
        {
            subject.AddOrganizationalUnitName(role);
        }

        subject.AddCommonName(name);
        return subject.Build();
    }
}
