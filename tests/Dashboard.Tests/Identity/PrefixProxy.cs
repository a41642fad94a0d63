using System.Diagnostics;
using OrleansIoT.EndToEnd.Tests;
using OrleansIoT.Fixtures;

namespace OrleansIoT.Dashboard.Tests.Identity;

/// <summary>HAProxy before the product, with TLS, below a path that it takes away.</summary>
internal sealed class PrefixProxy : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("prefix-").FullName;
    private readonly int _port = LocalPort.Free();
    private Process _process = null!;

    public string Origin => $"https://localhost:{_port}";

    public static async Task<PrefixProxy> Start(IotProcess iot, string prefix)
    {
        var proxy = new PrefixProxy();
        var certificate = Path.Combine(proxy._folder, "proxy.pem");
        var server = Path.Combine(iot.Data, "tls", "server.crt");
        await File.WriteAllTextAsync(
            certificate, await File.ReadAllTextAsync(server) + await File.ReadAllTextAsync(Path.Combine(iot.Data, "keys", "tls-server.pem")));
        var configuration = Path.Combine(proxy._folder, "haproxy.cfg");
        await File.WriteAllTextAsync(configuration, $"""
            defaults
              mode http
              timeout connect 5s
              timeout client 60s
              timeout server 60s
            frontend https
              bind 127.0.0.1:{proxy._port} ssl crt {certificate} alpn h2,http/1.1
              http-request deny unless {"{"} path_beg {prefix}/ {"}"}
              http-request replace-path ^{prefix}(/.*) \1
              http-request set-header X-Forwarded-For %[src]
              http-request set-header X-Forwarded-Proto https
              http-request set-header X-Forwarded-Host %[req.hdr(host)]
              default_backend gateway
            backend gateway
              server gateway 127.0.0.1:{iot.HttpPort}

            """);
        proxy._process = Process.Start(new ProcessStartInfo("haproxy", ["-db", "-f", configuration]))!;
        await Eventually.Is(() => LocalPort.Listens(proxy._port));
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
