using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Failures;
using OrleansIoT.Fixtures;

namespace OrleansIoT.DeviceEdge.Tests.Sessions;

public sealed class EndingTests
{
    private const string Topic = "devices/meter-7/temperature";

    public static TheoryData<MqttVersion> Versions => [.. Enum.GetValues<MqttVersion>()];

    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt", "MQTT-3.1.2-8")]
    [Trait("mqtt", "MQTT-3.14.4-3")]
    [Trait("mqtt-3.1.1", "MQTT-3.1.2-8")]
    [Trait("mqtt-3.1.1", "MQTT-3.14.4-3")]
    public async Task Who_takes_his_leave_leaves_no_will(MqttVersion version)
    {
        await using var edge = await TestEdge.Start();
        await using var device = await ConnectWithWill(edge, version);

        await device.Send(new DisconnectPacket());

        Assert.Null(await device.Receive());
        var (connectionId, disconnect) = await edge.Device.NextDisconnect();
        Assert.Equal((edge.Device.Connected!.ConnectionId, false, null), (connectionId, disconnect.PublishesWill, disconnect.SessionExpiry));
        Assert.Empty(edge.Log);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt", "MQTT-3.1.2-8")]
    [Trait("mqtt-3.1.1", "MQTT-3.1.2-8")]
    public async Task Who_vanishes_leaves_his_will(MqttVersion version)
    {
        await using var edge = await TestEdge.Start();
        var device = await ConnectWithWill(edge, version);

        await device.DisposeAsync();

        Assert.True((await edge.Device.NextDisconnect()).Disconnect.PublishesWill);
    }

    [Fact]
    public async Task Who_leaves_with_a_will_message_leaves_his_will()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await ConnectWithWill(edge, MqttVersion.V500);

        await device.Disconnect(ReasonCode.DisconnectWithWillMessage);

        Assert.True((await edge.Device.NextDisconnect()).Disconnect.PublishesWill);
    }

    [Fact]
    public async Task A_protocol_error_leaves_the_will_too_and_behind_what_came_before_it()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await ConnectWithWill(edge, MqttVersion.V500);

        await device.Send(device.Message(Topic, "1"), new SubAckPacket { PacketId = 1, Reasons = [ReasonCode.Success] });

