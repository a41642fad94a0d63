using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OrleansIoT.Fixtures;

/// <summary>A certification authority of the test's, for certificates and revocation lists of every kind.</summary>
public sealed class TestAuthority : IDisposable
{
    private const string ClientAuth = "1.3.6.1.5.5.7.3.2";
    public const string ServerAuth = "1.3.6.1.5.5.7.3.1";

    private readonly DateTimeOffset _now;
    private readonly AsymmetricAlgorithm _key;

    public TestAuthority(DateTimeOffset now, string name = "Devices", bool isRsa = false)
    {
        _now = now;
        _key = isRsa ? RSA.Create(2048) : ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var subject = new X500DistinguishedName($"CN={name}");
        var request = _key is RSA rsa
            ? new CertificateRequest(subject, rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest(subject, (ECDsa)_key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        Certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddYears(10));
    }

    /// <summary>With its key.</summary>
    public X509Certificate2 Certificate { get; }

    public string Pem => Certificate.ExportCertificatePem() + "\n";

    /// <summary>A device's certificate with its key, good from an hour ago to in an hour unless the test says otherwise.</summary>
    public X509Certificate2 Issue(
        string subject, TimeSpan? from = null, TimeSpan? until = null, string? usage = ClientAuth, string[]? names = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(new X500DistinguishedName(subject), key, HashAlgorithmName.SHA256);
        if (usage is not null)
        {
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        }

        if (names is not null)
        {
            var alternatives = new SubjectAlternativeNameBuilder();
            Array.ForEach(names, alternatives.AddDnsName);
            request.CertificateExtensions.Add(alternatives.Build());
        }

        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Certificate, true, false));
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = 0x55;
        using var issued = request.Create(
            Certificate.SubjectName, Generator(), _now + (from ?? TimeSpan.FromHours(-1)), _now + (until ?? TimeSpan.FromHours(1)), serial);
        return issued.CopyWithPrivateKey(key);
    }

    /// <summary>A revocation list in DER, good for a day unless the test says otherwise.</summary>
    public byte[] Revoke(int number, TimeSpan? until = null, params X509Certificate2[] revoked)
    {
        var list = new CertificateRevocationListBuilder();
        foreach (var certificate in revoked)
        {
            list.AddEntry(certificate);
        }

        return list.Build(
            Certificate, new BigInteger(number), _now + (until ?? TimeSpan.FromDays(1)), HashAlgorithmName.SHA256,
            RSASignaturePadding.Pkcs1, _now.AddDays(-2));
    }

    public X509SignatureGenerator Generator() => _key is RSA rsa
        ? X509SignatureGenerator.CreateForRSA(rsa, RSASignaturePadding.Pkcs1)
        : X509SignatureGenerator.CreateForECDsa((ECDsa)_key);

    public void Dispose()
    {
        Certificate.Dispose();
        _key.Dispose();
    }
}
