using System.Net;
using System.Net.Http.Json;
using System.Text;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Identity;

/// <summary>Whoever is where they do not belong is refused or finds nothing, and nobody else notices.</summary>
public sealed class TrespassTests : IAsyncLifetime
{
    private IotProcess _iot = null!;
    private IotClient _admin = null!;
    private string _key = null!;

    public async Task InitializeAsync()
    {
        _iot = await IotProcess.Start();
        _admin = await IotClient.Administrator(_iot);
        _key = await _admin.RegisterDevice("meter", "plant/+/state");
        await _admin.RegisterDevice("other");
    }

    public async Task DisposeAsync()
    {
        _admin.Dispose();
        await _iot.DisposeAsync();
    }

    [Theory]
    [InlineData(MqttVersion.V311)]
    [InlineData(MqttVersion.V500)]
    public async Task A_device_publishes_below_itself_and_where_it_was_granted(MqttVersion version)
    {
        await using var device = await MqttDevice.Connect(_iot.MqttPort, "meter", _key, version);
        Assert.Equal(ReasonCode.Success, await device.Publish("devices/meter/t", "1"));
        Assert.Equal(ReasonCode.Success, await device.Publish("plant/3/state", "1"));
        Assert.Equal(HttpStatusCode.OK, (await _admin.Get("/iot/plant/3/state/latest")).Status);
    }

    [Theory]
    [InlineData("devices/other/t")]
    [InlineData("devices/meter2/t")]
    [InlineData("plant/3/4/state")]
    [InlineData("nobody/granted/this")]
    [InlineData("$SYS/broker")]
    public async Task Another_topic_is_refused_in_each_versions_way_and_not_stored(string topic)
    {
        await using var device = await MqttDevice.Connect(_iot.MqttPort, "meter", _key);
        Assert.Equal(ReasonCode.NotAuthorized, await device.Publish(topic, "1"));
        Assert.Equal(ReasonCode.Success, await device.Publish("devices/meter/t", "the connection lives on"));

        await using var older = await MqttDevice.Connect(_iot.MqttPort, "meter", _key, MqttVersion.V311);
        ReasonCode? answer = topic.StartsWith('$') ? ReasonCode.Success : null; // the server's own topics are answered and discarded
        Assert.Equal(answer, await older.Publish(topic, "1"));

        Assert.Equal(HttpStatusCode.NotFound, (await _admin.Get($"/iot/{Uri.EscapeDataString(topic)}/latest")).Status);
    }

    [Theory]
    [InlineData("meter", "wrong")]
    [InlineData("other", null)]
    [InlineData("nobody", "wrong")]
    public async Task Nobody_connects_with_a_key_that_is_not_the_devices(string id, string? key)
    {
        var credentials = MqttDevice.Credentials(id, key ?? _key);
        await using var device = await MqttDevice.Dial(_iot.MqttPort);
        Assert.Equal(ReasonCode.BadUserNameOrPassword, (await device.Connect(credentials))?.Reason);

        await using var older = await MqttDevice.Dial(_iot.MqttPort, MqttVersion.V311);
        var answer = await older.Connect(MqttDevice.Credentials(id, key ?? _key, MqttVersion.V311));
        Assert.NotEqual(ReasonCode.Success, answer?.Reason);
    }

    [Fact]
    public async Task A_removed_device_is_cut_off_and_its_readings_stay()
    {
        await using var device = await MqttDevice.Connect(_iot.MqttPort, "meter", _key);
        Assert.Equal(ReasonCode.Success, await device.Publish("devices/meter/t", "1"));
        using (var removed = await _admin.Http.DeleteAsync(new Uri("/devices/meter", UriKind.Relative)))
        {
            Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        }

        Assert.IsType<DeviceEdge.Mqtt.Packets.DisconnectPacket>(await device.Receive());
        Assert.Null(await device.Receive());
        Assert.Equal(HttpStatusCode.NotFound, (await _admin.Get("/devices/meter")).Status);
        Assert.Equal(HttpStatusCode.OK, (await _admin.Get("/iot/devices/meter/t/latest")).Status);
    }

