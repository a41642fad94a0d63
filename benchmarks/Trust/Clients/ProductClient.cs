using System.Net;
using System.Net.Sockets;
using System.Text;
using OrleansIoT.Benchmarks.Trust.Hops;
using OrleansIoT.Benchmarks.Trust.Processes;
using OrleansIoT.Silo;

namespace OrleansIoT.Benchmarks.Trust.Clients;

/// <summary>What somebody does with the product before it is measured, over its own protocols.</summary>
internal static class ProductClient
{
    private const byte Puback = 0x40;

    /// <returns>The administrator's access token.</returns>
    public static async Task<string> SignIn(int port)
    {
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        var answer = await Post<Answer>(client, "/auth/login", new { email = FirstStart.AdministratorEmail, password = ProductHost.AdminPassword });
        return answer.Auth_token;
    }

    /// <summary>Stores <see cref="LatestAnswer.Value"/> in its topic: CONNECT and PUBLISH with QoS 1 of MQTT 3.1.1, until the PUBACK.</summary>
    public static async Task Publish(int port)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port);
        var (topic, value) = (Encoding.UTF8.GetBytes(LatestAnswer.Topic), Encoding.UTF8.GetBytes(LatestAnswer.Value));
        await socket.SendAsync((byte[])
        [
            0x10, 17, 0, 4, .. "MQTT"u8, 4, 2, 0, 60, 0, 5, .. "bench"u8,
            0x32, (byte)(2 + topic.Length + 2 + value.Length), 0, (byte)topic.Length, .. topic, 0, 1, .. value,
        ]);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var answer = new byte[8]; // CONNACK and PUBACK, four bytes each
        for (var length = 0; length < answer.Length;)
        {
            var received = await socket.ReceiveAsync(answer.AsMemory(length), limit.Token);
            length += received > 0 ? received : throw new BenchmarkException("the product does not take a reading over MQTT");
        }

        if (answer[3] != 0 || answer[4] != Puback)
        {
            throw new BenchmarkException("the product does not acknowledge a reading over MQTT");
        }
    }

    private static async Task<T> Post<T>(HttpClient client, string path, object body)
    {
        using var response = await client.PostAsJsonAsync(path, body);
        return response.IsSuccessStatusCode
            ? (await response.Content.ReadFromJsonAsync<T>())!
            : throw new BenchmarkException($"{path} answered {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
    }

    private sealed record Answer(string Auth_token);
}
