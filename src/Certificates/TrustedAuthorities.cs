using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OrleansIoT.Certificates;

/// <summary>Certification authorities, from files of PEM: those that signed themselves are trusted, others lead to them.</summary>
public sealed class TrustedAuthorities
{
    private readonly HashSet<string> _roots;

    private TrustedAuthorities(ImmutableArray<X509Certificate2> all)
    {
        All = all;
        _roots = [.. all.Where(Authority.IsRoot).Select(Authority.KeyOf)];
    }

    public ImmutableArray<X509Certificate2> All { get; }

    public bool Trusts(string authority) => _roots.Contains(authority);

    /// <summary>No root but these, for these usages, at this moment, and nothing fetched from anywhere.</summary>
    public X509ChainPolicy Policy(DateTimeOffset now, IEnumerable<string> usages)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck, // what .NET offers asks the network; the lists are checked by us
            DisableCertificateDownloads = true,
            VerificationTime = now.UtcDateTime,
            VerificationTimeIgnored = false,
        };
        foreach (var usage in usages)
        {
            policy.ApplicationPolicy.Add(new Oid(usage)); // who names no usage has all (RFC 5280 section 4.2.1.12)
        }

        foreach (var certificate in All)
        {
            (Authority.IsRoot(certificate) ? policy.CustomTrustStore : policy.ExtraStore).Add(certificate);
        }

        return policy;
    }

    /// <param name="paths">The files.</param>
    /// <param name="whom">Whose authorities they are, for messages.</param>
    /// <exception cref="CertificateFileException">A file cannot be read, has none, or no root is among them.</exception>
    public static TrustedAuthorities Read(IReadOnlyList<string> paths, string whom)
    {
        var all = new X509Certificate2Collection();
        foreach (var path in paths)
        {
            var before = all.Count;
            try
            {
                all.ImportFromPem(File.ReadAllText(path));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
            {
                throw new CertificateFileException($"The {whom} CA {path} cannot be read: {e.Message}", e);
            }

            if (all.Count == before)
            {
                throw new CertificateFileException($"The {whom} CA {path} has no certificate in PEM.");
            }
        }

        var authorities = new TrustedAuthorities([.. all]);
        return authorities._roots.Count > 0
            ? authorities
            : throw new CertificateFileException($"The {whom} CA {string.Join(", ", paths)} has no root: an intermediate CA alone is not trusted, add the one that signed itself.");
    }
}
