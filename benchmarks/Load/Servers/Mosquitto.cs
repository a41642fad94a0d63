using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OrleansIoT.Load.Servers;

/// <summary>Debian's mosquitto: it acknowledges from memory and stores nothing; none of its limits is in the way.</summary>
internal sealed class Mosquitto(LoadOptions options) : ServerKind
{
    public const string Title = "mosquitto";

    private const string Executable = "/usr/sbin/mosquitto";

    public static bool IsInstalled => File.Exists(Executable);

    public override string Name => Title;

    public override async Task<Server> Start(int devices)
    {
        Directory.CreateDirectory(options.Data);
        var (tcp, tls) = (Server.FreePort(), Server.FreePort());
        var configuration = Path.Combine(options.Data, "mosquitto.conf");
        await File.WriteAllTextAsync(configuration, Configuration(tcp, tls));

        var server = await Server.Start(new ProcessStartInfo(Executable, ["-c", configuration]), tcp, tls);
        server.Devices = Device.Anonymous(devices);
        return server;
    }

    private string Configuration(IPEndPoint tcp, IPEndPoint tls)
    {
        var (certificate, key) = (Path.Combine(options.Data, "mosquitto.crt"), Path.Combine(options.Data, "mosquitto.key"));
        using var secret = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var signed = new CertificateRequest("CN=localhost", secret, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(certificate, signed.ExportCertificatePem());
        File.WriteAllText(key, secret.ExportPkcs8PrivateKeyPem());

        return $"""
            user root
            allow_anonymous true
            persistence false
            max_inflight_messages 0
            max_queued_messages 0
            set_tcp_nodelay true
            connection_messages false
            log_type error
            log_type warning
            listener {tcp.Port} 127.0.0.1
            listener {tls.Port} 127.0.0.1
            certfile {certificate}
            keyfile {key}

            """;
    }
}
