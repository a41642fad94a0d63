using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Fixtures;
using OrleansIoT.Identity;

namespace OrleansIoT.EndToEnd.Tests.Identity;

/// <summary>Tokens as MQTT passwords at an edge without a gateway in its process, which has the gateways' keys or has them not.</summary>
public sealed class EdgeTokenTests
{
    [Fact]
    public async Task An_edge_without_a_gateway_takes_tokens_as_long_as_they_are_good_if_it_has_the_keys()
    {
        var roles = "silo,gateway,edge";
        await using var host = await IotHost.Start(options: silo => silo.Roles = roles);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{host.HttpPort}") };
        var access = Text(await Post(http, "/auth/login", new { email = "admin@localhost", password = IotHost.AdminPassword }), "auth_token");
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", access);
        var personal = Text(await Post(http, "/auth/tokens", new { name = "script", scopes = new[] { "operator" }, expires_in = 3_600 }), "token");
        await Post(http, "/devices", new { id = "meter" });
        var ofDevice = Text(await Post(http, "/devices/meter/tokens", new { expires_in = 600 }), "token");

        roles = "silo,edge";
        await host.Restart();
        await using var meter = await MqttDevice.Connect(host.MqttPort, "meter", ofDevice);
        Assert.Equal(ReasonCode.Success, await meter.Publish("devices/meter/t", "1"));
        await using var script = await MqttDevice.Connect(host.MqttPort, "", personal);
        await using var user = await MqttDevice.Connect(host.MqttPort, "", access);
        await using var nobody = await MqttDevice.Dial(host.MqttPort);
        var forged = await nobody.Connect(MqttDevice.Credentials("", access[..^8] + "AAAAAAAA"));
        Assert.Equal(ReasonCode.BadUserNameOrPassword, forged!.Reason);

        Caller.System(GrainKey.DefaultTenant, "test").Enter();
        await host.Grains.User(GrainKey.DefaultTenant, "admin@localhost").EndSessions(null);
        Assert.IsType<DisconnectPacket>(await user.Receive());
    }

    [Fact]
    public async Task An_edge_that_has_not_the_keys_says_so_when_it_starts_and_to_who_shows_a_token()
    {
        await using var iot = await IotProcess.Start("--roles", "silo,edge");
        await using var device = await MqttDevice.Dial(iot.MqttPort);
        var answer = await device.Connect(MqttDevice.Credentials("", "aaa.bbb.ccc"));

        Assert.Equal(ReasonCode.BadUserNameOrPassword, answer!.Reason);
        Assert.Contains("cannot check them", answer.Properties.ReasonString, StringComparison.Ordinal);
        lock (iot.Output)
        {
            Assert.Contains(iot.Output, line => line.Contains("Gateway:DataDirectory", StringComparison.Ordinal));
        }
    }

    private static string Text(JsonElement answer, string name) => answer.GetProperty(name).GetString()!;

    private static async Task<JsonElement> Post(HttpClient http, string path, object body)
    {
        using var answer = await http.PostAsJsonAsync(path, body);
        Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.Created, $"{path}: {answer.StatusCode}");
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }
}
