using System.Diagnostics;
using System.Net;
using OrleansIoT.EndToEnd.Tests.Clients;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Transports;

/// <summary>The example of docs/haproxy.md, as it is: mutual TLS by a proxy, and the product behind it without.</summary>
public sealed class HaproxyTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("haproxy-").FullName;
    private readonly int _mqtts = LocalPort.Free();
    private readonly int _https = LocalPort.Free();
    private IotProcess _iot = null!;
    private Process _proxy = null!;

    private string Ca => Path.Combine(_folder, "ca.crt");

    private string Pki => Path.Combine(_folder, "pki");

    public async Task InitializeAsync()
    {
        await Run("init");
        await Run("issue", "--for", "gateway", "--name", "localhost");
        foreach (var client in new[] { "meter", "lost", "laptop" })
        {
            await Run("issue", "--for", "device", "--name", client);
        }

        await Run("revoke", "lost");
        File.Copy(Path.Combine(Pki, "ca.crt"), Ca);
        _iot = await IotProcess.StartIn([("IOT_GATEWAY__TRUSTEDPROXIES__0", "127.0.0.1")]);
        _proxy = StartProxy();
        await Eventually.Is(() => LocalPort.Listens(_https) && LocalPort.Listens(_mqtts));
    }

    public async Task DisposeAsync()
    {
        _proxy.Kill();
        await _proxy.WaitForExitAsync();
        _proxy.Dispose();
        await _iot.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_device_with_a_certificate_and_its_key_publishes_and_one_without_does_not()
    {
        using var admin = new IotClient(_iot.HttpPort);
        admin.Http.DefaultRequestHeaders.Add("X-Forwarded-Proto", "https");
        await admin.SignIn("admin@localhost", IotProcess.AdminPassword);
        var key = await admin.RegisterDevice("meter");
        Task<ClientResult> Publish(params string[] credentials) => ForeignClient.Run("mosquitto_pub", [],
        [
            "-h", "localhost", "-p", $"{_mqtts}", "--cafile", Ca, "-V", "5", "-q", "1", "-i", "meter", "-u", "meter", "-P", key,
            "-t", "devices/meter/t", "-m", "1", .. credentials,
        ]);

        (await Publish(ClientCertificate("meter"))).Succeeded();
        Assert.Equal(HttpStatusCode.OK, (await admin.Get("/iot/devices/meter/t/latest")).Status);

        Assert.NotEqual(0, (await Publish()).ExitCode);
        Assert.NotEqual(0, (await Publish(ClientCertificate("lost"))).ExitCode);
    }

    [Fact]
    public async Task A_caller_with_a_certificate_signs_in_and_one_without_does_not()
    {
        string[] login = ["-H", "Content-Type: application/json", "-d", $$"""{"email": "admin@localhost", "password": "{{IotProcess.AdminPassword}}"}""", Url("/auth/login")];

        var answer = await Curl([.. ClientCertificate("laptop"), .. login]);

        Assert.StartsWith("HTTP/2 200", answer.Succeeded().Output, StringComparison.Ordinal);
        Assert.Contains("auth_token", answer.Output, StringComparison.Ordinal);
        Assert.NotEqual(0, (await Curl(login)).ExitCode);
        Assert.NotEqual(0, (await Curl([.. ClientCertificate("lost"), .. login])).ExitCode);
    }

    [Fact]
    public async Task The_gateway_knows_that_its_callers_came_over_TLS_whatever_they_say()
    {
        var answer = await Curl(
        [
            .. ClientCertificate("laptop"), "-H", "Host: iot.example", "-H", "X-Forwarded-Proto: http", "-H", "X-Forwarded-For: 203.0.113.7",
            Url("/health/live"),
        ]);

        Assert.StartsWith("HTTP/2 200", answer.Succeeded().Output, StringComparison.Ordinal);
        Assert.Contains("strict-transport-security", answer.Output, StringComparison.Ordinal);
    }

    private Process StartProxy()
    {
        var info = new ProcessStartInfo("haproxy", ["-db", "-f", Path.Combine(Repository.Root, "docs/examples/haproxy.cfg")]);
        info.Environment["IOT_PROXY_MQTTS"] = $"127.0.0.1:{_mqtts}";
        info.Environment["IOT_PROXY_HTTPS"] = $"127.0.0.1:{_https}";
        info.Environment["IOT_PROXY_MQTT"] = $"127.0.0.1:{_iot.MqttPort}";
        info.Environment["IOT_PROXY_HTTP"] = $"127.0.0.1:{_iot.HttpPort}";
        info.Environment["IOT_PROXY_CERT"] = Path.Combine(Pki, "issued", "localhost.crt");
        info.Environment["IOT_PROXY_CA"] = Ca;
        info.Environment["IOT_PROXY_CRL"] = Path.Combine(Pki, "crl.pem");
        return Process.Start(info)!;
    }

    private async Task Run(params string[] arguments)
    {
        var (exitCode, _, error) = await IotProcess.Run(["--pki", .. arguments, "--pki-dir", Pki]);
        Assert.True(exitCode == 0, error);
    }

    private Task<ClientResult> Curl(string[] arguments) => ForeignClient.Run("curl", [], ["-sS", "-i", "--cacert", Ca, .. arguments]);

    private string[] ClientCertificate(string name) =>
        ["--cert", Path.Combine(Pki, "issued", $"{name}.crt"), "--key", Path.Combine(Pki, "issued", $"{name}.key")];

    private string Url(string path) => $"https://localhost:{_https}{path}";
}
