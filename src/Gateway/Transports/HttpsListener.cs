using System.Net.Security;
using System.Security.Authentication;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansIoT.Certificates;

namespace OrleansIoT.Gateway.Transports;

/// <summary>HTTP over TLS 1.2 and 1.3, as HTTP/2 for whoever offers it in the handshake (ALPN, RFC 7301) and else as HTTP/1.1.</summary>
internal sealed class HttpsListener(IOptions<GatewayOptions> gateway, TimeProvider time, ILogger<ServerCertificate> log) : IDisposable
{
    private static readonly List<SslApplicationProtocol> Protocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11];

    private ServerCertificate? _certificate;
    private ListenOptions? _listen;

    /// <summary>Where it listens; null if there is none.</summary>
    public int? Port => _listen?.IPEndPoint?.Port;

    /// <exception cref="CertificateFileException">A file of the options cannot be used.</exception>
    public void Use(ListenOptions listen)
    {
        var options = gateway.Value;
        _certificate = new ServerCertificate(
            options.TlsCertificate ?? throw new InvalidOperationException("A TLS listener has a certificate."),
            options.TlsKey!,
            time,
            log);
        _listen = listen;
        listen.Protocols = HttpProtocols.Http1AndHttp2;
        listen.LimitConnections();
        listen.UseHttps(new TlsHandshakeCallbackOptions
        {
            HandshakeTimeout = options.TlsHandshakeTimeout,
            OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
            {
                ServerCertificateContext = _certificate.Current,
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                ApplicationProtocols = Protocols,
                AllowRenegotiation = false,
            }),
        });
    }

    public void Dispose() => _certificate?.Dispose();
}
