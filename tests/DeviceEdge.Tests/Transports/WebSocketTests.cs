using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using OrleansIoT.DeviceEdge.Transports;
using OrleansIoT.Fixtures;

namespace OrleansIoT.DeviceEdge.Tests.Transports;

/// <summary>Real WebSockets, before a session that repeats what it hears until it hears "stop".</summary>
public sealed class WebSocketTests : IAsyncLifetime
{
    private readonly ManualClock _clock = new();
    private readonly DeviceEdgeOptions _options = new() { AllowedOrigins = ["https://app.example.org"] };
    private readonly TaskCompletionSource<string> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private WebApplication _app = null!;
    private volatile bool _closed;
    private int _port;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _app = builder.Build();
        _app.UseWebSockets();
        _app.Map("/mqtt", new WebSocketListener(Repeat, _options, _clock).Accept);
        await _app.StartAsync();
        _port = new Uri(_app.Urls.Single()).Port;
    }

    public async Task DisposeAsync() => await _app.DisposeAsync();

    [Fact]
    [Trait("mqtt", "MQTT-6.0.0-2")]
    [Trait("mqtt-3.1.1", "MQTT-6.0.0-2")]
    public async Task Packets_may_span_frames_and_frames_may_hold_several()
    {
        using var client = await Connect();

        for (var i = 0; i < 5; i++)
        {
            await client.SendAsync(new[] { (byte)('a' + i) }, WebSocketMessageType.Binary, i % 2 == 0, default);
        }

        await client.SendAsync(Array.Empty<byte>(), WebSocketMessageType.Binary, true, default);
        await client.SendAsync("fghij"u8.ToArray(), WebSocketMessageType.Binary, true, default);

        Assert.Equal("abcdefghij", await Read(client, 10));
    }

    [Fact]
    [Trait("mqtt", "MQTT-6.0.0-1")]
    [Trait("mqtt-3.1.1", "MQTT-6.0.0-1")]
    public async Task What_is_sent_is_binary_and_whole_however_long()
    {
        using var client = await Connect();
        var bytes = new byte[300_000];
        Random.Shared.NextBytes(bytes);

        var sending = client.SendAsync(bytes, WebSocketMessageType.Binary, true, default);
        var received = await ReadBytes(client, bytes.Length);
        await sending;

        Assert.Equal(bytes, received);
    }

    [Fact]
    [Trait("mqtt", "MQTT-6.0.0-1")]
    [Trait("mqtt-3.1.1", "MQTT-6.0.0-1")]
    public async Task A_text_frame_ends_the_connection()
    {
        using var client = await Connect();
        await client.SendAsync("ab"u8.ToArray(), WebSocketMessageType.Text, true, default);

        Assert.Equal(WebSocketMessageType.Close, (await client.ReceiveAsync(new byte[10], default)).MessageType);
        Assert.Equal(WebSocketCloseStatus.InvalidMessageType, client.CloseStatus); // 1003
        Assert.Equal(nameof(ConnectionAbortedException), await _ended.Task);
    }

    [Theory]
    [InlineData("mqtt", true)]
    [InlineData("mqttv3.1, mqtt", true)]
    [InlineData("MQTT", false)]
    [InlineData("mqttv3.1", false)]
    [InlineData(null, false)]
    [Trait("mqtt", "MQTT-6.0.0-3")]
    [Trait("mqtt", "MQTT-6.0.0-4")]
    [Trait("mqtt-3.1.1", "MQTT-6.0.0-4")]
    public async Task The_subprotocol_is_mqtt(string? offered, bool taken)
    {
        var (status, head) = await Upgrade(offered is null ? "" : $"Sec-WebSocket-Protocol: {offered}\r\n");

        Assert.Equal(taken ? 101 : 400, status);
        Assert.Equal(taken, head.Contains("Sec-WebSocket-Protocol: mqtt\r\n", StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData("http://127.0.0.1:{port}", true)]
    [InlineData("https://127.0.0.1:{port}", true)] // a proxy in front speaks TLS
    [InlineData("https://app.example.org", true)]
    [InlineData("https://APP.example.org", true)]
    [InlineData("https://evil.example.org", false)]
    [InlineData("https://app.example.org.evil.org", false)]
    [InlineData("http://app.example.org", false)]
    [InlineData("http://127.0.0.1", false)]
    [InlineData("http://127.0.0.1:{port}@evil.org", false)]
    [InlineData("null", false)]
    [InlineData("", false)]
    [InlineData("file://127.0.0.1:{port}", false)]
    public async Task Pages_of_another_origin_may_not_connect(string origin, bool welcome)
    {
        origin = origin.Replace("{port}", $"{_port}", StringComparison.Ordinal);
        var (status, _) = await Upgrade($"Sec-WebSocket-Protocol: mqtt\r\nOrigin: {origin}\r\n");

        Assert.Equal(welcome ? 101 : 403, status);
    }

    [Fact]
    public async Task Two_origins_are_none()
    {
        var (status, _) = await Upgrade($"Sec-WebSocket-Protocol: mqtt\r\nOrigin: http://127.0.0.1:{_port}\r\nOrigin: https://evil.example.org\r\n");
        Assert.Equal(403, status);
    }

    [Fact]
    public async Task What_is_no_WebSocket_is_told_what_is_spoken_here()
    {
        using var http = new HttpClient();
        using var answer = await http.GetAsync(new Uri($"http://127.0.0.1:{_port}/mqtt"));

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal(MediaTypeHeaderValue.Parse("application/problem+json"), answer.Content.Headers.ContentType);
    }

    [Fact]
    public async Task When_the_session_is_done_its_last_words_come_before_the_goodbye()
    {
        using var client = await Connect();
        await client.SendAsync("stop"u8.ToArray(), WebSocketMessageType.Binary, true, default);

        Assert.Equal("stop", await Read(client, 4));
        Assert.Equal(WebSocketMessageType.Close, (await client.ReceiveAsync(new byte[10], default)).MessageType);
        Assert.Equal(WebSocketCloseStatus.NormalClosure, client.CloseStatus);
        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, null, default);
    }

    [Fact]
    public async Task When_the_client_says_goodbye_the_session_sees_the_end()
    {
        using var client = await Connect();
        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, null, default);

        Assert.Equal("", await _ended.Task);
        Assert.Equal(WebSocketState.Closed, client.State);
    }

    [Fact]
    public async Task When_the_client_is_gone_the_session_hears_of_the_loss()
    {
        using var client = await Connect();
        await client.SendAsync("a"u8.ToArray(), WebSocketMessageType.Binary, true, default);
        Assert.Equal("a", await Read(client, 1));

        client.Abort();

        Assert.Equal(nameof(ConnectionResetException), await _ended.Task);
    }

    [Fact]
    public async Task A_client_that_never_says_goodbye_is_cut_off_in_time()
    {
        using var client = await Connect();
        await client.SendAsync("stop"u8.ToArray(), WebSocketMessageType.Binary, true, default);
        await _ended.Task;

        // It does not read, so it does not answer; the close waits for the clock alone.
        await Eventually.Is(() =>
        {
            _clock.Advance(_options.CloseTimeout);
            return _closed;
        });
    }

    private async Task Repeat(ConnectionContext connection)
    {
        connection.ConnectionClosed.Register(() => _closed = true);
        var end = "";
        try
        {
            while (true)
            {
                var read = await connection.Transport.Input.ReadAsync();
                var text = Encoding.Latin1.GetString(read.Buffer);
                foreach (var part in read.Buffer)
                {
                    await connection.Transport.Output.WriteAsync(part);
                }

                connection.Transport.Input.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted || text == "stop")
                {
                    break;
                }
            }
        }
        catch (Exception e)
        {
            end = e.GetType().Name;
        }

        _ended.TrySetResult(end);
    }

    private async Task<ClientWebSocket> Connect()
    {
        var client = new ClientWebSocket();
        client.Options.AddSubProtocol("mqtt");
        await client.ConnectAsync(new Uri($"ws://127.0.0.1:{_port}/mqtt"), default);
        return client;
    }

    private static async Task<string> Read(ClientWebSocket client, int length) => Encoding.Latin1.GetString(await ReadBytes(client, length));

    private static async Task<byte[]> ReadBytes(ClientWebSocket client, int length)
    {
        var bytes = new byte[length];
        for (var have = 0; have < length;)
        {
            var received = await client.ReceiveAsync(bytes.AsMemory(have), default);
            Assert.Equal(WebSocketMessageType.Binary, received.MessageType);
            have += received.Count;
        }

        return bytes;
    }

    /// <summary>The handshake by hand (RFC 6455 section 4.1), with headers that no decent client would send.</summary>
    private async Task<(int Status, string Head)> Upgrade(string headers)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, _port);
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"GET /mqtt HTTP/1.1\r\nHost: 127.0.0.1:{_port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + $"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"));
        using var reader = new StreamReader(stream, Encoding.ASCII);
        var head = new StringBuilder();
        while (await reader.ReadLineAsync() is { Length: > 0 } line)
        {
            head.Append(line).Append("\r\n");
        }

        return (int.Parse(head.ToString(9, 3), null), head.ToString());
    }
}
