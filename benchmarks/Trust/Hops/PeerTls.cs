using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansIoT.Benchmarks.Trust.Tokens;
using OrleansIoT.Certificates;

namespace OrleansIoT.Benchmarks.Trust.Hops;

/// <summary>
/// Mutual TLS as silos have it (ADR 0027): TLS 1.3, nothing resumed, chain, usage and revocation list checked by
/// <see cref="CertificateTrust"/> on both sides, no host names.
/// </summary>
/// <param name="folder">Of the run's secrets.</param>
/// <param name="name">Whose certificate is shown; null for none.</param>
internal sealed class PeerTls(string folder, string? name) : IDisposable
{
    private readonly CertificateTrust _clients = Trust(folder, KeyUsages.ClientAuth);
    private readonly CertificateTrust _servers = Trust(folder, KeyUsages.ServerAuth);
    private readonly SslStreamCertificateContext? _own = name is null ? null : Own(RunKeys.CertificateIn(folder, name));

    public SslServerAuthenticationOptions ForServer() => new()
    {
        EnabledSslProtocols = SslProtocols.Tls13,
        AllowTlsResume = false,
        ServerCertificateContext = _own,
        ClientCertificateRequired = true,
        CertificateChainPolicy = _clients.Policy(),
        RemoteCertificateValidationCallback = (_, _, chain, errors) => IsPeer(_clients, chain, errors),
    };

    public async Task<Stream> Connect(Stream stream, CancellationToken cancellation)
    {
        var tls = new SslStream(stream);
        try
        {
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = "peer",
                    EnabledSslProtocols = SslProtocols.Tls13,
                    AllowTlsResume = false,
                    ClientCertificateContext = _own,
                    CertificateChainPolicy = _servers.Policy(),
                    RemoteCertificateValidationCallback = (_, _, chain, errors) => IsPeer(_servers, chain, errors),
                },
                cancellation);
            return tls;
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }
    }

    public void Dispose()
    {
        _clients.Dispose();
        _servers.Dispose();
    }

    private static bool IsPeer(CertificateTrust trust, X509Chain? chain, SslPolicyErrors errors) =>
        chain is not null && trust.Accept(chain, errors & ~SslPolicyErrors.RemoteCertificateNameMismatch, out _) is not null;

    private static CertificateTrust Trust(string folder, string usage) => new(
        new TrustFiles("peer", [RunKeys.CaIn(folder)], [RunKeys.RevocationListIn(folder)]) { Usages = [usage, KeyUsages.ClusterPeer] },
        TimeProvider.System,
        NullLogger.Instance);

    private static SslStreamCertificateContext Own((string Certificate, string Key) files) => SslStreamCertificateContext.Create(
        X509Certificate2.CreateFromPemFile(files.Certificate, files.Key), null, offline: true);
}
