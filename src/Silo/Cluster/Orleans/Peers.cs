using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Orleans.Configuration;
using Orleans.Connections.Security;
using OrleansIoT.Certificates;
using OrleansIoT.Silo.Trust;

namespace OrleansIoT.Silo.Cluster.Orleans;

/// <summary>
/// The processes of a cluster show each other certificates of the cluster's CA, over TLS 1.3, on each of Orleans' connections
/// and on both sides. Orleans asks for revoked ones online or not at all, and a callback of ours takes the place of all its
/// checks, so chain, usage, role and revocation list are checked here; and a connection whose peer is revoked or expires
/// meanwhile is ended. A process's role is the organizational unit of its certificate's subject.
/// </summary>
internal sealed partial class Peers : IDisposable
{
    private const string OrganizationalUnit = "2.5.4.11";

    private static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private static readonly string[] Silos = ["silo"];

    private static readonly string[] Everybody = ["silo", "gateway", "edge"];

    private readonly TimeProvider _clock;
    private readonly ILogger<Peers> _logger;
    private readonly ServerCertificate _own;
    private readonly CertificateTrust _clients;
    private readonly CertificateTrust _silos;

    /// <exception cref="CertificateFileException">A file cannot be used.</exception>
    public Peers(TrustOptions trust, TimeProvider clock, ILogger<Peers> logger, ILogger<ServerCertificate> certificateLogger)
    {
        (_clock, _logger) = (clock, logger);
        _own = new ServerCertificate(trust.Certificate!, trust.CertificateKey!, clock, certificateLogger);
        var files = new TrustFiles("peer", [trust.Ca!], [trust.Crl!]);
        _clients = new CertificateTrust(files with { Usages = [KeyUsages.ClientAuth, KeyUsages.ClusterPeer] }, clock, logger);
        _silos = new CertificateTrust(files with { Usages = [KeyUsages.ServerAuth, KeyUsages.ClusterPeer] }, clock, logger);
    }

    /// <summary>Other silos come in as such, gateways and edges at their own port.</summary>
    public static void Protect(ISiloBuilder silo)
    {
        silo.Services.AddSingleton<Peers>();
        silo.Configure<SiloConnectionOptions>(connections =>
        {
            connections.ConfigureSiloInboundConnection(connection => Of(connection).AcceptFrom(Silos, connection));
            connections.ConfigureGatewayInboundConnection(connection => Of(connection).AcceptFrom(Everybody, connection));
            connections.ConfigureSiloOutboundConnection(connection => Of(connection).ConnectToSilo(connection));
        });
    }

    public static void Protect(IClientBuilder client)
    {
        client.Services.AddSingleton<Peers>();
        client.Configure<ClientConnectionOptions>(connections =>
            connections.ConfigureConnection(connection => Of(connection).ConnectToSilo(connection)));
    }

    public void Dispose()
    {
        _own.Dispose();
        _clients.Dispose();
        _silos.Dispose();
    }

    private static Peers Of(IConnectionBuilder connection) => connection.ApplicationServices.GetRequiredService<Peers>();

    private void AcceptFrom(string[] roles, IConnectionBuilder connection)
    {
        connection.UseServerTls(new TlsOptions
        {
            SslProtocols = SslProtocols.Tls13,
            HandshakeTimeout = HandshakeTimeout,
            RemoteCertificateMode = RemoteCertificateMode.RequireCertificate,
            LocalServerCertificateSelector = (_, _) => _own.Current.TargetCertificate,
            RemoteCertificateValidation = (shown, chain, errors) => IsPeer(shown, chain, errors, _clients, roles),
            OnAuthenticateAsServer = (_, options) =>
            {
                var tls = (SslServerAuthenticationOptions)options.SslServerAuthenticationOptions;
                tls.CertificateChainPolicy = _clients.Policy();
                tls.AllowTlsResume = false; // a resumed session would bring its certificate along, unchecked
            },
        });
        connection.Use(next => context => Watch(context, next, _clients));
    }

    private void ConnectToSilo(IConnectionBuilder connection)
    {
        connection.UseClientTls(new TlsOptions
        {
            SslProtocols = SslProtocols.Tls13,
            HandshakeTimeout = HandshakeTimeout,
            RemoteCertificateMode = RemoteCertificateMode.RequireCertificate,
            LocalClientCertificateSelector = (_, _, _, _, _) => _own.Current.TargetCertificate,
            RemoteCertificateValidation = (shown, chain, errors) => IsPeer(shown, chain, errors, _silos, Silos),
            OnAuthenticateAsClient = (_, options) =>
            {
                var tls = (SslClientAuthenticationOptions)options.SslClientAuthenticationOptions;
                tls.CertificateChainPolicy = _silos.Policy();
                tls.AllowTlsResume = false;
            },
        });
        connection.Use(next => context => Watch(context, next, _silos));
    }

    /// <summary>Silos come and go with their addresses, so it is the role that is looked for, and not a host's name.</summary>
    private bool IsPeer(
        X509Certificate2 shown, X509Chain chain, SslPolicyErrors errors, CertificateTrust trust, string[] roles)
    {
        var peer = trust.Accept(chain, errors & ~SslPolicyErrors.RemoteCertificateNameMismatch, out var why);
        if (peer is not null && !roles.Contains(RoleOf(shown)))
        {
            why = $"its organizational unit is not {string.Join(" or ", roles)}";
        }

        if (why is not null)
        {
            LogRefused(_logger, why);
        }

        return why is null;
    }

    private static string? RoleOf(X509Certificate2 certificate) => certificate.SubjectName.EnumerateRelativeDistinguishedNames()
        .Where(part => !part.HasMultipleElements && part.GetSingleElementType().Value == OrganizationalUnit)
        .Select(part => part.GetSingleElementValue())
        .ToList() is [{ } role] ? role : null;

    private async Task Watch(ConnectionContext context, ConnectionDelegate next, CertificateTrust trust)
    {
        if (context.Features.Get<ITlsConnectionFeature>()?.RemoteCertificate is not { } shown
            || trust.Accept(shown, out _) is not { } peer)
        {
            context.Abort();
            return;
        }

        await using var timer = _clock.CreateTimer(
            _ =>
            {
                if (peer.IsRevokedOrExpired)
                {
                    LogEnded(_logger, shown.Subject);
                    context.Abort(new ConnectionAbortedException("The peer's certificate is revoked or has expired."));
                }
            },
            null,
            Period,
            Period);
        await next(context);
    }

    [LoggerMessage(LogLevel.Warning, "A peer was refused: {Why}")]
    private static partial void LogRefused(ILogger logger, string why);

    [LoggerMessage(LogLevel.Warning, "The connection with {Peer} is ended: its certificate is revoked or has expired")]
    private static partial void LogEnded(ILogger logger, string? peer);
}
