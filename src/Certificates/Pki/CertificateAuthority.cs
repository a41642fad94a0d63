using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OrleansIoT.Certificates.Pki;

/// <summary>
/// A certification authority in a directory: <c>ca.crt</c> and <c>ca.key</c>, <c>crl.pem</c>, <c>issued/NAME.crt</c> and
/// <c>.key</c>, and <c>index.json</c>. Several processes may use it at once; ADR 0024.
/// </summary>
public sealed partial class CertificateAuthority
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(7_300);

    private readonly PkiFiles _files;
    private readonly TimeProvider _time;

    private CertificateAuthority(PkiFiles files, TimeProvider time) => (_files, _time) = (files, time);

    /// <summary>What whoever trusts its certificates needs.</summary>
    public string CertificateFile => _files.Authority;

    public string RevocationListFile => _files.RevocationList;

    public string CertificateFileOf(string name) => _files.CertificateOf(name);

    public string KeyFileOf(string name) => _files.KeyOf(name);

    /// <summary>Makes an authority where there is none.</summary>
    /// <param name="directory">Where; created if missing.</param>
    /// <param name="name">Its own; null for one that nobody else has.</param>
    /// <param name="listLifetime">From a revocation list to the next one at the latest, 1 hour to 7 days.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="PkiException">There is one, or a value is senseless.</exception>
    public static CertificateAuthority Create(string directory, string? name, TimeSpan listLifetime, TimeProvider time)
    {
        // Two with one name and two keys confuse whoever trusts both.
        name ??= $"OrleansIoT-CA-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}";
        if (!OrderRules.IsName(name))
        {
            throw new PkiException($"'{name}' is no name for a CA: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'.");
        }

        if (listLifetime < TimeSpan.FromHours(1) || listLifetime > TimeSpan.FromDays(7))
        {
            throw new PkiException("A revocation list is good for 1 to 168 hours.");
        }

        var files = new PkiFiles(directory);
        var authority = new CertificateAuthority(files, time);
        using (files.Lock())
        {
            if (File.Exists(files.Authority) || (File.Exists(files.Index) && files.ReadIndex().Certificates.Count > 0))
            {
                throw new PkiException($"There is a certification authority in {files.Path} already.");
            }

            using var key = PkiFiles.Key(files.AuthorityKey);
            using var made = CertificateForms.MakeAuthority(name, key, time.GetUtcNow(), Lifetime);
            var index = new PkiIndex(0, listLifetime, []);
            files.WriteIndex(index);
            PrivateFile.Write(files.Authority, made.ExportCertificatePem() + "\n");
            authority.Publish(index);
        }

        return authority;
    }

    /// <exception cref="PkiException">There is none.</exception>
    public static CertificateAuthority Open(string directory, TimeProvider time)
    {
        var authority = new CertificateAuthority(new PkiFiles(directory), time);
        authority._files.ReadIndex();
        using var certificate = authority.Read();
        return authority;
    }

    /// <summary>Everything that it has issued, in that order.</summary>
    public IReadOnlyList<IssuedCertificate> List() => _files.ReadIndex().Certificates;

    /// <summary>The end of its own certificate.</summary>
    public DateTimeOffset NotAfter()
    {
        using var certificate = ReadCertificate();
        return certificate.NotAfter;
    }

    private X509Certificate2 Read()
    {
        using var certificate = ReadCertificate();
        if (!File.Exists(_files.AuthorityKey))
        {
            throw new PkiException($"The key {_files.AuthorityKey} is missing.");
        }

        using var key = PkiFiles.Key(_files.AuthorityKey);
        try
        {
            return certificate.CopyWithPrivateKey(key);
        }
        catch (ArgumentException e)
        {
            throw new PkiException($"The key {_files.AuthorityKey} is not the one of {_files.Authority}.", e);
        }
    }

    private X509Certificate2 ReadCertificate()
    {
        try
        {
            return X509Certificate2.CreateFromPem(File.ReadAllText(_files.Authority));
        }
        catch (Exception e) when (e is IOException or CryptographicException)
        {
            throw new PkiException($"The certificate {_files.Authority} cannot be read: {e.Message}", e);
        }
    }
}
