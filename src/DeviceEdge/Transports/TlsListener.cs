using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Security.Authentication;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;
using OrleansIoT.Certificates;
using OrleansIoT.DeviceEdge.Identity;
using OrleansIoT.DeviceEdge.Mqtt;

namespace OrleansIoT.DeviceEdge.Transports;

/// <summary>
/// TLS before MQTT. Nothing behind it sees a byte before the handshake is complete; what fails there is closed, with one
/// log line a second at most.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore whose wait handle nobody asks for holds nothing to give back.")]
internal sealed partial class TlsListener(
    ServerCertificate certificate, DeviceTrust? trust, DeviceEdgeOptions options, DeviceEdgeMetrics metrics, LogLimit limit, ILogger<TlsListener> log)
{
    /// <summary>As registered with IANA. A client that names another protocol speaks to the wrong port.</summary>
    private static readonly List<SslApplicationProtocol> Protocols = [new("mqtt")];

    private readonly SemaphoreSlim _turns = new(options.MaxTlsHandshakes);
    private int _connections;

    public void Use(ListenOptions listen)
    {
        listen.Use(next => connection => Admit(connection, next));
        listen.UseHttps(new TlsHandshakeCallbackOptions
        {
            OnConnection = Negotiate,
            HandshakeTimeout = options.TlsHandshakeTimeout,
        });
        listen.Use(next => connection =>
        {
            connection.Features.GetRequiredFeature<Handshake>().Complete();
            return next(connection);
        });
    }

    private async Task Admit(ConnectionContext connection, ConnectionDelegate next)
    {
        try
        {
            if (Interlocked.Increment(ref _connections) > options.MaxConnections)
            {
                Refuse(connection, ReasonCode.QuotaExceeded, "there are too many connections");
            }
            else if (!await _turns.WaitAsync(options.TlsHandshakeTimeout))
            {
                Refuse(connection, ReasonCode.QuotaExceeded, "too many TLS handshakes are under way");
            }
            else
            {
                await Pass(connection, next);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _connections);
        }
    }

    private async Task Pass(ConnectionContext connection, ConnectionDelegate next)
    {
        using var handshake = new Handshake(_turns);
        connection.Features.Set(handshake);
        await next(connection);
        if (!handshake.IsComplete)
        {
            Refuse(connection, ReasonCode.NotAuthorized, handshake.Fault ?? "no TLS handshake of version 1.2 or 1.3 was completed");
        }
    }

    private ValueTask<SslServerAuthenticationOptions> Negotiate(TlsHandshakeCallbackContext context)
    {
        var features = context.Connection.Features;
        var tls = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = certificate.Current,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ApplicationProtocols = Protocols,
            AllowRenegotiation = false,
        };
        if (trust is not null)
        {
            tls.ClientCertificateRequired = true; // asks for one; that there is none is for CONNECT to judge
            tls.CertificateChainPolicy = trust.Policy();
            tls.AllowTlsResume = false; // a resumed session would bring its certificate along, unchecked
            tls.RemoteCertificateValidationCallback = (_, shown, chain, errors) =>
            {
                if (shown is null)
                {
                    return true;
                }

                var accepted = trust.Accept(chain!, errors, out var why);
                features.Set(accepted);
                features.GetRequiredFeature<Handshake>().Fault = why;
                return accepted is not null;
            };
        }

        return ValueTask.FromResult(tls);
    }

    private void Refuse(ConnectionContext connection, ReasonCode reason, string why)
    {
        metrics.ConnectionRefused(reason);
        if (limit.MayLog(out var leftOut))
        {
            LogRefused(log, connection.RemoteEndPoint, why, leftOut);
        }
    }

    /// <summary>A handshake that is under way and has its turn, which it gives back once.</summary>
    private sealed class Handshake(SemaphoreSlim turns) : IDisposable
    {
        public bool IsComplete { get; private set; }

        /// <summary>What is wrong with the client's certificate.</summary>
        public string? Fault { get; set; }

        public void Complete()
        {
            IsComplete = true;
            turns.Release();
        }

        public void Dispose()
        {
            if (!IsComplete)
            {
                turns.Release();
            }
        }
    }
}
