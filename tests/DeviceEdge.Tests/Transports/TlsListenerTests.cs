using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansIoT.Certificates;
using OrleansIoT.DeviceEdge.Identity;
using OrleansIoT.DeviceEdge.Transports;
using OrleansIoT.Fixtures;

namespace OrleansIoT.DeviceEdge.Tests.Transports;

/// <summary>Real handshakes, before a session that greets its client by the name on its certificate and then repeats what it hears.</summary>
public sealed class TlsListenerTests : IAsyncLifetime, IDisposable
{
    private readonly ManualClock _clock = new();
    private readonly TestAuthority _authority;
    private readonly TestLog _log = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("tls-").FullName;
    private readonly DeviceEdgeOptions _options = new();
    private WebApplication? _app;
    private int _sessions;
    private int _port;

    public TlsListenerTests() => _authority = new TestAuthority(_clock.GetUtcNow());

    private string Crl => Path.Combine(_folder, "devices.crl");

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }
    }

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task TLS_1_2_and_1_3_are_spoken(SslProtocols version)
    {
        await Start();
        await using var client = await Connect(version: version);

        Assert.Equal(version, client.SslProtocol);
        Assert.Equal("hello nobody", await Read(client, 12));
        await client.WriteAsync("ping"u8.ToArray());
        Assert.Equal("ping", await Read(client, 4));
    }

    [Theory]
    [InlineData(0x00)] // SSL 3.0
    [InlineData(0x01)] // TLS 1.0
    [InlineData(0x02)] // TLS 1.1
    public async Task An_older_version_is_refused(byte version)
    {
        await Start();

        var answer = await Send(Hello(version));

        Assert.Equal([0x15, 0x03], answer[..2]); // an alert (RFC 8446 section 6)
        Assert.Equal(0x02, answer[5]); // fatal
        Assert.Contains(answer[6], new byte[] { 40, 70 }); // handshake_failure, protocol_version
        await IsRefusedWithALine();
    }

    [Fact]
    public async Task What_is_not_TLS_is_closed_without_a_session()
    {
        await Start();

        await Send([0x10, 0x0c, 0x00, 0x04, (byte)'M', (byte)'Q', (byte)'T', (byte)'T', 0x05, 0x02, 0x00, 0x3c]);

        await IsRefusedWithALine();
        await using var bystander = await Connect();
        Assert.Equal("hello nobody", await Read(bystander, 12));
    }

    [Fact]
    public async Task However_many_are_refused_there_is_a_line_a_second()
    {
        await Start();

        for (var i = 0; i < 20; i++)
        {
            await Send("GET / HTTP/1.1\r\n\r\n"u8.ToArray());
        }

        await IsRefusedWithALine();
        Assert.DoesNotContain("(0", Refusals.First(), StringComparison.Ordinal);
        _clock.Advance(TimeSpan.FromSeconds(1));
        await Send([0]);
        await Eventually.Is(() => Refusals.Count() == 2);
        Assert.Contains("(19 like it not logged)", Refusals.Last(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_names_another_protocol_is_at_the_wrong_port()
    {
        await Start();

        await Assert.ThrowsAsync<AuthenticationException>(() => Connect(protocol: "http/1.1"));
        await using var client = await Connect(protocol: "mqtt");
        Assert.Equal("mqtt", Encoding.ASCII.GetString(client.NegotiatedApplicationProtocol.Protocol.Span));
    }

    [Fact]
    public async Task A_handshake_that_is_not_begun_ends_with_its_time()
    {
        _options.TlsHandshakeTimeout = TimeSpan.FromMilliseconds(200);
        await Start();

        using var socket = await Dial();
        Assert.Equal(0, await socket.ReceiveAsync(new byte[1]));

        await IsRefusedWithALine();
    }

    [Fact]
    public async Task Handshakes_beyond_their_number_wait_for_a_turn()
    {
        _options.MaxTlsHandshakes = 1;
        await Start();

        var silent = await Dial(); // has the only turn
        var waiting = Connect();
        silent.Dispose();

        await using var client = await waiting;
        Assert.Equal("hello nobody", await Read(client, 12));
        await using var next = await Connect(); // who is through has given its turn back
    }

    [Fact]
    public async Task Connections_beyond_their_number_are_closed()
    {
        _options.MaxConnections = 1;
        await Start();
        await using var first = await Connect();

        using var second = await Dial();
        Assert.Equal(0, await second.ReceiveAsync(new byte[1]));

        Assert.Contains("too many connections", Assert.Single(Refusals), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task A_devices_certificate_is_known_to_its_session(SslProtocols version)
    {
        await StartWithDevices();
        using var certificate = _authority.Issue("CN=meter-7");

        await using var client = await Connect(certificate, version);

        Assert.Equal("hello meter-7", await Read(client, 13));
    }

    [Fact]
    public async Task A_certificate_is_asked_for_and_not_demanded()
    {
        await StartWithDevices();
        await using var client = await Connect();
        Assert.Equal("hello nobody", await Read(client, 12));
    }

    [Theory]
    [InlineData("expired")]
    [InlineData("foreign")]
    [InlineData("server's")]
    [InlineData("nameless")]
    [InlineData("revoked")]
    public async Task A_certificate_that_does_not_verify_fails_the_handshake(string kind)
    {
        using var foreign = new TestAuthority(_clock.GetUtcNow());
        using var certificate = kind switch
        {
            "expired" => _authority.Issue("CN=meter-7", until: TimeSpan.FromSeconds(-1)),
            "foreign" => foreign.Issue("CN=meter-7"),
            "server's" => _authority.Issue("CN=meter-7", usage: TestAuthority.ServerAuth),
            "nameless" => _authority.Issue("O=meter-7"),
            _ => _authority.Issue("CN=meter-7"),
        };
        await File.WriteAllBytesAsync(Crl, kind == "revoked" ? _authority.Revoke(1, null, certificate) : _authority.Revoke(1));
        _options.DeviceCrl = [Crl];
        await StartWithDevices();

        foreach (var version in new[] { SslProtocols.Tls12, SslProtocols.Tls13 })
        {
            // In 1.3 the client is done before the server has looked at its certificate.
            await Assert.ThrowsAnyAsync<Exception>(async () =>
            {
                await using var client = await Connect(certificate, version);
                await Read(client, 1);
            });
        }

        await IsRefusedWithALine();
        Assert.Contains("certificate", Assert.Single(Refusals), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_revoked_certificate_does_not_come_back_by_resuming_its_session()
    {
        await File.WriteAllBytesAsync(Crl, _authority.Revoke(1));
        _options.DeviceCrl = [Crl];
        await StartWithDevices();
        using var certificate = _authority.Issue("CN=meter-7");
        var session = new SslClientAuthenticationOptions
        {
            TargetHost = "edge.test",
            ClientCertificates = [certificate],
            RemoteCertificateValidationCallback = IsTheEdge,
            AllowTlsResume = true,
        };
        await using (var client = await Connect(session))
        {
            Assert.Equal("hello meter-7", await Read(client, 13));
        }

        await File.WriteAllBytesAsync(Crl, _authority.Revoke(2, null, certificate));
        _clock.Advance(TimeSpan.FromSeconds(1));

        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await using var client = await Connect(session);
            await Read(client, 1);
        });
        Assert.Equal(1, _sessions);
    }

    private IEnumerable<string> Refusals => _log.Lines.Where(line => line.Contains("was refused", StringComparison.Ordinal));

    private async Task IsRefusedWithALine()
    {
        await Eventually.Is(() => Refusals.Any());
        Assert.Single(Refusals);
        Assert.Equal(0, _sessions);
    }

    private Task StartWithDevices()
    {
        var authorities = Path.Combine(_folder, "ca.crt");
        File.WriteAllText(authorities, _authority.Pem);
        _options.DeviceCa = [authorities];
        return Start();
    }

    private async Task Start()
    {
        var (certificate, key) = (Path.Combine(_folder, "tls.crt"), Path.Combine(_folder, "tls.key"));
        using (var issued = _authority.Issue("CN=edge.test", usage: TestAuthority.ServerAuth, names: ["edge.test"]))
        {
            await File.WriteAllTextAsync(certificate, issued.ExportCertificatePem());
            await File.WriteAllTextAsync(key, issued.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        }

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddMetrics();
        builder.Services.AddSingleton<DeviceEdgeMetrics>();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            new TlsListener(
                new ServerCertificate(certificate, key, _clock, _log.Of<ServerCertificate>()),
                _options.DeviceCa.Count > 0 ? new DeviceTrust(_options, _clock, _log.Of<DeviceTrust>()) : null,
                _options,
                kestrel.ApplicationServices.GetRequiredService<DeviceEdgeMetrics>(),
                new LogLimit(_clock),
                _log.Of<TlsListener>()).Use(listen);
            listen.Run(Greet);
        }));
        _app = builder.Build();
        await _app.StartAsync();
        _port = new Uri(_app.Urls.Single()).Port;
    }

    private async Task Greet(ConnectionContext connection)
    {
        Interlocked.Increment(ref _sessions);
        var name = connection.Features.Get<DeviceCertificate>()?.DeviceId ?? "nobody";
        await connection.Transport.Output.WriteAsync(Encoding.ASCII.GetBytes($"hello {name}"));
        while (true)
        {
            var read = await connection.Transport.Input.ReadAsync();
            foreach (var part in read.Buffer)
            {
                await connection.Transport.Output.WriteAsync(part);
            }

            connection.Transport.Input.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                return;
            }
        }
    }

    private async Task<Socket> Dial()
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, _port);
        return socket;
    }

    private Task<SslStream> Connect(X509Certificate2? certificate = null, SslProtocols version = SslProtocols.None, string? protocol = null) =>
        Connect(new SslClientAuthenticationOptions
        {
            TargetHost = "edge.test",
            EnabledSslProtocols = version,
            ClientCertificates = certificate is null ? null : [certificate],
            ApplicationProtocols = protocol is null ? null : [new SslApplicationProtocol(protocol)],
            RemoteCertificateValidationCallback = IsTheEdge,
        });

    private static bool IsTheEdge(object sender, X509Certificate? shown, X509Chain? chain, SslPolicyErrors errors) =>
        shown!.Subject == "CN=edge.test";

    private async Task<SslStream> Connect(SslClientAuthenticationOptions options)
    {
        var client = new SslStream(new NetworkStream(await Dial(), ownsSocket: true));
        try
        {
            await client.AuthenticateAsClientAsync(options);
            return client;
        }
        catch
        {
            await client.DisposeAsync();
            throw;
        }
    }

    private static async Task<string> Read(SslStream client, int length)
    {
        var bytes = new byte[length];
        await client.ReadExactlyAsync(bytes);
        return Encoding.ASCII.GetString(bytes);
    }

    /// <summary>Sends these bytes and reads what comes until the server closes.</summary>
    private async Task<byte[]> Send(byte[] bytes)
    {
        using var socket = await Dial();
        await socket.SendAsync(bytes);
        socket.Shutdown(SocketShutdown.Send);
        var answer = new byte[4096];
        var length = 0;
        try
        {
            while (await socket.ReceiveAsync(answer.AsMemory(length)) is > 0 and var read)
            {
                length += read;
            }
        }
        catch (SocketException)
        {
            // A reset is a close too.
        }

        return answer[..length];
    }

    /// <summary>A ClientHello by hand: no client of today would send one of these versions.</summary>
    private static byte[] Hello(byte minor)
    {
        byte[] body = [0x03, minor, .. new byte[32], 0x00, 0x00, 0x04, 0xc0, 0x09, 0x00, 0x2f, 0x01, 0x00];
        return [0x16, 0x03, minor, 0x00, (byte)(body.Length + 4), 0x01, 0x00, 0x00, (byte)body.Length, .. body];
    }
}
