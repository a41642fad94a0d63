using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Fixtures;
using OrleansIoT.Gateway.Identity;

namespace OrleansIoT.EndToEnd.Tests.Identity;

/// <summary>A token as MQTT password, and the attacks on one again through CONNECT (J23): there the answer is a reason code and the end of the connection.</summary>
public sealed class ForgedTokenTests : IAsyncLifetime
{
    private IotHost _host = null!;
    private IotClient _admin = null!;
    private string _token = null!;
    private ECDsa _key = null!;

    public async Task InitializeAsync()
    {
        _host = await IotHost.Start();
        _admin = await Administrator(_host.HttpPort);
        _token = _admin.Http.DefaultRequestHeaders.Authorization!.Parameter!;
        _key = ECDsa.Create();
        _key.ImportFromPem(await File.ReadAllTextAsync(Path.Combine(_host.Data, "keys", "access-tokens.pem")));
    }

    public async Task DisposeAsync()
    {
        _key.Dispose();
        _admin.Dispose();
        await _host.DisposeAsync();
    }

    [Theory] // J23, by what its header says: J01, J02, J03, J04, J11, J13, J14
    [InlineData("alg", "\"none\"")]
    [InlineData("alg", "\"HS256\"")]
    [InlineData("alg", "\"ES384\"")]
    [InlineData("kid", "\"../../dev/null\"")]
    [InlineData("kid", "null")]
    [InlineData("jku", "\"http://127.0.0.1/keys\"")]
    [InlineData("x5u", "\"http://127.0.0.1/keys\"")]
    [InlineData("jwk", "{}")]
    [InlineData("crit", "[\"exp\"]")]
    [InlineData("typ", "\"JWT\"")]
    [InlineData("typ", "null")]
    public async Task A_forged_header_does_not_connect(string name, string json)
    {
        Assert.Equal(ReasonCode.Success, await Connect(Forge()));

        await Refused(Forge(header => header[name] = JsonNode.Parse(json)));
    }

    [Theory] // J23, by what it claims: J05 to J09
    [InlineData("exp", "1")]
    [InlineData("exp", "null")]
    [InlineData("nbf", "9999999999")]
    [InlineData("iat", "9999999999")]
    [InlineData("aud", "\"other\"")]
    [InlineData("iss", "\"other\"")]
    [InlineData("sub", "null")]
    [InlineData("sid", "\"another session\"")]
    [InlineData("roles", "[\"system\"]")]
    public async Task A_claim_that_is_not_right_does_not_connect(string name, string json)
    {
        Assert.Equal(ReasonCode.Success, await Connect(Forge()));

        await Refused(Forge(claims: claims => claims[name] = JsonNode.Parse(json)));
    }

    [Fact] // J23: J01, J10, J12, J18, J19, J20
    public async Task What_is_no_token_or_signed_by_nobody_does_not_connect()
    {
        var parts = _token.Split('.');
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.Equal(ReasonCode.Success, await Connect(_token));

        foreach (var attempt in new[]
                 {
                     $"{parts[0]}.{parts[1]}.{Base64Url.EncodeToString(new byte[64])}", Forge(key: other),
                     $"{parts[0]}.{parts[1]}.{(parts[2][0] == 'A' ? 'B' : 'A')}{parts[2][1..]}",
                     Forge(claims: claims => claims["x"] = new string('x', 8_000)),
                     $"{parts[0]}.AAAA.{parts[1]}.AAAA.{parts[2]}", "a.b.c", "iotp_default.x.y.z",
                 })
        {
            await Refused(attempt);
        }
    }

    [Fact]
    public async Task After_a_leak_the_connections_of_the_old_keys_end()
    {
        using var registered = await _admin.Http.PostAsync("/devices", new StringContent("""{"id": "meter"}""", Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.Created, registered.StatusCode);
        using var answer = await _admin.Http.PostAsync("/devices/meter/tokens", null);
        var token = (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["token"]!;
        await using var device = await MqttDevice.Connect(_host.MqttPort, "meter", token);
        await using var user = await MqttDevice.Dial(_host.MqttPort);
        Assert.Equal(ReasonCode.Success, (await user.Connect(Page(_token)))!.Reason);
        Assert.Equal(ReasonCode.Success, await device.Publish("devices/meter/t", "1"));

        KeyRotation.Rotate(_host.Data, atOnce: true, TimeProvider.System);

        Assert.Equal(ReasonCode.NotAuthorized, ((DisconnectPacket?)await device.Receive())?.Reason);
        Assert.Equal(ReasonCode.NotAuthorized, ((DisconnectPacket?)await user.Receive())?.Reason);
    }

    private static async Task<IotClient> Administrator(int port)
    {
        var client = new IotClient(port);
        await client.SignIn("admin@localhost", IotHost.AdminPassword);
        return client;
    }

    private async Task Refused(string token)
    {
        foreach (var version in new[] { MqttVersion.V311, MqttVersion.V500 })
        {
            var reason = await Connect(token, version);
            Assert.True(reason is ReasonCode.BadUserNameOrPassword or ReasonCode.NotAuthorized, $"{version} answers {reason}.");
        }
    }

    private async Task<ReasonCode?> Connect(string token, MqttVersion version = MqttVersion.V500)
    {
        await using var client = await MqttDevice.Dial(_host.MqttPort, version);
        return (await client.Connect(Page(token, version)))?.Reason;
    }

    /// <summary>A web page: the token says who it is. (3.1.1 has no password without a user name.)</summary>
    private static ConnectPacket Page(string token, MqttVersion version = MqttVersion.V500) => new()
    {
        Version = version,
        ClientId = "page",
        UserName = "",
        Password = Encoding.UTF8.GetBytes(token),
    };

    /// <summary>The administrator's own token, changed and signed with the real key: for what an attacker would need more than luck.</summary>
    private string Forge(Action<JsonObject>? header = null, Action<JsonObject>? claims = null, ECDsa? key = null)
    {
        var parts = _token.Split('.');
        var (head, body) = (Parse(parts[0]), Parse(parts[1]));
        header?.Invoke(head);
        claims?.Invoke(body);
        var content = $"{Encode(head)}.{Encode(body)}";
        return $"{content}.{Base64Url.EncodeToString((key ?? _key).SignData(Encoding.ASCII.GetBytes(content), HashAlgorithmName.SHA256))}";
    }

    private static JsonObject Parse(string part) => JsonNode.Parse(Base64Url.DecodeFromChars(part))!.AsObject();

    private static string Encode(JsonObject json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));
}