    [Fact]
    public async Task Who_registers_reads_and_manages_nothing()
    {
        using var viewer = new IotClient(_iot.HttpPort);
        Assert.Equal(HttpStatusCode.Unauthorized, (await viewer.Get("/iot/devices/meter/t/latest")).Status);
        var account = new { email = "ada@example.org", username = "Ada", password = "correct horse battery" };
        using (var registered = await viewer.Http.PostAsJsonAsync("/auth/register", account))
        {
            Assert.Equal(HttpStatusCode.Created, registered.StatusCode);
        }

        using (var again = await viewer.Http.PostAsJsonAsync("/auth/register", account))
        {
            Assert.Equal(HttpStatusCode.Conflict, again.StatusCode);
        }

        await viewer.SignIn(account.email, account.password);
        await using var device = await MqttDevice.Connect(_iot.MqttPort, "meter", _key);
        await device.Publish("devices/meter/t", "1");
        Assert.Equal(HttpStatusCode.OK, (await viewer.Get("/iot/devices/meter/t/latest")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await viewer.Get("/iot/unknown/topic/latest")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await viewer.Get("/users")).Status);
        using var refused = await viewer.Http.PostAsJsonAsync("/devices", new { id = "mine" });
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
    }

    [Fact]
    public async Task Bytes_one_at_a_time_are_the_same_packets()
    {
        await using var device = await MqttDevice.Dial(_iot.MqttPort);
        foreach (var packet in new MqttPacket[] { MqttDevice.Credentials("meter", _key), device.Message("devices/meter/slow", "1") })
        {
            var bytes = new System.Buffers.ArrayBufferWriter<byte>();
            MqttPacketWriter.Write(bytes, packet, MqttVersion.V500);
            for (var i = 0; i < bytes.WrittenCount; i++)
            {
                await device.SendRaw(bytes.WrittenMemory.Slice(i, 1));
            }

            Assert.NotNull(await device.Receive());
        }

        Assert.Equal(HttpStatusCode.OK, (await _admin.Get("/iot/devices/meter/slow/latest")).Status);
    }

    [Fact]
    public async Task A_stream_that_ends_inside_a_packet_leaves_nothing_behind()
    {
        await using (var device = await MqttDevice.Connect(_iot.MqttPort, "meter", _key))
        {
            var bytes = new System.Buffers.ArrayBufferWriter<byte>();
            MqttPacketWriter.Write(bytes, device.Message("devices/meter/torn", "1"), MqttVersion.V500);
            await device.SendRaw(bytes.WrittenMemory[..^1]);
            device.EndSending();
            while (await device.Receive() is not null)
            {
            }
        }

        Assert.Equal(HttpStatusCode.NotFound, (await _admin.Get("/iot/devices/meter/torn/latest")).Status);
    }

    [Fact]
    public async Task A_promise_of_256_MiB_ends_the_connection_before_it_is_kept()
    {
        await using var device = await MqttDevice.Connect(_iot.MqttPort, "meter", _key);
        await device.SendRaw(new byte[] { 0x32, 0xff, 0xff, 0xff, 0x7f });
        var goodbye = Assert.IsType<DeviceEdge.Mqtt.Packets.DisconnectPacket>(await device.Receive());
        Assert.Equal(ReasonCode.PacketTooLarge, goodbye.Reason);
        Assert.Null(await device.Receive());
    }

    [Theory]
    [InlineData("yesterday")]
    [InlineData("2026-03-01T12:00:00")]
    [InlineData("2026-02-30T12:00:00Z")]
    public async Task An_unreadable_time_is_refused_and_nothing_is_stored(string time)
    {
        var payload = $$"""{"ts":"{{time}}","value":1}""";
        await using var device = await MqttDevice.Connect(_iot.MqttPort, "meter", _key);
        Assert.Equal(ReasonCode.PayloadFormatInvalid, await device.Publish("devices/meter/when", payload));
        await using var older = await MqttDevice.Connect(_iot.MqttPort, "meter", _key, MqttVersion.V311);
        Assert.Null(await older.Publish("devices/meter/when", payload));
        Assert.Equal(2, (await _admin.Get("/devices/meter")).Body.GetProperty("refusals").GetInt64());
        Assert.Equal(HttpStatusCode.NotFound, (await _admin.Get("/iot/devices/meter/when/latest")).Status);
    }

    [Fact]
    public async Task No_secret_is_in_what_it_printed_or_stored_in_clear()
    {
        await using (var device = await MqttDevice.Connect(_iot.MqttPort, "meter", _key))
        {
            await device.Publish("devices/other/t", "a payload to look for");
        }

        await _iot.Terminate();
        var token = _admin.Http.DefaultRequestHeaders.Authorization!.Parameter!;
        string[] secrets = [_key, token, IotProcess.AdminPassword, "a payload to look for"];
        Assert.DoesNotContain(_iot.Output, line => secrets.Any(secret => line.Contains(secret, StringComparison.Ordinal)));
        foreach (var file in Directory.EnumerateFiles(_iot.Data, "*", SearchOption.AllDirectories))
        {
            var bytes = await File.ReadAllBytesAsync(file);
            Assert.All(secrets, secret => Assert.Equal(-1, bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(secret))));
        }
    }
}
