using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Identity;

/// <summary>What was done is found in the audit, and what must not be there is not.</summary>
public sealed class AuditTests
{
    private const string Password = "correct horse battery staple";

    [Fact]
    public async Task Exactly_what_was_done_is_in_the_audit_and_no_secret_is()
    {
        await using var iot = await IotProcess.Start();
        using var admin = await IotClient.Administrator(iot);
        using var viewer = new IotClient(iot.HttpPort);
        using var nobody = new IotClient(iot.HttpPort);
        Assert.Equal(HttpStatusCode.Created, await Post(viewer, "/auth/register", new { email = "eve@example.org", username = "Eve", password = Password }));
        Assert.Equal(HttpStatusCode.Unauthorized, await Post(nobody, "/auth/login", new { email = "eve@example.org", password = "my wrong password" }));
        await viewer.SignIn("eve@example.org", Password);
        var key = await admin.RegisterDevice("meter-7");
        Assert.Equal(HttpStatusCode.Forbidden, await Post(viewer, "/devices", new { id = "mine" }));
        await using (await MqttDevice.Connect(iot.MqttPort, "meter-7", key))
        {
        }

        await using (var thief = await MqttDevice.Dial(iot.MqttPort))
        {
            Assert.Equal(ReasonCode.BadUserNameOrPassword, (await thief.Connect(MqttDevice.Credentials("meter-7", "a stolen key")))!.Reason);
        }

        var token = viewer.Http.DefaultRequestHeaders.Authorization!.Parameter!;
        await using (var page = await MqttDevice.Dial(iot.MqttPort))
        {
            Assert.Equal(ReasonCode.Success, (await page.Connect(MqttDevice.Credentials("eve@example.org", token)))!.Reason);
        }

        using (var removed = await admin.Http.DeleteAsync("/devices/meter-7"))
        {
            Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        }

        Assert.Equal(HttpStatusCode.Forbidden, (await viewer.Get("/audit")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await nobody.Get("/audit")).Status);

        await Eventually.IsAsync(async () => (await Entries(admin)).Count == 12); // refusals of reading are not waited for
        Assert.Equal(
            [
                "service admin@localhost FirstStart user 0 ok", "user admin@localhost Login 200 ok", "user eve@example.org Register user 201 ok",
                "nobody eve@example.org Login 401 refused", "user eve@example.org Login 200 ok", "user RegisterDevice device/meter-7 201 ok",
                "user RegisterDevice device/mine 403 refused", "nobody meter-7 MqttConnect 134 refused", "user MqttConnect 0 ok",
                "user RemoveDevice device/meter-7 204 ok", "user ListAudit 403 refused", "nobody ListAudit 401 refused",
            ],
            (await Entries(admin)).Select(Line));
        var ids = (await Entries(admin)).Select(entry => entry.GetProperty("id").GetInt64()).ToList();
        Assert.Equal(ids.Order(), ids);

        var all = (await admin.Get("/audit")).Body.ToString();
        var adminToken = admin.Http.DefaultRequestHeaders.Authorization!.Parameter!;
        await iot.Terminate();
        string[] secrets = [key, token, adminToken, IotProcess.AdminPassword, Password, "my wrong password", "a stolen key"];
        Assert.All(secrets, secret => Assert.DoesNotContain(secret, all, StringComparison.Ordinal));
        var database = await File.ReadAllBytesAsync(Path.Combine(iot.Data, "iot.db"));
        Assert.NotEqual(-1, database.AsSpan().IndexOf("RegisterDevice"u8));
        Assert.All(secrets, secret => Assert.Equal(-1, database.AsSpan().IndexOf(Encoding.UTF8.GetBytes(secret))));
    }

    [Fact]
    public async Task An_acknowledged_change_is_in_the_audit_after_a_kill_at_that_moment()
    {
        await using var iot = await IotProcess.Start();
        using (var admin = await IotClient.Administrator(iot))
        {
            for (var i = 0; i < 3; i++)
            {
                await admin.RegisterDevice($"meter-{i}");
                await iot.Kill();
                await iot.StartAgain();
            }
        }

        using var after = await IotClient.Administrator(iot);
        Assert.Equal(
            ["meter-0", "meter-1", "meter-2"],
            (await Entries(after, "&action=RegisterDevice")).Select(entry => entry.GetProperty("thing").GetProperty("id").GetString()));
    }

    private static async Task<HttpStatusCode> Post<T>(IotClient client, string path, T body)
    {
        using var answer = await client.Http.PostAsJsonAsync(path, body);
        return answer.StatusCode;
    }

    private static async Task<List<JsonElement>> Entries(IotClient admin, string filters = "") =>
        [.. (await admin.Get($"/audit?order=asc{filters}")).Body.GetProperty("entries").EnumerateArray()];

    private static string Line(JsonElement entry)
    {
        var (actor, thing) = (entry.GetProperty("actor"), entry.GetProperty("thing"));
        string?[] parts =
        [
            actor.GetProperty("kind").GetString(),
            actor.GetProperty("name").GetString(),
            entry.GetProperty("action").GetString(),
            thing.ValueKind == JsonValueKind.Null ? null
                : thing.GetProperty("type").GetString() is "user" ? "user" // an id that nobody knows before
                : $"{thing.GetProperty("type")}/{thing.GetProperty("id")}",
            entry.GetProperty("status").ToString(),
            entry.GetProperty("result").GetString(),
        ];
        return string.Join(' ', parts.OfType<string>());
    }
}
