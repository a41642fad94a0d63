using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Identity;

/// <summary>
/// No secret that passes through the product is anywhere that it writes: not in its log at its most talkative, not in an
/// error's answer, not in its database, not in a backup (S13, OWASP API8:2023).
/// </summary>
public sealed class SecretsTests : IAsyncLifetime, IDisposable
{
    private readonly Dictionary<string, string> _secrets = [];
    private readonly StringBuilder _errors = new();
    private IotProcess _iot = null!;
    private HttpClient _http = null!;

    public async Task InitializeAsync()
    {
        _iot = await IotProcess.StartWith([("IOT_Logging__LogLevel__Default", "Trace"), ("IOT_Logging__LogLevel__OrleansIoT", "Trace"), ("IOT_Logging__LogLevel__Microsoft", "Trace")]);
        _http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{_iot.HttpPort}") };
    }

    public async Task DisposeAsync() => await _iot.DisposeAsync();

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task No_secret_is_in_a_log_an_error_the_database_or_a_backup()
    {
        await UseEverySecret();
        await Misuse();
        await _iot.Terminate();
        var backup = Path.Combine(_iot.Data, "backup");
        var (exitCode, output, error) = await IotProcess.Run(["--data", _iot.Data, "--backup", backup]);
        Assert.True(exitCode == 0, error);

        Assert.True(_secrets.Count == 11);
        var log = string.Join('\n', _iot.Output);
        Assert.Contains("dbug", log, StringComparison.Ordinal); // it does talk
        Assert.Contains("canary-device", Encoding.Latin1.GetString(await ReadAll(backup)), StringComparison.Ordinal); // and we do find what is there
        foreach (var (name, secret) in _secrets)
        {
            Assert.False(log.Contains(secret, StringComparison.Ordinal), $"{name} is in the log.");
            Assert.False(_errors.ToString().Contains(secret, StringComparison.Ordinal), $"{name} is in an error's answer.");
            Assert.False((output + error).Contains(secret, StringComparison.Ordinal), $"{name} is in what the backup says.");
            foreach (var file in Directory.EnumerateFiles(_iot.Data, "*", SearchOption.AllDirectories))
            {
                var content = await ReadAll(file);
                Assert.False(content.AsSpan().IndexOf(Encoding.UTF8.GetBytes(secret)) >= 0, $"{name} is in {Path.GetFileName(file)}.");
                Assert.False(content.AsSpan().IndexOf(Encoding.Unicode.GetBytes(secret)) >= 0, $"{name} is in {Path.GetFileName(file)}.");
            }
        }
    }

