using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OrleansIoT.Benchmarks.Trust.Tokens;

/// <summary>A certification authority that lives as long as a run.</summary>
internal sealed class RunAuthority
{
    private static readonly TimeSpan Life = TimeSpan.FromDays(2);

    private readonly DateTimeOffset _now = DateTimeOffset.UtcNow;
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _certificate;

    public RunAuthority(string name)
    {
        var request = new CertificateRequest(new X500DistinguishedName($"CN={name}"), _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _certificate = request.CreateSelfSigned(_now.AddHours(-1), _now + Life);
    }

    public string Pem => _certificate.ExportCertificatePem();

    /// <summary>A certificate with its key.</summary>
    public X509Certificate2 Issue(string name, string[] usages)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(new X500DistinguishedName($"OU=silo, CN={name}"), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([.. usages.Select(usage => new Oid(usage))], false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_certificate, true, false));
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = 0x55; // positive, and of a fixed length
        using var issued = request.Create(
            _certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(_key), _now.AddMinutes(-30), _now + (Life / 2), serial);
        return issued.CopyWithPrivateKey(key);
    }

    /// <summary>In DER.</summary>
    public byte[] RevocationList(params X509Certificate2[] revoked)
    {
        var list = new CertificateRevocationListBuilder();
        Array.ForEach(revoked, certificate => list.AddEntry(certificate));
        return list.Build(_certificate, BigInteger.One, _now + Life, HashAlgorithmName.SHA256, thisUpdate: _now.AddMinutes(-30));
    }
}
