using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Fixtures;
using OrleansIoT.Telemetry;

namespace OrleansIoT.DeviceEdge.Tests.Sessions;

/// <summary>What somebody who means harm sends, by the numbers that attacks on an MQTT listener have in our list, and the safe outcome of each.</summary>
public sealed class AttackTests
{
    private const string Topic = "devices/meter-7/temperature";

    [Theory]
    [InlineData("")]
    [InlineData("10")]
    public async Task M01_A_slow_CONNECT_is_closed_in_time_and_wakes_no_grain(string hex)
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Dial();
        await device.SendRaw(Convert.FromHexString(hex));
        await Eventually.Is(() => edge.Connections == 1);

        edge.Clock.Advance(TimeSpan.FromSeconds(11));

        Assert.Null(await device.Receive());
        Assert.Equal(0, edge.Grains.Woken);
    }

    [Fact]
    public async Task M02_Half_a_connection_ends_after_one_and_a_half_times_its_keep_alive_and_leaves_its_will()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Dial();
        await device.Connect(With(MqttDevice.Credentials("meter-7", "key"), keepAlive: 10));

        edge.Clock.Advance(TimeSpan.FromSeconds(16));

        Assert.True((await edge.Device.NextDisconnect()).Disconnect.PublishesWill);
    }

    [Fact]
    public async Task M03_A_hundred_megabytes_announced_take_no_memory_whatever_the_packet()
    {
        await using var edge = await TestEdge.Start();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var devices = new List<MqttDevice>();

        for (var type = 1; type <= 14; type++)
        {
            var device = await edge.Dial();
            devices.Add(device);
            await device.SendRaw(Convert.FromHexString($"{type:X}0FFFFFF7F"));
            Assert.Null(await device.Receive());
        }

        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 20_000_000);
        foreach (var device in devices)
        {
            await device.DisposeAsync();
        }
    }

    [Theory]
    [InlineData("30", ReasonCode.PacketTooLarge)]
    [InlineData("82", ReasonCode.PacketTooLarge)]
    [Trait("mqtt", "MQTT-3.2.2-15")]
    public async Task M04_One_byte_more_than_the_largest_packet_is_refused_before_its_body_has_come(string first, ReasonCode reason)
    {
        await using var edge = await TestEdge.Start(options => options.MaxPacketSize = 1024);
        await using var device = await edge.Connect();

        await device.SendRaw(Convert.FromHexString(first + "FE07")); // 1,022 and 3 bytes of header

        Assert.Equal(reason, ((DisconnectPacket?)await device.Receive())!.Reason);
        Assert.Null(await device.Receive());
    }

    [Fact]
    public async Task M05_A_topic_of_nothing_but_slashes_is_refused_and_the_connection_lives_on()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect();
        var slashes = new string('/', 65_000);

        Assert.Equal(ReasonCode.TopicNameInvalid, await device.Publish(slashes, "x"));
        await device.Send(new SubscribePacket { PacketId = 1, Subscriptions = [new(slashes, Qos.AtMostOnce)] });
        Assert.Equal([ReasonCode.TopicFilterInvalid], ((SubAckPacket?)await device.Receive())!.Reasons.AsEnumerable());
    }

    [Theory]
    [InlineData("300400012300", ReasonCode.TopicNameInvalid)] // '#'
    [InlineData("3003000000", ReasonCode.ProtocolError)] // nothing, and no alias
    [InlineData("30070001610323000078", ReasonCode.TopicAliasInvalid)] // alias 0
    [InlineData("30070001610323001178", ReasonCode.TopicAliasInvalid)] // alias 17
    public async Task M06_A_topic_that_is_none_ends_the_connection_with_its_reason(string hex, ReasonCode reason)
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect();
        var bytes = Convert.FromHexString(hex);
        bytes[1] = (byte)(bytes.Length - 2);

        await device.SendRaw(bytes);

        Assert.Equal(reason, ((DisconnectPacket?)await device.Receive())!.Reason);
    }

    [Fact]
    [Trait("mqtt", "MQTT-4.7.2-1")]
    [Trait("mqtt-3.1.1", "MQTT-4.7.2-1")]
    public async Task M07_A_filter_that_begins_with_a_wildcard_hears_nothing_of_the_servers_topics()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect();
        await device.Send(new SubscribePacket { PacketId = 1, Subscriptions = [new("#", Qos.AtMostOnce), new("+/x", Qos.AtMostOnce)] });
        await device.Receive();

        await edge.Device.Connected!.Edge.Deliver([new Delivery("default", "other/c", [Message("$SYS/x")], [])], 0);
        await device.Send(PingReqPacket.Instance);

        Assert.Equal(PacketType.PingResp, (await device.Receive())!.Type);
    }

    [Fact]
    public async Task M08_Another_devices_client_identifier_reaches_only_ones_own_grain()
    {
        await using var edge = await TestEdge.Start();
        await using var victim = await MqttDevice.Connect(edge.Port, "meter-8", "key");

        await edge.TryConnect(new ConnectPacket { Version = MqttVersion.V500, ClientId = "meter-8", UserName = "meter-7", Password = "key"u8.ToArray() });

        Assert.Equal("meter-8", edge.Device.Connected!.ClientId);
        Assert.Equal(ReasonCode.Success, await victim.Publish("devices/meter-8/t", "x"));
    }

    [Fact]
    public async Task M08_A_thousand_takeovers_leave_one_connection()
    {
        await using var edge = await TestEdge.Start();
        var device = await edge.Connect();
        for (var i = 0; i < 200; i++)
        {
            var end = edge.Device.End(ConnectionEnd.TakenOver);
            var next = await edge.Connect();
            await end;
            await device.DisposeAsync();
            device = next;
        }

        await Eventually.Is(() => edge.Connections == 1);
        Assert.Equal(ReasonCode.Success, await device.Publish(Topic, "x"));
        await device.DisposeAsync();
    }

    [Fact]
    public async Task M09_A_topic_is_checked_after_its_alias_is_resolved_each_time()
    {
        await using var edge = await TestEdge.Start();
        edge.Device.ByHand = true;
        await using var device = await edge.Connect();

        foreach (var topic in new[] { "devices/other/t", "" })
        {
            await device.Send(new PublishPacket { Topic = topic, Qos = Qos.AtLeastOnce, PacketId = 1, Properties = new Properties { TopicAlias = 1 } });
            var call = await edge.Device.NextPublish();
            Assert.Equal("devices/other/t", Assert.Single(call.Messages).Topic);
            call.Refuse(new PublishFailure(0, Failure.Forbidden, "Not yours."));
            Assert.Equal(ReasonCode.NotAuthorized, ((AckPacket?)await device.Receive())!.Reason);
        }
    }

    [Theory]
    [InlineData(MqttVersion.V311)]
    [InlineData(MqttVersion.V500)]
    public async Task M10_A_will_for_a_topic_that_is_not_the_devices_is_refused_at_CONNECT(MqttVersion version)
    {
        await using var edge = await TestEdge.Start();
        edge.Device.OnConnect = () => throw new FailureException(Failure.Forbidden, "Not yours.");

        var answer = await edge.TryConnect(With(MqttDevice.Credentials("meter-7", "key", version), keepAlive: 0));

        Assert.Equal(ReasonCode.NotAuthorized, answer!.Reason);
    }

    [Fact]
    public async Task M12_A_flood_of_filters_is_refused_filter_by_filter_in_no_time()
    {
        await using var edge = await TestEdge.Start();
        edge.Device.OnSubscribe = subscriptions => Task.FromResult(new SubscribeResult(
            [.. subscriptions.Select((_, i) => new SubscribeOutcome(i < 100 ? null : Failure.TooMany, i < 100 ? null : "Too many.", false))], 0));
        await using var device = await edge.Connect();

        await device.Send(new SubscribePacket
        {
            PacketId = 1,
            Subscriptions = [.. Enumerable.Range(0, 25_000).Select(i => new Subscription($"{i}/+", Qos.AtMostOnce))],
        });
        var answer = (SubAckPacket?)await device.Receive();

        Assert.Equal(100, answer!.Reasons.Count(reason => reason == ReasonCode.Success));
        Assert.Equal(24_900, answer.Reasons.Count(reason => reason == ReasonCode.QuotaExceeded));
    }

    [Fact]
    public async Task M13_A_flood_of_connections_ends_at_the_limit_and_leaves_those_that_are_there_alone()
    {
        await using var edge = await TestEdge.Start(options => options.MaxConnections = 50);
        await using var device = await edge.Connect();
        var flood = new List<MqttDevice>();
        for (var i = 0; i < 200; i++)
        {
            flood.Add(await edge.Dial());
        }

        Assert.Equal(ReasonCode.Success, await device.Publish(Topic, "x"));
        await Eventually.Is(() => edge.Connections == 50);
        foreach (var one in flood)
        {
            await one.DisposeAsync();
        }
    }

    [Theory]
    [InlineData("C080")]
    [InlineData("EDA080")]
    [InlineData("F8888080")]
    [InlineData("C3")]
    [Trait("mqtt", "MQTT-1.5.4-1")]
    [Trait("mqtt-3.1.1", "MQTT-1.5.3-1")]
    public async Task M14_A_topic_that_is_no_text_ends_the_connection(string hex)
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect();
        var topic = Convert.FromHexString(hex);

        byte[] packet = [0x30, (byte)(3 + topic.Length), 0, (byte)topic.Length, .. topic, 0];
        await device.SendRaw(packet);

        Assert.Equal(ReasonCode.MalformedPacket, ((DisconnectPacket?)await device.Receive())!.Reason);
    }

    [Fact]
    [Trait("mqtt", "MQTT-1.5.4-3")]
    [Trait("mqtt-3.1.1", "MQTT-1.5.3-3")]
    public async Task M14_A_byte_order_mark_in_a_topic_stays_there()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect();

        await device.Publish("a/\uFEFFb", "x");

        Assert.Equal("a/\uFEFFb", Assert.Single((await edge.Device.NextPublish()).Messages).Topic);
    }

    [Theory]
    [InlineData("10120004" + "4D515454" + "04020000" + "0003610062" + "00")] // client identifier a, NUL, b
    [InlineData("10150004" + "4D515454" + "04820000" + "000161" + "0003610062" + "0000")] // user name
    [Trait("mqtt", "MQTT-1.5.4-2")]
    [Trait("mqtt-3.1.1", "MQTT-1.5.3-2")]
    public async Task M15_A_NUL_in_a_CONNECT_goes_nowhere(string hex)
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Dial(MqttVersion.V311);

        await device.SendRaw(Convert.FromHexString(hex));
        device.EndSending();

        Assert.Null(await device.Receive());
        Assert.Equal(0, edge.Grains.Woken);
        Assert.DoesNotContain(edge.Log, line => line.Contains('\0', StringComparison.Ordinal));
    }

    [Fact]
    public async Task M16_An_identifier_that_is_used_again_while_it_is_in_flight_stores_its_message_once()
    {
        await using var edge = await TestEdge.Start();
        edge.Device.ByHand = true;
        await using var device = await edge.Connect();
        var message = new PublishPacket { Topic = Topic, Payload = "1"u8.ToArray(), Qos = Qos.ExactlyOnce, PacketId = 1 };

        await device.Send(message);
        var call = await edge.Device.NextPublish();
        await device.Send(message, PingReqPacket.Instance);
        await device.Receive();
        call.Complete();

        Assert.Equal(PacketType.PubRec, (await device.Receive())!.Type);
        Assert.Equal(PacketType.PubRec, (await device.Receive())!.Type);
        Assert.Equal(0, edge.Device.Waiting);
    }

    [Fact]
    public async Task M17_Who_subscribes_and_never_reads_fills_his_own_queue_and_nobody_elses()
    {
        await using var edge = await TestEdge.Start(options => (options.MaxWaitingMessages, options.MaxWaitingBytes) = (1_000, 1024 * 1024));
        await using var slow = await edge.Connect();
        await using var other = await MqttDevice.Connect(edge.Port, "meter-8", "key");
        await slow.Send(new SubscribePacket { PacketId = 1, Subscriptions = [new("#", Qos.AtMostOnce)] });
        await slow.Receive();
        var payload = new byte[1_000];
        var before = GC.GetTotalMemory(forceFullCollection: true);

        for (var i = 0; i < 200_000; i++)
        {
            await edge.Device.Connected!.Edge.Deliver([new Delivery("default", "other/c", [Message(Topic) with { Payload = payload.ToArray() }], [])], 0);
        }

        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 60_000_000); // of 200 MB; other tests run beside this one
        Assert.Equal(ReasonCode.Success, await other.Publish("devices/meter-8/t", "x"));
    }

    [Fact]
    public async Task M18_A_storm_of_requests_ends_the_connection_with_its_reason()
    {
        await using var edge = await TestEdge.Start(options => options.DeviceRate = 100);
        await using var device = await edge.Connect();

        await device.Send([.. Enumerable.Repeat<MqttPacket>(PingReqPacket.Instance, 200)]);
        MqttPacket? last;
        do
        {
            last = await device.Receive();
        }
        while (last is PingRespPacket);

        Assert.Equal(ReasonCode.MessageRateTooHigh, ((DisconnectPacket?)last)!.Reason);
    }

    [Fact]
    public async Task M18_In_3_1_1_a_storm_of_requests_is_not_read_for_a_while()
    {
        await using var edge = await TestEdge.Start(options => options.DeviceRate = 100);
        await using var device = await edge.Connect(MqttVersion.V311);

        await device.Send([.. Enumerable.Repeat<MqttPacket>(PingReqPacket.Instance, 150)]);
        for (var i = 0; i < 101; i++)
        {
            Assert.Equal(PacketType.PingResp, (await device.Receive())!.Type);
        }

        await edge.IsPaused();
        edge.Clock.Advance(TimeSpan.FromSeconds(1));
        for (var i = 101; i < 150; i++)
        {
            Assert.Equal(PacketType.PingResp, (await device.Receive())!.Type);
        }
    }

    [Fact]
    public async Task M19_Thousands_of_user_properties_are_read_as_fast_as_their_bytes()
    {
        await using var edge = await TestEdge.Start();
        var connect = new ConnectPacket
        {
            Version = MqttVersion.V500,
            ClientId = "c",
            UserName = "meter-7",
            Password = "key"u8.ToArray(),
            Properties = new Properties { UserProperties = [.. Enumerable.Range(0, 5_000).Select(i => new UserProperty("a", $"{i}"))] },
        };

        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(ReasonCode.Success, (await edge.TryConnect(connect))!.Reason);
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData(0)]
    [InlineData(60_000)]
    public async Task M20_A_password_that_is_missing_empty_or_huge_is_refused(int? length)
    {
        await using var edge = await TestEdge.Start();

        var answer = await edge.TryConnect(new ConnectPacket
        {
            Version = MqttVersion.V500,
            ClientId = "c",
            UserName = "meter-7",
            Password = length is { } bytes ? new ReadOnlyMemory<byte>([.. Enumerable.Repeat((byte)'x', bytes)]) : default(ReadOnlyMemory<byte>?),
        });

        Assert.Equal(ReasonCode.BadUserNameOrPassword, answer!.Reason);
    }

    [Fact]
    public async Task M21_TLS_where_MQTT_is_spoken_is_closed_at_its_first_byte()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Dial();

        await device.SendRaw(Convert.FromHexString("16030100F8010000F4"));

        Assert.Null(await device.Receive());
        Assert.Equal(0, edge.Grains.Woken);
    }

    [Fact]
    public async Task M22_The_DUP_flag_alone_decides_nothing()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect();

        await device.Send(new PublishPacket { Topic = Topic, Payload = "1"u8.ToArray(), Qos = Qos.ExactlyOnce, PacketId = 1, Dup = true });
        Assert.Equal(PacketType.PubRec, (await device.Receive())!.Type);

        Assert.Equal(["1"], (await edge.Device.NextPublish()).Payloads); // its first copy may have been lost
    }

    private static ConnectPacket With(ConnectPacket connect, ushort keepAlive) => new()
    {
        Version = connect.Version,
        ClientId = connect.ClientId,
        UserName = connect.UserName,
        Password = connect.Password,
        KeepAlive = keepAlive,
        Will = new ConnectWill("devices/other/gone", "gone"u8.ToArray(), Qos.AtLeastOnce, Retain: false),
    };

    private static TelemetryMessage Message(string topic) => new()
    {
        Topic = topic,
        Device = "other",
        Payload = ReadOnlyMemory<byte>.Empty,
        At = DateTimeOffset.UnixEpoch,
        ReceivedAt = DateTimeOffset.UnixEpoch,
    };
}
