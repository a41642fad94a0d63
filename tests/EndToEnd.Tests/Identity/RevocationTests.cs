using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Identity;

/// <summary>Who may no longer is out within five seconds, at the gateway and on MQTT (J16; API2:2023).</summary>
public sealed class RevocationTests : IAsyncLifetime
{
    private const string Password = "correct horse battery";

    private static readonly TimeSpan Promise = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private IotProcess _iot = null!;
    private IotClient _admin = null!;

    public async Task InitializeAsync()
    {
        _iot = await IotProcess.StartWith([("IOT_Gateway__RequestRate", "0")]); // it asks until it is refused
        _admin = await IotClient.Administrator(_iot);
    }

    public async Task DisposeAsync()
    {
        _admin.Dispose();
        await _iot.DisposeAsync();
    }

    [Theory]
    [InlineData("deactivated")]
    [InlineData("deleted")]
    [InlineData("signed out")]
    public async Task Who_is_deactivated_deleted_or_signed_out_is_out_within_five_seconds(string how)
    {
        var key = await _admin.RegisterDevice("meter");
        await using (var meter = await MqttDevice.Connect(_iot.MqttPort, "meter", key))
        {
            await meter.Send(new PublishPacket
            {
                Topic = "devices/meter/t",
                Payload = "a retained message"u8.ToArray(),
                Qos = Qos.AtLeastOnce,
                PacketId = 1,
                Retain = true,
            });
            Assert.Equal(ReasonCode.Success, Assert.IsType<AckPacket>(await meter.Receive()).Reason);
        }

        var id = await CreateUser("ada@example.org", "viewer");
        var (token, refresh) = await SignIn("ada@example.org");
        using var ada = Bearer(token);
        Assert.Equal(HttpStatusCode.OK, await Status(ada, "/devices"));
        await using var device = await MqttDevice.Connect(_iot.MqttPort, id, token);
        using var foreign = Process.Start(new ProcessStartInfo("mosquitto_sub",
            ["-h", "127.0.0.1", "-p", $"{_iot.MqttPort}", "-V", "5", "-i", "foreign", "-u", "ada@example.org", "-P", token, "-t", "#"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Assert.Equal("a retained message", await foreign.StandardOutput.ReadLineAsync().WaitAsync(Patience)); // it is connected

        using (var done = how switch
        {
            "deactivated" => await _admin.Http.PatchAsJsonAsync($"/users/{id}", new { active = false }),
            "deleted" => await _admin.Http.DeleteAsync(new Uri($"/users/{id}", UriKind.Relative)),
            _ => await ada.PostAsync(new Uri("/auth/logout", UriKind.Relative), null),
        })
        {
            Assert.True(done.IsSuccessStatusCode, $"{done.StatusCode}");
        }

        var since = Stopwatch.StartNew();
        Assert.IsType<DisconnectPacket>(await device.Receive());
        Assert.Null(await device.Receive());
        await IsRefused(ada, "/devices");
        Assert.True(since.Elapsed < Promise, $"{since.Elapsed}");
        using var refreshed = await _admin.Http.PostAsJsonAsync("/auth/refresh", new { refresh_token = refresh });
        Assert.Equal(HttpStatusCode.Unauthorized, refreshed.StatusCode);
        await foreign.WaitForExitAsync().WaitAsync(Patience); // a DISCONNECT ends it, and a refusal if it came back
    }

    [Fact]
    public async Task A_personal_token_and_a_services_token_end_with_what_they_rest_on()
    {
        await CreateUser("ada@example.org", "viewer");
        var (session, _) = await SignIn("ada@example.org");
        using var ada = Bearer(session);
        var issued = await Json(await ada.PostAsJsonAsync("/auth/tokens", new { name = "script", scopes = new[] { "viewer" }, expires_in = 3_600 }));
        using var script = Bearer(issued.GetProperty("token").GetString()!);
        await using var scriptOverMqtt = await MqttDevice.Connect(_iot.MqttPort, "", issued.GetProperty("token").GetString()!);
        var account = await Json(await _admin.Http.PostAsJsonAsync("/service-accounts", new { name = "billing", roles = new[] { "viewer" } }));
        var (clientId, secret) = (account.GetProperty("client_id").GetString()!, account.GetProperty("client_secret").GetString()!);
        using var nobody = new IotClient(_iot.HttpPort);
        using var asked = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = clientId,
            ["client_secret"] = secret,
        });
        var service = (await Json(await nobody.Http.PostAsync(new Uri("/oauth/token", UriKind.Relative), asked))).GetProperty("access_token").GetString()!;
        using var billing = Bearer(service);
        await using var billingOverMqtt = await MqttDevice.Connect(_iot.MqttPort, clientId, service);
        Assert.Equal(HttpStatusCode.OK, await Status(script, "/devices"));
        Assert.Equal(HttpStatusCode.OK, await Status(billing, "/devices"));

        using (var deleted = await ada.DeleteAsync(new Uri($"/auth/tokens/{issued.GetProperty("details").GetProperty("id").GetString()}", UriKind.Relative)))
        {
            Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        }

        using (var renewed = await _admin.Http.PostAsync(new Uri($"/service-accounts/{clientId}/secret", UriKind.Relative), null))
        {
            Assert.Equal(HttpStatusCode.OK, renewed.StatusCode);
        }

        var since = Stopwatch.StartNew();
        Assert.IsType<DisconnectPacket>(await scriptOverMqtt.Receive());
        Assert.IsType<DisconnectPacket>(await billingOverMqtt.Receive());
        await IsRefused(script, "/devices");
        await IsRefused(billing, "/devices");
        Assert.True(since.Elapsed < Promise, $"{since.Elapsed}");
        Assert.Equal(HttpStatusCode.OK, await Status(ada, "/devices"));
    }

    [Fact]
    public async Task Of_a_deactivated_tenant_users_and_devices_are_out_within_five_seconds_and_no_others()
    {
        var own = await _admin.RegisterDevice("meter");
        var made = await Json(await _admin.Http.PostAsJsonAsync("/tenants", new { name = "acme", admin_email = "ada@acme.example" }));
        var (token, _) = await SignIn("ada@acme.example", made.GetProperty("admin").GetProperty("password").GetString()!, "acme");
        using var ada = Bearer(token);
        var registered = await Json(await ada.PostAsJsonAsync("/devices", new { id = "meter" }));
        var key = registered.GetProperty("key").GetString()!;
        await using var acmes = await MqttDevice.Connect(_iot.MqttPort, "acme/meter", key);
        await using var ours = await MqttDevice.Connect(_iot.MqttPort, "meter", own);
        Assert.Equal(ReasonCode.Success, await acmes.Publish("devices/meter/t", "1"));
        Assert.Equal(HttpStatusCode.OK, await Status(ada, "/iot/devices/meter/t/latest"));
        Assert.Equal(HttpStatusCode.NotFound, (await _admin.Get("/iot/devices/meter/t/latest")).Status);

        using (var deactivated = await _admin.Http.PatchAsJsonAsync("/tenants/acme", new { active = false }))
        {
            Assert.Equal(HttpStatusCode.OK, deactivated.StatusCode);
        }

        var since = Stopwatch.StartNew();
        Assert.IsType<DisconnectPacket>(await acmes.Receive());
        await IsRefused(ada, "/devices");
        Assert.True(since.Elapsed < Promise, $"{since.Elapsed}");
        await using var again = await MqttDevice.Dial(_iot.MqttPort);
        Assert.NotEqual(ReasonCode.Success, (await again.Connect(MqttDevice.Credentials("acme/meter", key)))?.Reason);
        Assert.Equal(ReasonCode.Success, await ours.Publish("devices/meter/t", "1"));
    }

    private static async Task<HttpStatusCode> Status(HttpClient http, string path)
    {
        using var answer = await http.GetAsync(new Uri(path, UriKind.Relative));
        return answer.StatusCode;
    }

    /// <summary>Asks until it is; the caller has a clock.</summary>
    private static async Task IsRefused(HttpClient http, string path)
    {
        HttpStatusCode status;
        var patience = Stopwatch.StartNew();
        while ((status = await Status(http, path)) != HttpStatusCode.Unauthorized && patience.Elapsed < Promise)
        {
            Assert.Equal(HttpStatusCode.OK, status);
        }

        Assert.Equal(HttpStatusCode.Unauthorized, status);
    }

    private static async Task<JsonElement> Json(HttpResponseMessage answer)
    {
        using (answer)
        {
            Assert.True(answer.IsSuccessStatusCode, $"{answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
            return await answer.Content.ReadFromJsonAsync<JsonElement>();
        }
    }

    private HttpClient Bearer(string token) => new()
    {
        BaseAddress = _admin.Http.BaseAddress,
        DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", token) },
    };

    private async Task<string> CreateUser(string email, string role)
    {
        var created = await Json(await _admin.Http.PostAsJsonAsync("/users", new { email, username = "Ada", password = Password, roles = new[] { role } }));
        return created.GetProperty("data").GetProperty("users")[0].GetProperty("id").GetString()!;
    }

    private async Task<(string Token, string Refresh)> SignIn(string email, string password = Password, string? tenant = null)
    {
        var session = await Json(await _admin.Http.PostAsJsonAsync("/auth/login", new { email, password, tenant = tenant ?? "default" }));
        return (session.GetProperty("auth_token").GetString()!, session.GetProperty("refresh_token").GetString()!);
    }
}
