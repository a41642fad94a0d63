using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Fixtures;

namespace OrleansIoT.DeviceEdge.Tests.Sessions;

/// <summary>How fast and how many: each breach has its answer and no effect on others.</summary>
public sealed class LimitTests
{
    private const string Topic = "devices/meter-7/temperature";

    [Fact]
    public async Task In_5_0_a_device_that_publishes_too_fast_is_told_and_may_go_on_later()
    {
        await using var edge = await TestEdge.Start(options => (options.DeviceRate, options.DeviceBurst, options.DeviceRatePatience) = (2, 3, default));
        await using var device = await edge.Connect();

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(ReasonCode.Success, await device.Publish(Topic, "x"));
        }

        Assert.Equal(ReasonCode.QuotaExceeded, await device.Publish(Topic, "x"));
        edge.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(ReasonCode.Success, await device.Publish(Topic, "x"));
        Assert.Equal(ReasonCode.Success, await device.Publish(Topic, "x"));
        Assert.Equal(ReasonCode.QuotaExceeded, await device.Publish(Topic, "x"));
    }

    [Fact]
    public async Task In_5_0_it_is_only_slowed_down_for_a_while()
    {
        await using var edge = await TestEdge.Start(options => (options.DeviceRate, options.DeviceBurst) = (1, 2));
        await using var device = await edge.Connect();
        await device.Send([.. Enumerable.Range(1, 9).Select(i => device.Message(Topic, $"{i}"))]);
        await device.Receive();
        await device.Receive();
        for (var second = 1; second <= 5; second++)
        {
            await edge.IsPaused();
            edge.Clock.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(ReasonCode.Success, ((AckPacket?)await device.Receive())!.Reason);
        }

        Assert.Equal(ReasonCode.QuotaExceeded, ((AckPacket?)await device.Receive())!.Reason); // five seconds are over
        Assert.Equal(ReasonCode.QuotaExceeded, ((AckPacket?)await device.Receive())!.Reason);
    }

    [Fact]
    public async Task A_new_connection_brings_no_new_tokens_and_another_device_has_its_own()
    {
        await using var edge = await TestEdge.Start(options => (options.DeviceRate, options.DeviceBurst, options.DeviceRatePatience) = (1, 1, default));
        var first = await edge.Connect();
        await first.Publish(Topic, "x");
        await first.Disconnect();
        await edge.Device.NextDisconnect();
        await using var second = await edge.Connect();
        await using var other = await MqttDevice.Connect(edge.Port, "meter-8", "key");

        Assert.Equal(ReasonCode.QuotaExceeded, await second.Publish(Topic, "x"));
        Assert.Equal(ReasonCode.Success, await other.Publish("devices/meter-8/t", "x"));
    }

    [Fact]
    public async Task What_comes_too_fast_with_QoS_0_is_dropped()
    {
        await using var edge = await TestEdge.Start(options => (options.DeviceRate, options.DeviceBurst, options.DeviceRatePatience) = (1, 2, default));
        await using var device = await edge.Connect();

        await device.Send([.. Enumerable.Range(1, 5).Select(i => new PublishPacket { Topic = Topic, Payload = new[] { (byte)('0' + i) } }), PingReqPacket.Instance]);
        Assert.Equal(PacketType.PingResp, (await device.Receive())!.Type);

        Assert.Equal(["1", "2"], (await edge.Device.NextPublish()).Payloads);
        Assert.Equal(0, edge.Device.Waiting);
        await Eventually.Is(() => edge.Device.RefusedByTheEdge == 3);
        Assert.Equal((Topic, "A device publishes at most 1 messages a second."), edge.Device.LastRefusal);
    }

    [Fact]
    public async Task In_3_1_1_a_device_that_publishes_too_fast_is_not_read_until_it_may()
    {
        await using var edge = await TestEdge.Start(options => (options.DeviceRate, options.DeviceBurst) = (2, 2));
        await using var device = await edge.Connect(MqttVersion.V311);

        await device.Send([.. Enumerable.Range(1, 5).Select(i => device.Message(Topic, $"{i}"))]);
        Assert.Equal(1, ((AckPacket?)await device.Receive())!.PacketId);
        Assert.Equal(2, ((AckPacket?)await device.Receive())!.PacketId);
        await edge.IsPaused();

        for (var id = 3; id <= 5; id++)
        {
            var answer = device.Receive();
            await edge.Until(answer, TimeSpan.FromSeconds(1));
            Assert.Equal(id, ((AckPacket?)await answer)!.PacketId);
        }
    }

    [Fact]
    public async Task Zero_is_no_limit()
    {
        await using var edge = await TestEdge.Start(options => (options.DeviceRate, options.DeviceBurst) = (0, 1));
        await using var device = await edge.Connect();

        Assert.Equal(ReasonCode.Success, await device.Publish(Topic, "1"));
        Assert.Equal(ReasonCode.Success, await device.Publish(Topic, "2"));
    }

    [Fact]
    public async Task More_CONNECTs_than_are_answered_at_a_time_wait_for_their_turn()
    {
        await using var edge = await TestEdge.Start(options => options.MaxHandshakes = 1);
        var gate = new TaskCompletionSource();
        await using var first = await DialAndWait(edge, gate.Task);
        await using var second = await edge.Dial();

        var answer = second.Connect(MqttDevice.Credentials("meter-8", "key"));
        Assert.Equal(1, edge.Grains.Woken);
        gate.SetResult();

        Assert.Equal(ReasonCode.Success, ((ConnAckPacket?)await first.Receive())!.Reason);
        Assert.Equal(ReasonCode.Success, (await answer)!.Reason);
    }

    [Fact]
    public async Task Who_waits_for_his_turn_longer_than_the_time_for_CONNECT_is_closed()
    {
        await using var edge = await TestEdge.Start(options => options.MaxHandshakes = 1);
        var gate = new TaskCompletionSource();
        await using var first = await DialAndWait(edge, gate.Task);
        await using var second = await edge.Dial();

        var answer = second.Connect(MqttDevice.Credentials("meter-8", "key"));
        await edge.Until(answer, TimeSpan.FromSeconds(5));

        Assert.Null(await answer);
        gate.SetResult();
        Assert.Equal(ReasonCode.Success, ((ConnAckPacket?)await first.Receive())!.Reason);
    }

    [Fact]
    public async Task A_flood_of_refusals_leaves_so_many_lines_and_one_that_sums_up_the_rest()
    {
        await using var edge = await TestEdge.Start();

        for (var i = 0; i < 130; i++)
        {
            await edge.TryConnect(MqttDevice.Credentials("meter-7", "wrong"));
        }

        Assert.Equal(100, edge.Log.Count());
        edge.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Single(edge.Log, line => line.Contains("30 more", StringComparison.Ordinal));
    }

    [Fact]
    public async Task When_everybodys_share_of_unstored_bytes_is_spent_each_connection_has_one_message_under_way_and_one_more()
    {
        await using var edge = await TestEdge.Start(options => options.MaxUnstoredBytes = 10);
        edge.Device.ByHand = true;
        await using var device = await edge.Connect();

        await device.Send(device.Message(Topic, "more than ten bytes"));
        var first = await edge.Device.NextPublish();
        await device.Send(device.Message(Topic, "2"), device.Message(Topic, "3"), PingReqPacket.Instance);
        await edge.IsPaused();
        first.Complete();

        Assert.Equal(["2"], (await edge.Device.NextPublish()).Payloads.Take(1));
    }

    /// <summary>A device that is being let in until the gate opens.</summary>
    private static async Task<MqttDevice> DialAndWait(TestEdge edge, Task gate)
    {
        edge.Device.OnConnect = () => gate;
        var device = await edge.Dial();
        await device.Send(MqttDevice.Credentials("meter-7", "key"));
        await Eventually.Is(() => edge.Device.ConnectCaller is not null);
        return device;
    }
}
