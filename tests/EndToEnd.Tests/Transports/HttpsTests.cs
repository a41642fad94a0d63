using System.Globalization;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.EndToEnd.Tests.Clients;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Transports;

/// <summary>HTTP over TLS at the gateway, by curl and openssl, which are not ours.</summary>
public sealed class HttpsTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("https-").FullName;
    private IotProcess _iot = null!;

    public async Task InitializeAsync() => _iot = await IotProcess.Start("--https", "0");

    public async Task DisposeAsync()
    {
        await _iot.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("1.2", "HTTP/2 200")]
    [InlineData("1.3", "HTTP/2 200")]
    [InlineData("1.2", "HTTP/1.1 200", "--http1.1")]
    [InlineData("1.3", "HTTP/1.1 200", "--http1.1")]
    public async Task TLS_1_2_and_1_3_are_spoken_and_HTTP_2_by_whoever_offers_it(string version, string status, params string[] options)
    {
        var answer = await Curl(["--tls-max", version, $"--tlsv{version}", .. options, Url("/health/live")]);

        Assert.StartsWith(status, answer.Succeeded().Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-tls1_1")]
    [InlineData("-tls1")]
    public async Task Older_versions_are_not_spoken(string version)
    {
        string[] handshake = ["s_client", "-connect", $"127.0.0.1:{_iot.HttpsPort}", "-CAfile", _iot.CaFile, "-cipher", "DEFAULT@SECLEVEL=0"];
        Assert.Equal(0, (await ForeignClient.Run("openssl", [], [.. handshake, "-tls1_2"])).ExitCode);

        var refused = await ForeignClient.Run("openssl", [], [.. handshake, version]);

        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("alert protocol version", refused.Error, StringComparison.Ordinal);
        Assert.NotEqual(0, (await Curl(["--tls-max", "1.1", "--tlsv1.0", Url("/health/live")])).ExitCode);
    }

    [Fact]
    public async Task Who_does_not_trust_the_CA_is_not_talked_into_it()
    {
        var answer = await ForeignClient.Run("curl", [], ["-sS", Url("/health/live")]);

        Assert.Equal(60, answer.ExitCode); // the certificate does not verify
    }

    [Fact]
    public async Task Browsers_are_told_to_stay_except_on_their_own_machine()
    {
        const string Header = "strict-transport-security: max-age=2592000";
        string[] elsewhere = ["-H", "Host: iot.example"];

        foreach (var path in new[] { "/health/live", "/devices" }) // whether it succeeds or fails
        {
            Assert.Contains(Header, (await Curl([.. elsewhere, Url(path)])).Succeeded().Output, StringComparison.Ordinal);
            Assert.DoesNotContain("strict-transport", (await Curl([Url(path)])).Succeeded().Output, StringComparison.Ordinal);
            Assert.DoesNotContain("strict-transport", (await Curl([.. elsewhere, $"http://127.0.0.1:{_iot.HttpPort}{path}"])).Succeeded().Output, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public async Task MQTT_over_WebSocket_works_here_too()
    {
        using var admin = await IotClient.Administrator(_iot);
        var key = await admin.RegisterDevice("meter");

        var result = await ForeignClient.MqttJs($"wss://localhost:{_iot.HttpsPort}/mqtt", "meter", key, "devices/meter/t", ["1", "2"], 5, _iot.CaFile);

        Assert.Equal("2", result.Succeeded().Output.Trim());
    }

    [Fact]
    public async Task A_replaced_certificate_counts_without_a_restart_and_a_broken_one_does_not()
    {
        using var authority = new TestAuthority(DateTimeOffset.UtcNow);
        var (ca, certificate, key) = (In("ca.crt"), In("server.crt"), In("server.key"));
        await File.WriteAllTextAsync(ca, authority.Pem);
        Write(authority, certificate, key);
        await using var iot = await IotProcess.Start("--https", "0", "--tls-cert", certificate, "--tls-key", key);
        async Task<string> Shown() => (await ForeignClient.Run("curl", [],
            ["-sSv", "-o", "/dev/null", "--cacert", ca, $"https://localhost:{iot.HttpsPort}/health/live"])).Succeeded().Error
            .Split('\n').Single(line => line.Contains("expire date:", StringComparison.Ordinal));
        var first = await Shown();

        await File.WriteAllTextAsync(certificate, "broken");
        await Eventually.Is(() => Printed(iot, "the one before stays") == 2); // of MQTT and of HTTP
        Assert.Equal(first, await Shown());

        Write(authority, certificate, key, TimeSpan.FromHours(3));
        await Eventually.Is(() => Printed(iot, "was replaced by") == 2);
        Assert.NotEqual(first, await Shown());
        Assert.DoesNotContain(iot.Output, line => line.Contains("PRIVATE", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Whoever_does_not_finish_its_handshake_is_shown_out()
    {
        await using var iot = await IotHost.Start(
            configure: builder => builder.Services.Configure<Gateway.GatewayOptions>(options => options.TlsHandshakeTimeout = TimeSpan.FromSeconds(1)),
            options: options => options.Https = 0);
        using var socket = new System.Net.Sockets.TcpClient();
        await socket.ConnectAsync("127.0.0.1", iot.HttpsPort);
        await socket.GetStream().WriteAsync(new byte[] { 0x16, 0x03, 0x01 });

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        Assert.Equal(0, await socket.GetStream().ReadAsync(new byte[16], limit.Token));
    }

    [Fact]
    public async Task Readers_from_other_machines_are_sent_on_to_HTTPS()
    {
        await using var iot = await Elsewhere();
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri($"http://localhost:{iot.HttpPort}") };

        foreach (var target in new[] { "/", "/iot/a%2fb/latest?x=%26", "//evil.example/", "/devices" })
        {
            using var answer = await http.GetAsync(target == "//evil.example/" ? new Uri($"http://localhost:{iot.HttpPort}//evil.example/") : new Uri(target, UriKind.Relative));
            Assert.Equal(308, (int)answer.StatusCode);
            Assert.Equal($"https://localhost:{iot.HttpsPort}{target}", answer.Headers.NonValidated["Location"].Single());
        }

        Assert.Equal(200, (int)(await http.GetAsync("/health/live")).StatusCode);
        Assert.Equal(405, (int)(await http.PostAsync("/devices/a", null)).StatusCode);
        Assert.Equal(403, (int)(await http.PostAsync("/auth/login", null)).StatusCode);
    }

    [Fact]
    public async Task On_its_own_machine_nobody_is_sent_on()
    {
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });

        Assert.Equal(200, (int)(await http.GetAsync(new Uri($"http://127.0.0.1:{_iot.HttpPort}/"))).StatusCode);
    }

    [Fact]
    public async Task A_users_token_is_taken_over_a_WebSocket_from_elsewhere_with_TLS_only()
    {
        await using var iot = await Elsewhere();
        using var handler = new SocketsHttpHandler();
        using var ca = X509CertificateLoader.LoadCertificateFromFile(iot.CaFile);
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            CustomTrustStore = { ca },
            RevocationMode = X509RevocationMode.NoCheck,
        };
        using var invoker = new HttpMessageInvoker(handler);
        using var http = new HttpClient(handler, disposeHandler: false) { BaseAddress = new Uri($"https://localhost:{iot.HttpsPort}") };
        using var answer = await http.PostAsJsonAsync("/auth/login", new { email = "admin@localhost", password = IotHost.AdminPassword });
        var token = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("auth_token").GetString()!;

        Assert.Equal(0x00, await Connack($"wss://localhost:{iot.HttpsPort}/mqtt", invoker, token));
        Assert.Equal(0x87, await Connack($"ws://localhost:{iot.HttpPort}/mqtt", invoker, token));
    }

    private static Task<IotHost> Elsewhere() => IotHost.Start(
        configure: builder => builder.Services.AddSingleton<IStartupFilter>(new FromAddress(() => FromAddress.Elsewhere)),
        options: options => options.Https = 0);

    /// <summary>The reason code that a CONNECT with the token as its password is answered with.</summary>
    private static async Task<int> Connack(string url, HttpMessageInvoker invoker, string token)
    {
        using var client = new ClientWebSocket();
        client.Options.AddSubProtocol("mqtt");
        await client.ConnectAsync(new Uri(url), invoker, default);
        var connect = new System.Buffers.ArrayBufferWriter<byte>();
        MqttPacketWriter.Write(connect, MqttDevice.Credentials("admin@localhost", token), MqttVersion.V500);
        await client.SendAsync(connect.WrittenMemory, WebSocketMessageType.Binary, true, default);
        var buffer = new byte[1024];
        await client.ReceiveAsync(buffer, default);
        Assert.Equal(0x20, buffer[0]);
        return buffer[buffer[1] < 0x80 ? 3 : 4]; // behind the length, which has a second byte where a reason is given
    }

    private string Url(string path) => string.Create(CultureInfo.InvariantCulture, $"https://localhost:{_iot.HttpsPort}{path}");

    private string In(string file) => Path.Combine(_folder, file);

    private Task<ClientResult> Curl(string[] arguments) => ForeignClient.Run("curl", [], ["-sS", "-i", "--cacert", _iot.CaFile, .. arguments]);

    private static int Printed(IotProcess iot, string text)
    {
        lock (iot.Output)
        {
            return iot.Output.Count(line => line.Contains(text, StringComparison.Ordinal));
        }
    }

    private static void Write(TestAuthority authority, string certificate, string key, TimeSpan? until = null)
    {
        using var issued = authority.Issue("CN=localhost", until: until, usage: TestAuthority.ServerAuth, names: ["localhost"]);
        File.WriteAllText(key, issued.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(certificate, issued.ExportCertificatePem());
    }
}
