using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace OrleansIoT.Certificates;

/// <summary>
/// What the server shows in a TLS handshake, from a file with its certificate and those that lead to its CA, and one with
/// the key (PEM). Replaced files count from the next handshake on; while they do not fit together, the ones before do.
/// </summary>
public sealed partial class ServerCertificate : IDisposable
{
    /// <summary>So long before the end of a certificate the log begins to say so.</summary>
    public static readonly TimeSpan WarnBefore = TimeSpan.FromDays(7);

    private static readonly TimeSpan LookAhead = TimeSpan.FromHours(12);

    private readonly string _certificate;
    private readonly string _key;
    private readonly TimeProvider _time;
    private readonly ILogger<ServerCertificate> _log;
    private readonly FileWatch _watch;
    private readonly ITimer _ahead;
    private volatile SslStreamCertificateContext? _current;
    private bool _isBroken;

    /// <exception cref="CertificateFileException">A file cannot be read, or they do not fit together.</exception>
    public ServerCertificate(string certificate, string key, TimeProvider time, ILogger<ServerCertificate> log)
    {
        (_certificate, _key, _time, _log) = (certificate, key, time, log);
        _watch = new FileWatch([certificate, key], time, Load);
        _ahead = time.CreateTimer(_ => LogEnding(), null, LookAhead, LookAhead);
    }

    public SslStreamCertificateContext Current => _current!;

    public void Dispose()
    {
        _ahead.Dispose();
        _watch.Dispose();
    }

    private void Load()
    {
        try
        {
            var isReload = _current is not null;
            _current = Read();
            _isBroken = false;
            LogLoaded(isReload);
        }
        catch (CertificateFileException e) when (_current is not null)
        {
            // Once, however long somebody takes to write the other file.
            if (!_isBroken)
            {
                _isBroken = true;
                LogKept(_log, e.Message);
            }
        }
    }

    private SslStreamCertificateContext Read()
    {
        try
        {
            var pem = File.ReadAllText(_certificate);
            var issuers = new X509Certificate2Collection();
            issuers.ImportFromPem(pem);
            issuers.RemoveAt(0); // the server's own
            return SslStreamCertificateContext.Create(
                X509Certificate2.CreateFromPem(pem, File.ReadAllText(_key)), issuers, offline: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new CertificateFileException($"The certificate {_certificate} with the key {_key} cannot be used: {e.Message}", e);
        }
    }

    private void LogLoaded(bool isReload)
    {
        if (isReload)
        {
            var leaf = _current!.TargetCertificate;
            LogReplaced(_log, leaf.Subject, leaf.NotAfter.ToUniversalTime());
        }

        LogEnding();
    }

    private void LogEnding()
    {
        var leaf = _current!.TargetCertificate;
        var (notBefore, notAfter) = (leaf.NotBefore.ToUniversalTime(), leaf.NotAfter.ToUniversalTime());
        var now = _time.GetUtcNow().UtcDateTime;
        if (now < notBefore || now > notAfter)
        {
            LogNotValid(_log, leaf.Subject, notBefore, notAfter);
        }
        else if (now > notAfter - WarnBefore)
        {
            LogEndsSoon(_log, leaf.Subject, notAfter);
        }
    }
}
