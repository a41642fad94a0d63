using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace OrleansIoT.EndToEnd.Tests;

/// <summary>Somebody who speaks REST to the product, signed in or not.</summary>
public sealed class IotClient(int port) : IDisposable
{
    public HttpClient Http { get; } = new() { BaseAddress = new Uri($"http://127.0.0.1:{port}") };

    public static async Task<IotClient> Administrator(IotProcess iot)
    {
        var client = new IotClient(iot.HttpPort);
        await client.SignIn("admin@localhost", IotProcess.AdminPassword);
        return client;
    }

    public async Task SignIn(string email, string password)
    {
        using var response = await Http.PostAsJsonAsync("/auth/login", new { email, password });
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var token = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("auth_token").GetString();
        Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <returns>The device's key.</returns>
    public async Task<string> RegisterDevice(string id, params string[] publish)
    {
        using var response = await Http.PostAsJsonAsync("/devices", new { id, publish });
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("key").GetString()!;
    }

    public async Task<(HttpStatusCode Status, JsonElement Body)> Get(string path)
    {
        using var response = await Http.GetAsync(new Uri(path, UriKind.Relative));
        var text = await response.Content.ReadAsStringAsync();
        return (response.StatusCode, text.Length == 0 ? default : JsonDocument.Parse(text).RootElement);
    }

    /// <summary>Every reading of the range, page by page.</summary>
    public async Task<List<JsonElement>> ReadAll(string topic, string start, string end, int limit = 5_000)
    {
        var readings = new List<JsonElement>();
        for (string? cursor = null; ;)
        {
            var (status, page) = await Get($"/iot/{topic}/{start}/{end}?limit={limit}{(cursor is null ? "" : $"&cursor={cursor}")}");
            Assert.Equal(HttpStatusCode.OK, status);
            readings.AddRange(page.GetProperty("data").EnumerateArray());
            cursor = page.GetProperty("next").GetString();
            if (cursor is null)
            {
                return readings;
            }
        }
    }

    public void Dispose() => Http.Dispose();
}
