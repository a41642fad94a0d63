using System.Collections.Immutable;
using System.Net.Security;
using System.Numerics;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace OrleansIoT.Certificates;

/// <summary>
/// Which certificates are to be trusted: those of the configured authorities that none of their revocation lists names.
/// Replaced files count within seconds; one that is broken, foreign or older than before does not, and the last good one stays.
/// </summary>
public sealed partial class CertificateTrust : IDisposable
{
    /// <summary>How often it is looked whether something ends soon.</summary>
    private static readonly TimeSpan LookAhead = TimeSpan.FromHours(6);

    private readonly TrustFiles _files;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly FileWatch _watch;
    private readonly ITimer _ahead;
    private volatile State? _state;

    /// <exception cref="CertificateFileException">A file cannot be used, and there is no good one from before.</exception>
    public CertificateTrust(TrustFiles files, TimeProvider time, ILogger log)
    {
        (_files, _time, _log) = (files, time, log);
        _watch = new FileWatch([.. files.Authorities, .. files.RevocationLists], time, Load);
        _ahead = time.CreateTimer(_ => LogEnding(), null, LookAhead, LookAhead);
    }

    /// <summary>What the chain of a handshake that begins now has to satisfy.</summary>
    public X509ChainPolicy Policy() => _state!.Authorities.Policy(_time.GetUtcNow(), _files.Usages);

    /// <summary>For who is given a certificate and not a chain.</summary>
    /// <inheritdoc cref="Accept(X509Chain, SslPolicyErrors, out string?)"/>
    public VerifiedCertificate? Accept(X509Certificate2 certificate, out string? why)
    {
        using var chain = new X509Chain { ChainPolicy = Policy() };
        return Accept(chain, chain.Build(certificate) ? SslPolicyErrors.None : SslPolicyErrors.RemoteCertificateChainErrors, out why);
    }

    /// <param name="chain">Built under <see cref="Policy"/>.</param>
    /// <param name="errors">What TLS found wrong.</param>
    /// <param name="why">What is wrong, or null.</param>
    /// <returns>Null if it is not to be trusted.</returns>
    public VerifiedCertificate? Accept(X509Chain chain, SslPolicyErrors errors, out string? why)
    {
        var state = _state!;
        var elements = chain.ChainElements;
        if (errors != SslPolicyErrors.None || chain.ChainStatus.Length > 0 || elements.Count < 2)
        {
            var faults = chain.ChainStatus.Length > 0
                ? string.Join(", ", chain.ChainStatus.Select(status => status.Status))
                : $"no {_files.Whom}'s";
            why = $"its certificate does not verify: {faults}";
            return null;
        }

        var links = ImmutableArray.CreateBuilder<ChainLink>(elements.Count - 1);
        var notAfter = DateTimeOffset.MaxValue;
        for (var i = 0; i < elements.Count; i++)
        {
            var certificate = elements[i].Certificate;
            notAfter = notAfter < certificate.NotAfter ? notAfter : certificate.NotAfter;
            if (i + 1 < elements.Count)
            {
                links.Add(new ChainLink(Authority.KeyOf(elements[i + 1].Certificate), SerialOf(certificate)));
            }
        }

        why = links.Select(link => Fault(state, link)).FirstOrDefault(fault => fault is not null);
        return why is null ? new VerifiedCertificate(links.ToImmutable(), notAfter, this) : null;
    }

    internal bool IsOver(VerifiedCertificate certificate)
    {
        var state = _state!;
        if (_time.GetUtcNow() > certificate.NotAfter || !state.Authorities.Trusts(certificate.Chain[^1].Authority))
        {
            return true;
        }

        foreach (var link in certificate.Chain)
        {
            // A list that is late keeps new connections out; those that are there stay, until a list names them.
            if (state.Lists.TryGetValue(link.Authority, out var list) && list.Revokes(link.Serial))
            {
                return true;
            }
        }

        return false;
    }

    public void Dispose()
    {
        _ahead.Dispose();
        _watch.Dispose();
    }

