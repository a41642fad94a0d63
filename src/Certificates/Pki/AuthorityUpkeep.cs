using Microsoft.Extensions.Logging;

namespace OrleansIoT.Certificates.Pki;

/// <summary>
/// What an authority needs somebody to do while nobody is there: its revocation list is published anew when half its life
/// is over, and the log says a week ahead which certificates end.
/// </summary>
public sealed partial class AuthorityUpkeep : IDisposable
{
    /// <summary>Half the life of a list is 30 minutes at least.</summary>
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan WarningPeriod = TimeSpan.FromDays(1);

    private readonly CertificateAuthority _authority;
    private readonly TimeProvider _time;
    private readonly ILogger<AuthorityUpkeep> _log;
    private readonly Lock _looking = new();
    private readonly ITimer _timer;
    private DateTimeOffset _warned;
    private bool _hasFailed;

    public AuthorityUpkeep(CertificateAuthority authority, TimeProvider time, ILogger<AuthorityUpkeep> log)
    {
        (_authority, _time, _log) = (authority, time, log);
        _timer = time.CreateTimer(_ => Look(), null, TimeSpan.Zero, Period);
    }

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        if (!_looking.TryEnter())
        {
            return; // the look before has not finished
        }

        try
        {
            if (_authority.RenewList() is { } nextUpdate)
            {
                LogPublished(_log, _authority.RevocationListFile, nextUpdate.UtcDateTime);
            }

            _hasFailed = false;
            if (_time.GetUtcNow() - _warned >= WarningPeriod)
            {
                _warned = _time.GetUtcNow();
                LogEnding();
            }
        }
        catch (Exception e) when (e is PkiException or IOException or UnauthorizedAccessException)
        {
            // Once until it works again; whoever reads the list says when it is late.
            if (!_hasFailed)
            {
                _hasFailed = true;
                LogNotPublished(_log, e.Message);
            }
        }
        finally
        {
            _looking.Exit();
        }
    }

    private void LogEnding()
    {
        var now = _time.GetUtcNow();
        if (_authority.NotAfter() is var end && end - ServerCertificate.WarnBefore < now)
        {
            LogAuthorityEnds(_log, _authority.CertificateFile, end.UtcDateTime);
        }

        // Of a renewed one the end of the last counts.
        foreach (var newest in _authority.List().GroupBy(certificate => certificate.Name).Select(group => group.Last()))
        {
            if (newest.IsGood(now) && newest.NotAfter - ServerCertificate.WarnBefore < now)
            {
                LogEnds(_log, newest.Name, newest.NotAfter.UtcDateTime);
            }
        }
    }

    [LoggerMessage(LogLevel.Information, "Published the revocation list {File}; the next one comes before {NextUpdate:u}")]
    private static partial void LogPublished(ILogger log, string file, DateTime nextUpdate);

    [LoggerMessage(LogLevel.Error, "The revocation list was not renewed: {Why}")]
    private static partial void LogNotPublished(ILogger log, string why);

    [LoggerMessage(LogLevel.Warning, "The CA {File} ends on {NotAfter:u}, and with it every certificate that it has issued")]
    private static partial void LogAuthorityEnds(ILogger log, string file, DateTime notAfter);

    [LoggerMessage(LogLevel.Warning, "The certificate of {Name} ends on {NotAfter:u}; --pki renew {Name} renews it")]
    private static partial void LogEnds(ILogger log, string name, DateTime notAfter);
}
