using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Cluster;

/// <summary>
/// Who gets in at the ports of a silo under <c>Trust:Mode MutualTls</c> (S06 to S09): only with a certificate of the cluster,
/// for the role of the port, that is not revoked, and only as long as that is so.
/// </summary>
public sealed class PeersTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly TestAuthority _cluster = new(Now, "Cluster");
    private readonly string _folder = IotProcess.NewDataDirectory();
    private readonly int _siloPort = FreePort();
    private readonly int _gatewayPort = FreePort();
    private IotProcess _silo = null!;

    public async Task InitializeAsync()
    {
        Directory.CreateDirectory(_folder);
        await File.WriteAllTextAsync(PathOf("ca.crt"), _cluster.Pem);
        await File.WriteAllBytesAsync(PathOf("ca.crl"), _cluster.Revoke(1));
        using var own = Issue("silo");
        await File.WriteAllTextAsync(PathOf("silo.crt"), own.ExportCertificatePem());
        await File.WriteAllTextAsync(PathOf("silo.key"), own.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        var server = PostgresServer.Shared;
        _silo = await IotProcess.StartWith(
            [
                ("IOT_Cluster__SiloPort", _siloPort.ToString(CultureInfo.InvariantCulture)),
                ("IOT_Cluster__GatewayPort", _gatewayPort.ToString(CultureInfo.InvariantCulture)),
                ("IOT_Trust__Mode", "MutualTls"),
                ("IOT_Trust__Certificate", PathOf("silo.crt")),
                ("IOT_Trust__CertificateKey", PathOf("silo.key")),
                ("IOT_Trust__Ca", PathOf("ca.crt")),
                ("IOT_Trust__Crl", PathOf("ca.crl")),
            ],
            "--roles", "silo", "--postgres", server.ConnectionString(server.CreateDatabase()));
    }

    public async Task DisposeAsync()
    {
        await _silo.DisposeAsync();
        _cluster.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("silo")]
    [InlineData("gateway")]
    [InlineData("edge")]
    public async Task A_process_of_the_cluster_gets_in(string role)
    {
        using var certificate = Issue(role);
        await using var connection = await Connect(_gatewayPort, certificate);
        Assert.True(await StaysOpen(connection));
    }

    [Fact]
    public async Task Only_a_silo_gets_in_where_silos_do()
    {
        using var silo = Issue("silo");
        await using var welcome = await Connect(_siloPort, silo);
        Assert.True(await StaysOpen(welcome));

        using var gateway = Issue("gateway");
        await using var refused = await Connect(_siloPort, gateway);
        Assert.False(await StaysOpen(refused));
    }

    [Theory]
    [InlineData("no certificate")]
    [InlineData("a device's")]
    [InlineData("an expired one")]
    [InlineData("one for later")]
    [InlineData("one for servers only")]
    [InlineData("one of another CA with the same name")]
    [InlineData("a self-signed one")]
    public async Task Nobody_else_gets_in(string what)
    {
        using var other = new TestAuthority(Now, "Cluster");
        using var certificate = what switch
        {
            "no certificate" => null,
            "a device's" => Issue("device"),
            "an expired one" => _cluster.Issue("OU=gateway,CN=g", until: TimeSpan.FromMinutes(-1), usage: null),
            "one for later" => _cluster.Issue("OU=gateway,CN=g", from: TimeSpan.FromMinutes(10), usage: null),
            "one for servers only" => _cluster.Issue("OU=gateway,CN=g", usage: TestAuthority.ServerAuth),
            "one of another CA with the same name" => other.Issue("OU=gateway,CN=g", usage: null),
            _ => other.Certificate,
        };
        await using var connection = await Connect(_gatewayPort, certificate);
        Assert.False(await StaysOpen(connection));
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    [InlineData("\u0016\u0003\u0001")]
    [InlineData("")]
    public async Task Who_speaks_no_TLS_or_stops_in_the_middle_is_closed_within_the_time_for_a_handshake(string words)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, _gatewayPort);
        await socket.GetStream().WriteAsync(System.Text.Encoding.Latin1.GetBytes(words));
        Assert.Equal(0, await ReadToTheEnd(socket.GetStream()).WaitAsync(Patience));
    }

    [Fact]
    public async Task Who_is_revoked_is_put_out_and_does_not_come_back()
    {
        using var certificate = Issue("gateway");
        using var another = Issue("gateway");
        await using var connection = await Connect(_gatewayPort, certificate);
        await using var bystander = await Connect(_gatewayPort, another);
        Assert.True(await StaysOpen(connection));

        await File.WriteAllBytesAsync(PathOf("ca.crl"), _cluster.Revoke(2, null, certificate));

        await ReadToTheEnd(connection).WaitAsync(Patience);
        Assert.True(await StaysOpen(bystander));
        await using var again = await Connect(_gatewayPort, certificate);
        Assert.False(await StaysOpen(again));
    }

    [Fact]
    public async Task A_list_that_is_older_broken_or_foreign_changes_nothing_and_one_past_its_end_lets_nobody_in()
    {
        using var revoked = Issue("gateway");
        using var other = new TestAuthority(Now, "Others");
        foreach (var list in new[] { _cluster.Revoke(2, null, revoked), _cluster.Revoke(1), "nonsense"u8.ToArray(), other.Revoke(9) })
        {
            await File.WriteAllBytesAsync(PathOf("ca.crl"), list);
            await IsShutOut(revoked).WaitAsync(3 * Patience);
        }

        using var good = Issue("gateway");
        await using (var welcome = await Connect(_gatewayPort, good))
        {
            Assert.True(await StaysOpen(welcome));
        }

        await File.WriteAllBytesAsync(PathOf("ca.crl"), _cluster.Revoke(3, TimeSpan.FromSeconds(-1)));
        await IsShutOut(good).WaitAsync(3 * Patience);
    }

    /// <summary>Complete once it does not get in; replaced files count within seconds.</summary>
    private async Task IsShutOut(X509Certificate2 certificate)
    {
        bool isIn;
        do
        {
            await using var connection = await Connect(_gatewayPort, certificate);
            isIn = await StaysOpen(connection);
        }
        while (isIn);
    }

    private X509Certificate2 Issue(string role) => _cluster.Issue($"OU={role},CN={role}-{Guid.NewGuid():N}", usage: null);

    private string PathOf(string file) => Path.Combine(_folder, file);

    private static async Task<SslStream> Connect(int port, X509Certificate2? certificate)
    {
        var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, port);
        var tls = new SslStream(socket.GetStream(), leaveInnerStreamOpen: false);
        try
        {
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "silo",
                EnabledSslProtocols = SslProtocols.Tls13,
                ApplicationProtocols = [new SslApplicationProtocol("Orleans1")],
                ClientCertificates = certificate is null ? null : [certificate],
                RemoteCertificateValidationCallback = (_, _, _, _) => true,
                AllowTlsResume = false,
            });
        }
        catch (Exception e) when (e is AuthenticationException or IOException)
        {
            // Refused in the handshake, or, by TLS 1.3, behind it: reading tells.
        }

        return tls;
    }

    /// <summary>A silo says something first, or at least does not go.</summary>
    private static async Task<bool> StaysOpen(SslStream connection)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        try
        {
            return connection.IsAuthenticated && await connection.ReadAsync(new byte[1], limit.Token) > 0;
        }
        catch (OperationCanceledException)
        {
            return true;
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            return false;
        }
    }

    private static async Task<int> ReadToTheEnd(Stream stream)
    {
        var read = 0;
        try
        {
            for (int n; (n = await stream.ReadAsync(new byte[256])) > 0; read += n)
            {
            }
        }
        catch (IOException)
        {
            // Reset is an end too.
        }

        return read;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
