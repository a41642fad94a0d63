using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Net.Security;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using OrleansIoT.DeviceEdge.Transports;
using OrleansIoT.Devices;

namespace OrleansIoT.DeviceEdge.Identity;

/// <summary>
/// Which client certificates are devices: those of the configured authorities that none of their revocation lists names.
/// Replaced files count within seconds; one that is broken, foreign or older than before does not, and the last good one stays.
/// </summary>
internal sealed partial class DeviceTrust : IDisposable
{
    private const string CommonName = "2.5.4.3";

    private readonly DeviceEdgeOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<DeviceTrust> _log;
    private readonly FileWatch _watch;
    private volatile State? _state;

    /// <exception cref="CertificateFileException">A file cannot be used, and there is no good one from before.</exception>
    public DeviceTrust(DeviceEdgeOptions options, TimeProvider time, ILogger<DeviceTrust> log)
    {
        (_options, _time, _log) = (options, time, log);
        _watch = new FileWatch([.. options.DeviceCa, .. options.DeviceCrl], time, Load);
    }

    /// <summary>What the chain of a handshake that begins now has to satisfy.</summary>
    public X509ChainPolicy Policy() => _state!.Authorities.Policy(_time.GetUtcNow());

    /// <param name="chain">Built under <see cref="Policy"/>.</param>
    /// <param name="errors">What TLS found wrong.</param>
    /// <param name="why">What is wrong, or null.</param>
    /// <returns>Null if it is not to be trusted.</returns>
    public DeviceCertificate? Accept(X509Chain chain, SslPolicyErrors errors, out string? why)
    {
        var state = _state!;
        var elements = chain.ChainElements;
        if (errors != SslPolicyErrors.None || chain.ChainStatus.Length > 0 || elements.Count < 2)
        {
            var faults = chain.ChainStatus.Length > 0 ? string.Join(", ", chain.ChainStatus.Select(status => status.Status)) : "no device's";
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

        var device = NameOf(elements[0].Certificate);
        why = DeviceId.IsValid(device, out _)
            ? links.Select(link => Fault(state, link)).FirstOrDefault(fault => fault is not null)
            : "the common name of its certificate is no device id";
        return why is null ? new DeviceCertificate(device!, links.ToImmutable(), notAfter, this) : null;
    }

    public bool IsOver(DeviceCertificate certificate)
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

    public void Dispose() => _watch.Dispose();

    /// <summary>Fails closed: where revocation is to be checked and cannot be, a certificate is refused.</summary>
    private string? Fault(State state, ChainLink link)
    {
        if (_options.DeviceCrl.Count == 0)
        {
            return null;
        }

        if (!state.Lists.TryGetValue(link.Authority, out var list))
        {
            return _options.AcceptUnknownRevocation ? null : "there is no revocation list of its issuer";
        }

        return list.Revokes(link.Serial) ? "its certificate is revoked"
            : _options.AcceptUnknownRevocation || _time.GetUtcNow() <= list.NextUpdate ? null
            : "the revocation list of its issuer is past its next update";
    }

    private void Load()
    {
        var before = _state;
        TrustedAuthorities authorities;
        try
        {
            authorities = TrustedAuthorities.Read(_options.DeviceCa);
        }
        catch (CertificateFileException e) when (before is not null)
        {
            LogKept(_log, e.Message);
            authorities = before.Authorities;
        }

        var lists = new Dictionary<string, RevocationList>();
        foreach (var path in _options.DeviceCrl)
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
        LogState(authorities.All.Length, lists);
    }

    private IEnumerable<(string Authority, RevocationList List)> ReadLists(string path, TrustedAuthorities authorities)
    {
        IReadOnlyList<RevocationList> lists;
        try
        {
            if (new FileInfo(path).Length > _options.MaxRevocationListBytes)
            {
                throw new FormatException($"it has more than {_options.MaxRevocationListBytes} bytes");
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
                : throw new CertificateFileException($"The revocation list {path} cannot be used: none of the device CAs has issued it.");
        }
    }

    private static void Keep(Dictionary<string, RevocationList> lists, string authority, RevocationList list)
    {
        if (!lists.TryGetValue(authority, out var other) || other.IsOlderThan(list))
        {
            lists[authority] = list;
        }
    }

    private void LogState(int authorities, Dictionary<string, RevocationList> lists)
    {
        LogLoaded(_log, authorities, lists.Count, lists.Values.Sum(list => list.Count));
        foreach (var list in lists.Values.Where(list => list.NextUpdate < _time.GetUtcNow()))
        {
            LogLate(_log, new X500DistinguishedName(list.Issuer.Span).Name, list.NextUpdate.UtcDateTime);
        }
    }

    private static BigInteger SerialOf(X509Certificate2 certificate) =>
        new(certificate.SerialNumberBytes.Span, isUnsigned: false, isBigEndian: true);

    /// <returns>Null unless the subject has exactly one common name.</returns>
    private static string? NameOf(X509Certificate2 certificate)
    {
        try
        {
            var names = certificate.SubjectName.EnumerateRelativeDistinguishedNames()
                .Where(part => !part.HasMultipleElements && part.GetSingleElementType().Value == CommonName)
                .Select(part => part.GetSingleElementValue())
                .ToList();
            return names is [{ } name] ? name : null;
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException)
        {
            return null; // nothing that can be read
        }
    }

    private sealed record State(TrustedAuthorities Authorities, Dictionary<string, RevocationList> Lists);
}