    /// <summary>Fails closed: where revocation is to be checked and cannot be, a certificate is refused.</summary>
    private string? Fault(State state, ChainLink link)
    {
        if (_files.RevocationLists.Count == 0)
        {
            return null;
        }

        if (!state.Lists.TryGetValue(link.Authority, out var list))
        {
            return _files.AcceptUnknownRevocation ? null : "there is no revocation list of its issuer";
        }

        return list.Revokes(link.Serial) ? "its certificate is revoked"
            : _files.AcceptUnknownRevocation || _time.GetUtcNow() <= list.NextUpdate ? null
            : "the revocation list of its issuer is past its next update";
    }

    private void Load()
    {
        var before = _state;
        TrustedAuthorities authorities;
        try
        {
            authorities = TrustedAuthorities.Read(_files.Authorities, _files.Whom);
        }
        catch (CertificateFileException e) when (before is not null)
        {
            LogKept(_log, e.Message);
            authorities = before.Authorities;
        }

        var lists = new Dictionary<string, RevocationList>();
        foreach (var path in _files.RevocationLists)
        {
            try
            {
                foreach (var (authority, list) in ReadLists(path, authorities))
                {
                    Keep(lists, authority, list);
                }
            }
            catch (CertificateFileException e) when (before is not null)
            {
                LogKept(_log, e.Message);
            }
        }

        foreach (var (authority, list) in before?.Lists ?? [])
        {
            if (lists.TryGetValue(authority, out var newer) && newer.IsOlderThan(list))
            {
                LogOlder(_log, newer.Number, list.Number);
            }

            if (authorities.All.Any(known => Authority.KeyOf(known) == authority))
            {
                Keep(lists, authority, list);
            }
        }

        _state = new State(authorities, lists);
        LogLoaded(_log, _files.Whom, authorities.All.Length, lists.Count, lists.Values.Sum(list => list.Count));
        LogEnding();
    }

    private IEnumerable<(string Authority, RevocationList List)> ReadLists(string path, TrustedAuthorities authorities)
    {
        IReadOnlyList<RevocationList> lists;
        try
        {
            if (new FileInfo(path).Length > _files.MaxRevocationListBytes)
            {
                throw new FormatException($"it has more than {_files.MaxRevocationListBytes} bytes");
            }

            lists = RevocationList.ReadAll(File.ReadAllBytes(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            throw new CertificateFileException($"The revocation list {path} cannot be used: {e.Message}", e);
        }

        foreach (var list in lists)
        {
            yield return authorities.All.FirstOrDefault(list.IsIssuedBy) is { } issuer
                ? (Authority.KeyOf(issuer), list)
                : throw new CertificateFileException($"The revocation list {path} cannot be used: none of the {_files.Whom} CAs has issued it.");
        }
    }

    private static void Keep(Dictionary<string, RevocationList> lists, string authority, RevocationList list)
    {
        if (!lists.TryGetValue(authority, out var other) || other.IsOlderThan(list))
        {
            lists[authority] = list;
        }
    }

    /// <summary>What is late, or will be soon enough for somebody to do something about it.</summary>
    private void LogEnding()
    {
        var (authorities, lists) = _state!;
        var now = _time.GetUtcNow();
        foreach (var list in lists.Values)
        {
            var issuer = new X500DistinguishedName(list.Issuer.Span).Name;
            if (list.NextUpdate < now)
            {
                LogLate(_log, issuer, list.NextUpdate.UtcDateTime);
            }
            else if (list.HalfLife < now)
            {
                LogOld(_log, issuer, list.NextUpdate.UtcDateTime);
            }
        }

        foreach (var authority in authorities.All.Where(authority => authority.NotAfter - ServerCertificate.WarnBefore < now))
        {
            LogEnds(_log, authority.Subject, authority.NotAfter.ToUniversalTime());
        }
    }

    private static BigInteger SerialOf(X509Certificate2 certificate) =>
        new(certificate.SerialNumberBytes.Span, isUnsigned: false, isBigEndian: true);

    private sealed record State(TrustedAuthorities Authorities, Dictionary<string, RevocationList> Lists);
}