    [Fact]
    public async Task Private_keys_are_where_they_belong_and_nobody_else_reads_them()
    {
        await UseEverySecret();
        await _iot.Terminate();
        var keys = Directory.GetFiles(Path.Combine(_iot.Data, "keys"));
        Assert.NotEmpty(keys);
        foreach (var file in Directory.EnumerateFiles(_iot.Data, "*", SearchOption.AllDirectories))
        {
            var isKey = Encoding.Latin1.GetString(await ReadAll(file)).Contains("PRIVATE KEY", StringComparison.Ordinal);
            Assert.Equal(keys.Contains(file), isKey);
            if (isKey && !OperatingSystem.IsWindows())
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            }
        }
    }

    private async Task UseEverySecret()
    {
        var signedIn = await Post("/auth/login", new JsonObject { ["email"] = "admin@localhost", ["password"] = Keep("the administrator's password", IotProcess.AdminPassword) });
        var token = Take(signedIn, "auth_token", "an access token");
        Take(signedIn, "refresh_token", "a refresh token");
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);

        var refreshed = await Post("/auth/refresh", new JsonObject { ["refresh_token"] = (string)signedIn["refresh_token"]! });
        Take(refreshed, "refresh_token", "the next refresh token");
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Take(refreshed, "auth_token", "the next access token"));

        var device = await Post("/devices", new JsonObject { ["id"] = "canary-device" });
        Take(device, "key", "a device's key");
        await using (var meter = await MqttDevice.Connect(_iot.MqttPort, "canary-device", (string)device["key"]!))
        {
            Assert.Equal(ReasonCode.Success, await meter.Publish("devices/canary-device/t", "21.5"));
        }

        var deviceToken = Take(await Post("/devices/canary-device/tokens", new JsonObject { ["expires_in"] = 600 }), "token", "a device's token");
        await using (var meter = await MqttDevice.Connect(_iot.MqttPort, "canary-device", deviceToken))
        {
            Assert.Equal(ReasonCode.Success, await meter.Publish("devices/canary-device/t", "21.6"));
        }

        Take(await Post("/auth/tokens", new JsonObject { ["name"] = "n", ["scopes"] = new JsonArray("viewer"), ["expires_in"] = 600 }), "token", "a personal access token");
        var account = await Post("/service-accounts", new JsonObject { ["name"] = "n", ["roles"] = new JsonArray("viewer") });
        var secret = Take(account, "client_secret", "a client's secret");
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = (string)account["client_id"]!,
            ["client_secret"] = secret,
        });
        using var nobody = new HttpClient { BaseAddress = _http.BaseAddress };
        using var answer = await nobody.PostAsync(new Uri("/oauth/token", UriKind.Relative), form);
        Assert.True(answer.IsSuccessStatusCode);
        Take((await answer.Content.ReadFromJsonAsync<JsonNode>())!, "access_token", "a client's access token");

        Take(await Post("/users", new JsonObject { ["email"] = "bob@example.org", ["username"] = "Bob", ["roles"] = new JsonArray("viewer") }), "password", "a generated password");
    }

    /// <summary>Each secret where it does not belong, so that whoever complains might repeat it.</summary>
    private async Task Misuse()
    {
        foreach (var (_, secret) in _secrets.ToList())
        {
            foreach (var path in new[] { "/auth/login", "/auth/refresh", "/auth/register", "/devices" })
            {
                using var broken = new StringContent($"{{\"email\": \"{secret}\", \"password\": \"{secret}\", \"refresh_token\": \"{secret}x\", \"{secret}\": 1", Encoding.UTF8, "application/json");
                using var answer = await _http.PostAsync(new Uri(path, UriKind.Relative), broken);
                Assert.False(answer.IsSuccessStatusCode);
                _errors.AppendLine(await answer.Content.ReadAsStringAsync());
            }

            using var wrong = new StringContent($"{{\"email\": \"somebody@example.org\", \"password\": \"{secret}\"}}", Encoding.UTF8, "application/json");
            using var refused = await _http.PostAsync(new Uri("/auth/login", UriKind.Relative), wrong);
            _errors.AppendLine(await refused.Content.ReadAsStringAsync());

            using var request = new HttpRequestMessage(HttpMethod.Get, "/devices");
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {secret[..^1].Replace(' ', '_')}~");
            using var unauthorized = await _http.SendAsync(request);
            _errors.AppendLine(await unauthorized.Content.ReadAsStringAsync());

            await using var device = await MqttDevice.Dial(_iot.MqttPort);
            Assert.NotEqual(ReasonCode.Success, (await device.Connect(MqttDevice.Credentials("canary-device", secret + "x")))?.Reason);
        }
    }

    private async Task<JsonNode> Post(string path, JsonNode body)
    {
        using var answer = await _http.PostAsJsonAsync(path, body);
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {(int)answer.StatusCode}");
        return (await answer.Content.ReadFromJsonAsync<JsonNode>())!;
    }

    private string Take(JsonNode answer, string field, string name) => Keep(name, (string)answer[field]!);

    private string Keep(string name, string secret) => _secrets[name] = secret;

    private static async Task<byte[]> ReadAll(string path)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[file.Length];
        await file.ReadExactlyAsync(bytes);
        return bytes;
    }
}
