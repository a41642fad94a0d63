using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansIoT.Certificates;
using OrleansIoT.History;

namespace OrleansIoT.Silo;

/// <summary>
/// A certification authority and a server's certificate of its own, for who has none yet: TLS from the first minute, and
/// clients that check it. Made at the first start and renewed long before they end, over the same keys, so that who trusts
/// the CA need not be told. The keys are where the other private ones are, <c>keys</c>; the certificates in <c>tls</c>.
/// </summary>
public sealed partial class DevelopmentCertificates : IDisposable
{
    private static readonly TimeSpan CaLifetime = TimeSpan.FromDays(3_650);

    /// <summary>Browsers take none that lives longer than 398 days.</summary>
    private static readonly TimeSpan ServerLifetime = TimeSpan.FromDays(397);

    private static readonly TimeSpan RenewBefore = TimeSpan.FromDays(30);

    /// <summary>The CA ends after every certificate that it gives.</summary>
    private static readonly TimeSpan RenewCaBefore = ServerLifetime + RenewBefore;

    /// <summary>For devices whose clocks are late.</summary>
    private static readonly TimeSpan ClocksDiffer = TimeSpan.FromDays(1);

    private readonly string _caKeyFile;
    private readonly TimeProvider _time;
    private readonly ILogger<DevelopmentCertificates> _log;
    private readonly ITimer _timer;

    /// <exception cref="UnauthorizedAccessException">Others than the owner have a right to the keys.</exception>
    public DevelopmentCertificates(DataDirectory data, TimeProvider time, ILogger<DevelopmentCertificates> log)
    {
        (_time, _log) = (time, log);
        _caKeyFile = data.PathOf("keys/tls-ca.pem");
        KeyFile = data.PathOf("keys/tls-server.pem");
        CaFile = CaFileIn(data.Path);
        ServerFile = ServerFileIn(data.Path);
        Directory.CreateDirectory(Path.GetDirectoryName(CaFile)!);
        Renew();
        _timer = time.CreateTimer(_ => RenewInTime(), null, TimeSpan.FromHours(1), TimeSpan.FromHours(1));
    }

    /// <summary>What clients trust.</summary>
    public string CaFile { get; }

    public string ServerFile { get; }

    public string KeyFile { get; }

    public static string CaFileIn(string data) => Path.Combine(Path.GetFullPath(data), "tls", "ca.crt");

    public static string ServerFileIn(string data) => Path.Combine(Path.GetFullPath(data), "tls", "server.crt");

    public void Dispose() => _timer.Dispose();

    private void RenewInTime()
    {
        try
        {
            Renew();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            LogNotRenewed(_log, e.Message); // there are 30 days of hours to come
        }
    }

    /// <summary>Makes what is not there, what cannot be read, and what ends soon.</summary>
    private void Renew()
    {
        using var caKey = KeyOf(_caKeyFile);
        using var key = KeyOf(KeyFile);
        if (!IsGood(CaFile, caKey, RenewCaBefore))
        {
            using var made = MakeCa(caKey);
            Write(CaFile, made);
        }

        using var ca = X509Certificate2.CreateFromPem(File.ReadAllText(CaFile)).CopyWithPrivateKey(caKey);
        if (!IsGood(ServerFile, key, RenewBefore) || !IsOurs(ServerFile, ca))
        {
            using var made = MakeServer(key, ca);
            Write(ServerFile, made);
            LogMade(_log, ServerFile, made.NotAfter.ToUniversalTime());
        }
    }

    private static ECDsa KeyOf(string file)
    {
        var key = ECDsa.Create();
        key.ImportFromPem(PrivateFile.ReadOrCreate(file, () =>
        {
            using var made = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            return made.ExportPkcs8PrivateKeyPem() + "\n";
        }));
        return key;
    }

    private bool IsGood(string file, ECDsa key, TimeSpan before)
    {
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(File.ReadAllText(file));
            return certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo())
                   && _time.GetUtcNow() < certificate.NotAfter - before;
        }
        catch (Exception e) when (e is IOException or CryptographicException)
        {
            return false;
        }
    }

    /// <summary>Given by this CA, to this machine under the name that it has now.</summary>
    private bool IsOurs(string file, X509Certificate2 ca)
    {
        using var certificate = X509Certificate2.CreateFromPem(File.ReadAllText(file));
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(ca);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = _time.GetUtcNow().UtcDateTime;
        chain.ChainPolicy.VerificationTimeIgnored = false;
        return chain.Build(certificate) && (MachineName is null || certificate.MatchesHostname(MachineName));
    }

    private X509Certificate2 MakeCa(ECDsa key)
    {
        // A name of its own: two with one name and two keys confuse whoever trusts both.
        var fingerprint = Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()).AsSpan(0, 4));
        var request = new CertificateRequest($"CN=OrleansIoT development CA {fingerprint}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(X509BasicConstraintsExtension.CreateForCertificateAuthority(pathLengthConstraint: 0));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        var now = _time.GetUtcNow();
        return request.CreateSelfSigned(now - ClocksDiffer, now + CaLifetime);
    }

    private X509Certificate2 MakeServer(ECDsa key, X509Certificate2 ca)
    {
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(X509BasicConstraintsExtension.CreateForEndEntity());
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false)); // serverAuth
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(ca, true, false));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        names.AddIpAddress(IPAddress.IPv6Loopback);
        if (MachineName is { } machine)
        {
            names.AddDnsName(machine);
        }

        request.CertificateExtensions.Add(names.Build());
        var now = _time.GetUtcNow();
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)((serial[0] & 0x7f) | 0x40); // positive, and none of its bytes superfluous (RFC 5280 section 4.1.2.2)
        return request.Create(ca, now - ClocksDiffer, now + ServerLifetime, serial);
    }

    /// <summary>Null where it is nothing that a certificate could name.</summary>
    private static string? MachineName =>
        Uri.CheckHostName(Environment.MachineName) == UriHostNameType.Dns ? Environment.MachineName : null;

    /// <summary>Whole or not at all.</summary>
    private static void Write(string file, X509Certificate2 certificate)
    {
        var draft = $"{file}.{Path.GetRandomFileName()}";
        File.WriteAllText(draft, certificate.ExportCertificatePem() + "\n");
        File.Move(draft, file, overwrite: true);
    }

    [LoggerMessage(LogLevel.Debug, "Made the development certificate {File}, good until {NotAfter:u}")]
    private static partial void LogMade(ILogger log, string file, DateTime notAfter);

    [LoggerMessage(LogLevel.Error, "The development certificate could not be renewed: {Why}")]
    private static partial void LogNotRenewed(ILogger log, string why);
}
