using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Npgsql;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Cluster;

/// <summary>
/// Who gets in at the ports of a silo under <c>Trust:Mode MutualTls</c> (S06 to S12): only with a certificate of the cluster,
/// for the role of the port, that is not revoked, and only as long as that is so.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "DisposeAsync of IAsyncLifetime does it.")]
public sealed class PeersTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly TestAuthority _cluster = new(Now, "Cluster");
    private readonly string _folder = IotProcess.NewDataDirectory();
    private readonly int _siloPort = LocalPort.Free();
    private readonly int _gatewayPort = LocalPort.Free();
    private readonly string _database = PostgresServer.Shared.ConnectionString(PostgresServer.Shared.CreateDatabase());
    private IotProcess _silo = null!;

    public async Task InitializeAsync()
    {
        Directory.CreateDirectory(_folder);
        await File.WriteAllTextAsync(PathOf("ca.crt"), _cluster.Pem);
        await File.WriteAllBytesAsync(PathOf("ca.crl"), _cluster.Revoke(1));
        using var own = Issue("silo");
        await File.WriteAllTextAsync(PathOf("silo.crt"), own.ExportCertificatePem());
        await File.WriteAllTextAsync(PathOf("silo.key"), own.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
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
            "--roles", "silo", "--postgres", _database);
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

    [Fact] // S10
    public async Task A_silo_that_somebody_writes_into_the_table_is_voted_dead_and_takes_nobody_along()
    {
        using var impostor = new TcpListener(IPAddress.Loopback, 0);
        impostor.Start();
        await using var database = new NpgsqlConnection(_database);
        await database.OpenAsync();
        await using (var insert = new NpgsqlCommand(
            """
            INSERT INTO orleans.membership
                (cluster, address, port, generation, silo_name, host_name, status, proxy_port, start_time, i_am_alive_time)
            SELECT cluster, address, $1, generation + 1, 'impostor', 'nowhere', 3, 0, now(), now() FROM orleans.membership;
            UPDATE orleans.membership_version SET version = version + 1
            """.Replace("$1", ((IPEndPoint)impostor.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal),
            database))
        {
            await insert.ExecuteNonQueryAsync();
        }

        await using var status = new NpgsqlCommand("SELECT status FROM orleans.membership WHERE silo_name = 'impostor'", database);
        const int dead = 6;
        var begin = DateTimeOffset.UtcNow;
        while ((int)(await status.ExecuteScalarAsync())! != dead)
        {
            Assert.True(DateTimeOffset.UtcNow - begin < TimeSpan.FromMinutes(2), "The impostor is still one of the cluster.");
            await Task.Delay(100);
        }

        Assert.True(_silo.IsAlive);
        using var gateway = Issue("gateway");
        await using var connection = await Connect(_gatewayPort, gateway);
        Assert.True(await StaysOpen(connection));
    }

    [Fact] // S11
    public async Task A_peer_that_announces_more_than_a_message_may_have_is_put_out()
    {
        using var gateway = Issue("gateway");
        await using var welcome = await Connect(_gatewayPort, gateway);
        Assert.True(await StaysOpen(welcome));

        await using var connection = await Connect(_gatewayPort, gateway);
        await connection.WriteAsync((byte[])[0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0x7F]); // two lengths, little endian
        await ReadToTheEnd(connection).WaitAsync(Patience);
        Assert.True(_silo.IsAlive);
    }

    [Fact] // S12: all of 127.0.0.0/8 is this machine, and the silo has one address of it
    public async Task The_ports_of_a_silo_are_at_its_own_address_and_at_no_other()
    {
        foreach (var port in new[] { _siloPort, _gatewayPort })
        {
            using var own = new TcpClient();
            await own.ConnectAsync(IPAddress.Loopback, port);
            using var other = new TcpClient();
            var refusal = await Assert.ThrowsAsync<SocketException>(() => other.ConnectAsync(IPAddress.Parse("127.0.0.2"), port));
            Assert.Equal(SocketError.ConnectionRefused, refusal.SocketErrorCode);
        }
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

    [SuppressMessage("Security", "CA5359", Justification = "The silo is tried here, and not this client.")]
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
}
