using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Cluster;

/// <summary>
/// A silo and a gateway as processes of their own, with certificates of the authority in the box and the cluster's keys: what
/// an operator does, from the first command to a gateway that is put out.
/// </summary>
public sealed class TrustTests : IAsyncLifetime
{
    private readonly string _folder = IotProcess.NewDataDirectory();
    private readonly string _database = PostgresServer.Shared.ConnectionString(PostgresServer.Shared.CreateDatabase());

    private string Pki => Path.Combine(_folder, "pki");

    private string Keys => Path.Combine(_folder, "cluster-keys");

    public async Task InitializeAsync()
    {
        await Run("--rotate-cluster-key", Keys);
        await RunPki("init");
        await RunPki("issue", "--for", "silo", "--name", "silo-1");
        await RunPki("issue", "--for", "gateway", "--name", "gateway-1");
    }

    public Task DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return Task.CompletedTask;
    }

    [Fact]
    public async Task People_sign_in_through_a_gateway_until_it_is_revoked()
    {
        await using var silo = await Start("silo", "silo-1", "MutualTls+Hmac");
        await using var gateway = await Start("gateway", "gateway-1", "MutualTls+Hmac");
        using var admin = await IotClient.Administrator(gateway);
        await admin.RegisterDevice("meter");
        Assert.Equal(HttpStatusCode.OK, (await admin.Get("/devices/meter")).Status);

        await RunPki("revoke", "gateway-1");

        var begin = DateTimeOffset.UtcNow;
        while (await Answers(admin))
        {
            Assert.True(DateTimeOffset.UtcNow - begin < TimeSpan.FromMinutes(1), "The gateway still speaks for people.");
        }

        Assert.True(silo.IsAlive);
        Assert.Contains(silo.Output, line => line.Contains("revoked", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("MutualTls", "Trust:Mode is MutualTls here and Hmac, MutualTls there")]
    [InlineData("other keys", "the key of Trust:KeyFile is")]
    public async Task Who_goes_by_something_else_than_the_cluster_does_not_join_and_hears_what(string what, string why)
    {
        await using var silo = await Start("silo", "silo-1", "MutualTls+Hmac");
        var keys = Path.Combine(_folder, "other-keys");
        await Run("--rotate-cluster-key", keys);

        var refusal = await Assert.ThrowsAsync<InvalidOperationException>(
            () => Start("gateway", "gateway-1", what == "MutualTls" ? what : "MutualTls+Hmac", keys));

        Assert.Contains("may not join the cluster", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(why, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task How_long_a_grain_wants_somebody_to_wait_arrives_through_a_gateway_of_another_process()
    {
        await using var silo = await Start("silo", "silo-1", "MutualTls+Hmac");
        await using var gateway = await Start("gateway", "gateway-1", "MutualTls+Hmac");
        using var guesser = new IotClient(gateway.HttpPort);
        HttpResponseMessage? answer = null;
        for (var i = 0; i < 9 && answer?.StatusCode != HttpStatusCode.TooManyRequests; i++) // from the tenth on the gateway knows by itself
        {
            answer?.Dispose();
            answer = await guesser.Http.PostAsJsonAsync("/auth/login", new { email = "admin@localhost", password = $"a guess, number {i}" });
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, answer!.StatusCode);
        Assert.InRange(answer.Headers.RetryAfter?.Delta ?? TimeSpan.Zero, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        answer.Dispose();
    }

    private static async Task<bool> Answers(IotClient client)
    {
        using var answer = await client.Http.GetAsync(new Uri("/devices/meter", UriKind.Relative));
        return answer.IsSuccessStatusCode;
    }

    private Task<IotProcess> Start(string role, string name, string mode, string? keys = null) => IotProcess.StartWith(
        [
            ("IOT_Cluster__SiloPort", LocalPort.Free().ToString(CultureInfo.InvariantCulture)),
            ("IOT_Cluster__GatewayPort", LocalPort.Free().ToString(CultureInfo.InvariantCulture)),
            ("IOT_Trust__Mode", mode),
            .. mode.Contains("Hmac", StringComparison.Ordinal) ? new[] { ("IOT_Trust__KeyFile", keys ?? Keys) } : [],
            ("IOT_Trust__Certificate", Path.Combine(Pki, "issued", $"{name}.crt")),
            ("IOT_Trust__CertificateKey", Path.Combine(Pki, "issued", $"{name}.key")),
            ("IOT_Trust__Ca", Path.Combine(Pki, "ca.crt")),
            ("IOT_Trust__Crl", Path.Combine(Pki, "crl.pem")),
        ],
        "--roles", role, "--postgres", _database);

    private Task RunPki(params string[] verb) => Run(["--pki", .. verb, "--pki-dir", Pki]);

    private static async Task Run(params string[] arguments)
    {
        var (exitCode, _, error) = await IotProcess.Run(arguments);
        Assert.True(exitCode == 0, error);
    }
}