        Assert.Equal(["1"], (await edge.Device.NextPublish()).Payloads);
        Assert.True((await edge.Device.NextDisconnect()).Disconnect.PublishesWill);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt", "MQTT-3.1.4-3")]
    [Trait("mqtt-3.1.1", "MQTT-3.1.4-2")]
    public async Task Who_is_taken_over_hears_it_and_its_grain_hears_that_it_is_gone(MqttVersion version)
    {
        await using var edge = await TestEdge.Start();
        await using var device = await ConnectWithWill(edge, version);

        await edge.Device.End(ConnectionEnd.TakenOver);

        Assert.True((await edge.Device.NextDisconnect()).Disconnect.PublishesWill); // there was time for both
        if (version == MqttVersion.V500)
        {
            Assert.Equal(ReasonCode.SessionTakenOver, ((DisconnectPacket?)await device.Receive())!.Reason);
        }

        Assert.Null(await device.Receive());
        await edge.Device.End(ConnectionEnd.TakenOver); // there is nobody any more
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Whose_grain_has_ended_it_waits_for_no_answer_of_that_grain(MqttVersion version)
    {
        await using var edge = await TestEdge.Start();
        edge.Device.ByHand = true;
        await using var device = await edge.Connect(version);
        await device.Send(device.Message(Topic, "1"));
        var underWay = await edge.Device.NextPublish();
        await device.Send(device.Message(Topic, "2"), PingReqPacket.Instance);
        Assert.Equal(PacketType.PingResp, (await device.Receive())!.Type);

        // The grain has its turn for the new connection, and what is under way waits behind that.
        await edge.Device.End(ConnectionEnd.TakenOver);
        underWay.Throw(new FailureException(Failure.NotSignedIn, "That is no connection of yours."));

        if (version == MqttVersion.V500)
        {
            Assert.Equal(PacketType.Disconnect, (await device.Receive())!.Type);
        }

        Assert.Null(await device.Receive()); // what is not acknowledged comes again, on the new connection
        Assert.Equal(0, edge.Device.Waiting);
        Assert.Empty(edge.Log);
    }

    [Fact]
    public async Task Whose_grain_has_ended_it_while_it_asks_for_retained_messages_is_no_fault()
    {
        await using var edge = await TestEdge.Start();
        edge.Device.OnSubscribe = _ => Task.FromResult(new SubscribeResult([new SubscribeOutcome(null, null, SendsRetained: true)], 0));
        edge.Device.OnRetained = () => throw new FailureException(Failure.NotSignedIn, "That is no connection of yours.");
        await using var device = await edge.Connect(MqttVersion.V500);

        await device.Send(new SubscribePacket { PacketId = 1, Subscriptions = [new(Topic, Qos.AtLeastOnce)] });

        Assert.Equal(PacketType.Disconnect, (await device.Receive())!.Type);
        Assert.Null(await device.Receive());
        Assert.Empty(edge.Log);
    }

    [Fact]
    public async Task Whose_credential_is_revoked_is_thrown_out_without_a_will()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await ConnectWithWill(edge, MqttVersion.V500);

        await edge.Device.End(ConnectionEnd.CredentialRevoked);

        Assert.Equal(ReasonCode.NotAuthorized, ((DisconnectPacket?)await device.Receive())!.Reason);
        Assert.Null(await device.Receive());
        Assert.False((await edge.Device.NextDisconnect()).Disconnect.PublishesWill);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task A_server_that_stops_finishes_what_it_has_and_says_goodbye(MqttVersion version)
    {
        await using var edge = await TestEdge.Start();
        edge.Device.ByHand = true;
        await using var device = await ConnectWithWill(edge, version);
        await using var silent = await edge.Dial();
        await device.Send(device.Message(Topic, "1"));
        var call = await edge.Device.NextPublish();

        var stopping = edge.Stop();
        Assert.Null(await silent.Receive());
        Assert.False(stopping.IsCompleted);
        call.Complete();

        Assert.Equal(PacketType.PubAck, (await device.Receive())!.Type);
        if (version == MqttVersion.V500)
        {
            Assert.Equal(ReasonCode.ServerShuttingDown, ((DisconnectPacket?)await device.Receive())!.Reason);
        }

        Assert.Null(await device.Receive());
        await stopping;
        Assert.True((await edge.Device.NextDisconnect()).Disconnect.PublishesWill);
    }

    [Fact]
    public async Task A_connection_whose_store_does_not_answer_is_cut_when_its_time_to_end_is_over()
    {
        await using var edge = await TestEdge.Start();
        edge.Device.ByHand = true;
        await using var device = await edge.Connect();
        await device.Send(device.Message(Topic, "1"));
        var call = await edge.Device.NextPublish();
        device.EndSending(); // it goes by itself, so that what is under way is waited for

        var closed = device.Receive();
        await edge.Until(closed, TimeSpan.FromSeconds(5)); // the limit may not have been set yet the first time

        Assert.Null(await closed);
        await edge.Device.NextDisconnect();
        call.Complete(); // too late to be acknowledged, and nobody minds
    }

    [Fact]
    public async Task A_device_that_reads_nothing_is_not_read_and_can_be_ended_all_the_same()
    {
        await using var edge = await TestEdge.Start(options => options.DeviceRate = 0);
        await using var device = await edge.Connect();
        var subscribe = new SubscribePacket { PacketId = 1, Subscriptions = [.. Enumerable.Repeat(new Subscription("a", Qos.AtMostOnce), 60_000)] };

        var sending = device.Send([.. Enumerable.Repeat(subscribe, 200)]); // 12 MB of answers
        await edge.Until(edge.Device.End(ConnectionEnd.TakenOver), TimeSpan.FromSeconds(1));

        await edge.Device.NextDisconnect();
        await Assert.ThrowsAsync<System.Net.Sockets.SocketException>(() => sending);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt", "MQTT-3.1.2-22")]
    [Trait("mqtt", "MQTT-3.12.4-1")]
    [Trait("mqtt-3.1.1", "MQTT-3.1.2-24")]
    [Trait("mqtt-3.1.1", "MQTT-3.12.4-1")]
    public async Task Silence_of_one_and_a_half_times_the_keep_alive_ends_the_connection(MqttVersion version)
    {
        await using var edge = await TestEdge.Start();
        await using var device = await ConnectWithWill(edge, version, keepAlive: 10);

        edge.Clock.Advance(TimeSpan.FromSeconds(14));
        await device.Send(PingReqPacket.Instance);
        Assert.Equal(PacketType.PingResp, (await device.Receive())!.Type);
        edge.Clock.Advance(TimeSpan.FromSeconds(15));
        Assert.Equal(1, edge.Connections);
        edge.Clock.Advance(TimeSpan.FromSeconds(1));

        if (version == MqttVersion.V500)
        {
            Assert.Equal(ReasonCode.KeepAliveTimeout, ((DisconnectPacket?)await device.Receive())!.Reason);
        }

        Assert.Null(await device.Receive());
        Assert.True((await edge.Device.NextDisconnect()).Disconnect.PublishesWill);
    }

    [Fact]
    public async Task Without_a_keep_alive_silence_may_last()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect();

        edge.Clock.Advance(TimeSpan.FromDays(1));

        Assert.Equal(ReasonCode.Success, await device.Publish(Topic, "1"));
    }

    [Fact]
    public async Task A_device_that_is_not_read_because_the_store_is_slow_is_not_silent()
    {
        await using var edge = await TestEdge.Start(options => options.ReceiveMaximum = 1);
        edge.Device.ByHand = true;
        await using var device = await ConnectWithWill(edge, MqttVersion.V311, keepAlive: 10);
        await device.Send(device.Message(Topic, "1"));
        var first = await edge.Device.NextPublish();
        await device.Send(PingReqPacket.Instance, device.Message(Topic, "2"), device.Message(Topic, "3"));
        Assert.Equal(PacketType.PingResp, (await device.Receive())!.Type);
        await edge.IsPaused();

        edge.Clock.Advance(TimeSpan.FromSeconds(60));
        first.Complete();
        (await edge.Device.NextPublish()).Complete();
        (await edge.Device.NextPublish()).Complete();

        for (var id = 1; id <= 3; id++)
        {
            Assert.Equal(id, ((AckPacket?)await device.Receive())!.PacketId);
        }
    }

    [Theory]
    [InlineData(60u, 0u)]
    [InlineData(60u, 120u)]
    [InlineData(60u, null)]
    public async Task Who_takes_his_leave_may_say_how_long_the_session_is_to_live(uint opened, uint? changed)
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Dial();
        await device.Connect(new ConnectPacket
        {
            Version = MqttVersion.V500,
            ClientId = "c",
            UserName = "meter-7",
            Password = "key"u8.ToArray(),
            Properties = new Properties { SessionExpiryInterval = opened },
        });

        await device.Send(new DisconnectPacket { Properties = changed is null ? Properties.None : new Properties { SessionExpiryInterval = changed } });

        Assert.Equal(changed, (await edge.Device.NextDisconnect()).Disconnect.SessionExpiry);
    }

    private static async Task<MqttDevice> ConnectWithWill(TestEdge edge, MqttVersion version, ushort keepAlive = 0)
    {
        var device = await edge.Dial(version);
        var answer = await device.Connect(new ConnectPacket
        {
            Version = version,
            ClientId = "x",
            UserName = "meter-7",
            Password = "key"u8.ToArray(),
            KeepAlive = keepAlive,
            Will = new ConnectWill("devices/meter-7/gone", "gone"u8.ToArray(), Qos.AtLeastOnce, false),
        });
        Assert.Equal(ReasonCode.Success, answer!.Reason);
        return device;
    }
}
