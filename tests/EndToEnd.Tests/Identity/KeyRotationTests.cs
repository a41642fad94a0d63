using System.Net;
using System.Text.Json;

namespace OrleansIoT.EndToEnd.Tests.Identity;

/// <summary>An operator changes the keys of tokens beside the running product.</summary>
public sealed class KeyRotationTests
{
    [Fact]
    public async Task Keys_rotate_from_the_command_line_beside_the_running_process()
    {
        await using var iot = await IotProcess.StartWith([("IOT_Gateway__RequestRate", "0")]);
        using var before = await IotClient.Administrator(iot);
        var first = Assert.Single(await Keys(before));

        var (exitCode, output, error) = await IotProcess.Run(["--data", iot.Data, "--rotate-keys"]);

        Assert.Equal((0, ""), (exitCode, error));
        Assert.Contains("go on verifying", output, StringComparison.Ordinal);
        await Fixtures.Eventually.IsAsync(async () => (await Keys(before)).Count == 2);
        Assert.Contains(first, await Keys(before));
        Assert.Equal(HttpStatusCode.OK, (await before.Get("/devices")).Status);
        await Fixtures.Eventually.IsAsync(async () => await KeyOfNewToken(iot) != first); // every gateway has to see a new key before it signs

        Assert.Equal(0, (await IotProcess.Run(["--data", iot.Data, "--rotate-keys", "now"])).ExitCode);

        await Fixtures.Eventually.IsAsync(async () => (await before.Get("/devices")).Status == HttpStatusCode.Unauthorized);
        Assert.DoesNotContain(first, await Keys(before));
        using var after = await IotClient.Administrator(iot);
        Assert.Equal(HttpStatusCode.OK, (await after.Get("/devices")).Status);
    }

    private static async Task<List<string>> Keys(IotClient client) =>
    [
        .. (await client.Get("/.well-known/jwks.json")).Body.GetProperty("keys").EnumerateArray()
            .Where(key => key.GetProperty("use").GetString() == "sig").Select(key => key.GetProperty("kid").GetString()!),
    ];

    private static async Task<string?> KeyOfNewToken(IotProcess iot)
    {
        using var client = await IotClient.Administrator(iot);
        var header = client.Http.DefaultRequestHeaders.Authorization!.Parameter!.Split('.')[0];
        return JsonDocument.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(header)).RootElement.GetProperty("kid").GetString();
    }
}
