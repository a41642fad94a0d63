using System.Net;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Runtime.Versioning;
using System.Text.Json;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.EndToEnd.Tests.Clients;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Transports;

/// <summary>The same messages over TCP, TLS and WebSocket, from clients that are not ours.</summary>
public sealed class TransportTests : IAsyncLifetime
{
    private const string Topic = "devices/meter/t";
    private static readonly string[] Payloads = ["1", "2", "3"];

    private IotProcess _iot = null!;
    private IotClient _admin = null!;
    private string _key = null!;

    public async Task InitializeAsync()
    {
        _iot = await IotProcess.Start();
        _admin = await IotClient.Administrator(_iot);
        _key = await _admin.RegisterDevice("meter");
    }

    public async Task DisposeAsync()
    {
        _admin.Dispose();
        await _iot.DisposeAsync();
    }

    [Theory]
    [InlineData("311")]
    [InlineData("5")]
    public async Task Mosquitto_publishes_over_TLS_and_trusts_the_development_CA(string version)
    {
        (await ForeignClient.MosquittoPubTls(_iot, "meter", _key, Topic, Payloads, version)).Succeeded();

        Assert.Equal(3, (await Readings()).Count);
    }

    [Fact]
    public async Task Who_trusts_another_CA_does_not_send_its_key()
    {
        using var other = new TestAuthority(DateTimeOffset.UtcNow);
        var ca = Path.Combine(_iot.Data, "other.crt");
        await File.WriteAllTextAsync(ca, other.Pem);

        // One message, because with lines to come it tries for ever.
        var result = await ForeignClient.Run("mosquitto_pub", [],
            ["-h", "localhost", "-p", $"{_iot.MqttsPort}", "--cafile", ca, "-q", "1", "-u", "meter", "-P", _key, "-t", Topic, "-m", "1"]);

        Assert.NotEqual(0, result.ExitCode);
        Assert.Equal(HttpStatusCode.NotFound, (await _admin.Get($"/iot/{Topic}/latest")).Status);
    }

    [Theory]
    [InlineData("mqtt", 4)]
    [InlineData("mqtt", 5)]
    [InlineData("mqtts", 5)]
    [InlineData("ws", 4)]
    [InlineData("ws", 5)]
    public async Task Mqtt_js_publishes_and_is_acknowledged(string transport, int protocol)
    {
        var url = transport switch
        {
            "mqtts" => $"mqtts://localhost:{_iot.MqttsPort}",
            "ws" => $"ws://127.0.0.1:{_iot.HttpPort}/mqtt",
            _ => $"mqtt://127.0.0.1:{_iot.MqttPort}",
        };

        var result = (await ForeignClient.MqttJs(url, "meter", _key, Topic, Payloads, protocol, transport == "mqtts" ? _iot.CaFile : null)).Succeeded();

        Assert.Equal("3", result.Output.Trim());
        Assert.Equal(3, (await Readings()).Count);
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task The_development_CA_stays_and_its_keys_are_private()
    {
        var ca = await File.ReadAllTextAsync(_iot.CaFile);
        Assert.Contains(_iot.Output, line => line.Contains(_iot.CaFile, StringComparison.Ordinal)); // the greeting says where it is
        Assert.All(Directory.EnumerateFiles(Path.Combine(_iot.Data, "keys")), file =>
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));

        await _iot.Terminate();
        await _iot.StartAgain();

        Assert.Equal(ca, await File.ReadAllTextAsync(_iot.CaFile));
        Assert.DoesNotContain(Directory.EnumerateFiles(Path.Combine(_iot.Data, "tls")), file => File.ReadAllText(file).Contains("PRIVATE", StringComparison.Ordinal));
    }

    [Fact]
    public async Task TLS_on_the_port_without_and_MQTT_on_the_port_with_end_quietly()
    {
        await using var bystander = await MqttDevice.Connect(_iot.MqttPort, "meter", _key);
        var printed = _iot.Output.Count;

        await using (var device = await MqttDevice.Dial(_iot.MqttsPort))
        {
            Assert.Null(await device.Connect(MqttDevice.Credentials("meter", _key)));
        }

        await using (var client = await MqttDevice.Dial(_iot.MqttPort))
        {
            await client.SendRaw(new byte[] { 0x16, 0x03, 0x01, 0x00, 0x05, 0x01, 0x00, 0x00, 0x01, 0x00 });
            Assert.Null(await client.Receive());
        }

        Assert.Equal(ReasonCode.Success, await bystander.Publish(Topic, "still here"));
        await Eventually.Is(() => _iot.Output.Count == printed + 2);
    }

    [Fact]
    public async Task At_stop_a_WebSocket_hears_why()
    {
        using var client = new ClientWebSocket();
        client.Options.AddSubProtocol("mqtt");
        await client.ConnectAsync(new Uri($"ws://127.0.0.1:{_iot.HttpPort}/mqtt"), default);
        var connect = new System.Buffers.ArrayBufferWriter<byte>();
        MqttPacketWriter.Write(connect, MqttDevice.Credentials("meter", _key), MqttVersion.V500);
        await client.SendAsync(connect.WrittenMemory, WebSocketMessageType.Binary, true, default);
        var buffer = new byte[1024];
        await client.ReceiveAsync(buffer, default);
        Assert.Equal(0x20, buffer[0]); // CONNACK

        var ending = _iot.Terminate();
        await client.ReceiveAsync(buffer, default);
        Assert.Equal([0xe0, 0x8b], new[] { buffer[0], buffer[2] }); // DISCONNECT, server shutting down
        Assert.Equal(WebSocketMessageType.Close, (await client.ReceiveAsync(buffer, default)).MessageType);
        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, null, default);
        Assert.Equal(0, await ending);
    }

    [Fact]
    public async Task A_devices_token_is_for_operators_to_make_and_for_MQTT_only()
    {
        using var answer = await _admin.Http.PostAsJsonAsync("/devices/meter/tokens", new { expires_in = 60 });
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        var token = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("token").GetString()!;

        using var client = new IotClient(_iot.HttpPort);
        client.Http.DefaultRequestHeaders.Authorization = new("Bearer", token);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.Get($"/iot/{Topic}/latest")).Status);
        Assert.DoesNotContain(_iot.Output, line => line.Contains(token, StringComparison.Ordinal));
    }

    private Task<List<JsonElement>> Readings() => _admin.ReadAll(Topic, "2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z");
}
