using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Fixtures;
using OrleansIoT.Telemetry;

namespace OrleansIoT.DeviceEdge.Tests.Sessions;

public sealed class PublishTests
{
    private const string Topic = "devices/meter-7/temperature";

    public static TheoryData<MqttVersion> Versions => [.. Enum.GetValues<MqttVersion>()];

    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt", "MQTT-4.3.2-4")]
    [Trait("mqtt-3.1.1", "MQTT-4.3.2-2")]
    public async Task A_puback_leaves_only_after_the_grain_has_answered(MqttVersion version)
    {
        await using var edge = await TestEdge.Start();
        edge.Device.ByHand = true;
        await using var device = await edge.Connect(version);

        await device.Send(device.Message(Topic, "1"));
        var call = await edge.Device.NextPublish();
        await device.Send(PingReqPacket.Instance);

        Assert.Equal(PacketType.PingResp, (await device.Receive())!.Type); // it would have come before
        call.Complete();
        Assert.Equal(PacketType.PubAck, (await device.Receive())!.Type);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt", "MQTT-2.2.1-5")]
    [Trait("mqtt", "MQTT-4.6.0-2")]
    [Trait("mqtt-3.1.1", "MQTT-2.3.1-6")]
    [Trait("mqtt-3.1.1", "MQTT-4.6.0-2")]
    public async Task What_has_arrived_goes_as_one_batch_and_pubacks_leave_in_order(MqttVersion version)
    {
        await using var edge = await TestEdge.Start();
        edge.Device.ByHand = true;
        await using var device = await edge.Connect(version);

        await device.Send([device.Message(Topic, "1")]);
        var first = await edge.Device.NextPublish();
        await device.Send([.. Enumerable.Range(2, 99).Select(i => device.Message(Topic, $"{i}")), PingReqPacket.Instance]);
        Assert.Equal(PacketType.PingResp, (await device.Receive())!.Type); // now all of them have been read
        Assert.Equal(0, edge.Device.Waiting); // one batch at a time
        first.Complete();
        var second = await edge.Device.NextPublish();
        second.Complete();

        Assert.Equal(["1"], first.Payloads);
        Assert.Equal(Enumerable.Range(2, 99).Select(i => $"{i}"), second.Payloads);
        for (ushort id = 1; id <= 100; id++)
        {
            Assert.Equal(id, ((AckPacket?)await device.Receive())!.PacketId);
        }
    }

    [Fact]
    public async Task A_message_arrives_at_the_grain_as_it_was_sent()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect();

        await device.Send(new PublishPacket
        {
            Topic = Topic,
            Payload = new byte[] { 0, 255 },
            Qos = Qos.AtLeastOnce,
            PacketId = 77,
            Dup = true,
        });
        await device.Receive();
        var message = Assert.Single((await edge.Device.NextPublish()).Messages);

        Assert.Equal((Topic, "meter-7", (ushort)77, true), (message.Topic, message.Device, message.PacketId, message.Dup));
        Assert.Equal(new byte[] { 0, 255 }, message.Payload.ToArray());
        Assert.Equal((edge.Clock.GetUtcNow(), edge.Clock.GetUtcNow(), false), (message.At, message.ReceivedAt, message.HasOwnTime));
    }

    [Fact]
    public async Task A_message_with_its_own_time_keeps_it()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect();

        await device.Publish(Topic, """{"ts": 1, "value": 2}""");
        await device.Publish(Topic, "2", new UserProperty("ts", "2"));

        var first = Assert.Single((await edge.Device.NextPublish()).Messages);
        var second = Assert.Single((await edge.Device.NextPublish()).Messages);
        Assert.Equal((DateTimeOffset.UnixEpoch.AddSeconds(1), true), (first.At, first.HasOwnTime));
        Assert.Equal((DateTimeOffset.UnixEpoch.AddSeconds(2), true), (second.At, second.HasOwnTime));
        Assert.Equal(edge.Clock.GetUtcNow(), second.ReceivedAt);
    }

    [Fact]
    [Trait("mqtt", "MQTT-3.3.4-1")]
    public async Task A_message_of_QoS_0_is_stored_in_its_place_and_answered_nothing()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect();

        await device.Send(
            device.Message(Topic, "1"), new PublishPacket { Topic = Topic, Payload = "2"u8.ToArray() }, device.Message(Topic, "3"));

        Assert.Equal(1, ((AckPacket?)await device.Receive())!.PacketId);
        Assert.Equal(2, ((AckPacket?)await device.Receive())!.PacketId);
        var payloads = new List<string>();
        while (payloads.Count < 3)
        {
            payloads.AddRange((await edge.Device.NextPublish()).Payloads);
        }

        Assert.Equal(["1", "2", "3"], payloads);
    }

    [Fact]
    public async Task In_5_0_a_refused_message_is_answered_with_its_reason_and_the_others_are_acknowledged()
    {
        await using var edge = await TestEdge.Start();
        edge.Device.ByHand = true;
        await using var device = await edge.Connect();

        await device.Send(device.Message("devices/other/t", "1"));
        var first = await edge.Device.NextPublish();
        await device.Send(device.Message(Topic, "2"), device.Message(Topic, "{\"ts\":\"never\"}"), device.Message(Topic, "4"), device.Message(Topic, "5"), PingReqPacket.Instance);
        await device.Receive();
        first.Refuse(new PublishFailure(0, Failure.Forbidden, "Not yours."));
        var second = await edge.Device.NextPublish();
        second.Refuse(new PublishFailure(1, Failure.Unavailable, "The disk is full."));

        Assert.Equal(["2", "4", "5"], second.Payloads);
        var acks = new List<AckPacket>();
        while (acks.Count < 5)
        {
            acks.Add((AckPacket)(await device.Receive())!);
        }

        Assert.Equal([1, 2, 3, 4, 5], acks.Select(ack => (int)ack.PacketId));
        Assert.Equal(
            [
                ReasonCode.NotAuthorized, ReasonCode.Success, ReasonCode.PayloadFormatInvalid, ReasonCode.ImplementationSpecificError,
                ReasonCode.Success,
            ],
            acks.Select(ack => ack.Reason));
        Assert.Null(acks[0].Properties.ReasonString); // 0x87 says it all
        Assert.Contains(edge.Log, line => line.Contains("NotAuthorized: Not yours.", StringComparison.Ordinal)); // for who operates the server
        Assert.Contains("ts", acks[2].Properties.ReasonString, StringComparison.Ordinal);
        Assert.Equal("The disk is full.", acks[3].Properties.ReasonString);
        Assert.Equal(2, edge.Log.Count()); // one line a batch
    }

    [Theory]
    [InlineData(Failure.Invalid, ReasonCode.PayloadFormatInvalid)]
    [InlineData(Failure.Forbidden, ReasonCode.NotAuthorized)]
    [InlineData(Failure.NotFound, ReasonCode.NotAuthorized)]
    [InlineData(Failure.TooLarge, ReasonCode.QuotaExceeded)]
    [InlineData(Failure.TooMany, ReasonCode.QuotaExceeded)]
    [InlineData(Failure.Unavailable, ReasonCode.ImplementationSpecificError)]
    public async Task When_the_whole_call_is_refused_nothing_of_it_is_acknowledged(Failure failure, ReasonCode reason)
    {
        await using var edge = await TestEdge.Start();
        edge.Device.ByHand = true;
        await using var modern = await edge.Connect();

        await modern.Send(modern.Message(Topic, "1"));
        (await edge.Device.NextPublish()).Throw(new FailureException(failure, "No."));
        Assert.Equal(reason, ((AckPacket?)await modern.Receive())!.Reason);

        await using var old = await edge.Connect(MqttVersion.V311);
        await old.Send(old.Message(Topic, "1"));
        (await edge.Device.NextPublish()).Throw(new FailureException(failure, "No."));
        Assert.Null(await old.Receive());
    }

    [Fact]
    public async Task When_no_grain_knows_the_connection_nothing_is_answered_and_the_device_is_to_come_again()
    {
        await using var edge = await TestEdge.Start();
        edge.Device.ByHand = true;
        await using var device = await edge.Connect();

        await device.Send(device.Message(Topic, "1"));
        edge.Device.OnConnect = () => throw new FailureException(Failure.Unavailable, "There is no silo.");
        (await edge.Device.NextPublish()).Throw(new FailureException(Failure.NotSignedIn, "That is no connection of yours."));

        Assert.Equal(ReasonCode.ImplementationSpecificError, ((DisconnectPacket?)await device.Receive())!.Reason);
        Assert.Null(await device.Receive());
    }

    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt-3.1.1", "MQTT-4.8.0-2")]
    public async Task When_it_is_not_known_whether_it_is_stored_it_is_not_answered_and_the_connection_ends(MqttVersion version)
    {
        await using var edge = await TestEdge.Start();
        edge.Device.ByHand = true;
        await using var device = await edge.Connect(version);

        await device.Send(device.Message(Topic, "1"));
        (await edge.Device.NextPublish()).Throw(new InvalidOperationException("The grain broke."));

        if (version == MqttVersion.V500)
        {
            // A PUBACK with a reason would be an answer: the device would not send it again with DUP.
            Assert.Equal(ReasonCode.ImplementationSpecificError, ((DisconnectPacket?)await device.Receive())!.Reason);
        }

        Assert.Null(await device.Receive());
    }

    [Fact]
    [Trait("mqtt-3.1.1", "MQTT-3.3.5-2")]
    public async Task In_3_1_1_what_came_before_a_refused_message_is_acknowledged_and_then_the_connection_ends()
    {
        await using var edge = await TestEdge.Start();
        edge.Device.ByHand = true;
        await using var device = await edge.Connect(MqttVersion.V311);

        await device.Send(device.Message(Topic, "1"));
        var first = await edge.Device.NextPublish();
        await device.Send(device.Message(Topic, "2"), device.Message("other", "3"), device.Message(Topic, "4"), PingReqPacket.Instance);
        await device.Receive();
        first.Complete();
        (await edge.Device.NextPublish()).Refuse(new PublishFailure(1, Failure.Forbidden, "Not yours."));

        Assert.Equal(1, ((AckPacket?)await device.Receive())!.PacketId);
        Assert.Equal(2, ((AckPacket?)await device.Receive())!.PacketId);
        Assert.Null(await device.Receive());
    }

    [Fact]
    public async Task In_3_1_1_nothing_behind_a_message_that_the_edge_refuses_is_stored()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect(MqttVersion.V311);

        await device.Send(device.Message(Topic, "1"), device.Message(Topic, "{\"ts\":\"never\"}"), device.Message(Topic, "3"));

        Assert.Equal(1, ((AckPacket?)await device.Receive())!.PacketId);
        Assert.Null(await device.Receive());
        Assert.Equal(["1"], (await edge.Device.NextPublish()).Payloads);
        await edge.Device.NextDisconnect();
        Assert.Equal(0, edge.Device.Waiting);
    }

    [Theory]
    [InlineData("a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q", ReasonCode.TopicNameInvalid)]
    public async Task A_topic_that_no_device_may_have_is_refused_by_the_edge(string topic, ReasonCode reason)
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect();

        Assert.Equal(reason, await device.Publish(topic, "1"));
        Assert.Equal(reason, await device.Publish(topic, "2")); // the connection lives on
        Assert.Equal(0, edge.Device.Waiting);
    }

    [Fact]
    public async Task The_largest_payload_is_stored_and_one_byte_more_is_refused()
    {
        await using var edge = await TestEdge.Start(options => options.MaxPayloadSize = 1024);
        await using var device = await edge.Connect();

        Assert.Equal(ReasonCode.Success, await device.Publish(Topic, new string('x', 1024)));
        Assert.Equal(ReasonCode.QuotaExceeded, await device.Publish(Topic, new string('x', 1025)));
    }

    [Fact]
    [Trait("mqtt", "MQTT-3.1.2-29")]
    public async Task Who_asks_for_no_problem_information_gets_the_code_without_the_text()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Dial();
        await device.Connect(new ConnectPacket
        {
            Version = MqttVersion.V500,
            UserName = "meter-7",
            Password = "key"u8.ToArray(),
            Properties = new Properties { RequestProblemInformation = false },
        });

        await device.Send(device.Message("a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q", "1"));

        var ack = (AckPacket?)await device.Receive();
        Assert.Equal((ReasonCode.TopicNameInvalid, null), (ack!.Reason, ack.Properties.ReasonString));
    }

    [Fact]
    [Trait("mqtt", "MQTT-3.1.2-24")]
    [Trait("mqtt", "MQTT-3.4.2-2")]
    public async Task A_reason_that_does_not_fit_into_the_devices_largest_packet_is_left_out()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Dial();
        await device.Connect(new ConnectPacket
        {
            Version = MqttVersion.V500,
            ClientId = "c",
            UserName = "meter-7",
            Password = "key"u8.ToArray(),
            Properties = new Properties { MaximumPacketSize = 40 },
        });

        await device.Send(device.Message("a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q", "1"));

        var ack = (AckPacket?)await device.Receive();
        Assert.Equal((ReasonCode.TopicNameInvalid, null), (ack!.Reason, ack.Properties.ReasonString));
    }

    [Fact]
    [Trait("mqtt", "MQTT-3.3.4-7")]
    public async Task More_in_flight_than_the_receive_maximum_ends_a_connection_of_5_0()
    {
        await using var edge = await TestEdge.Start(options => options.ReceiveMaximum = 10);
        edge.Device.ByHand = true;
        await using var device = await edge.Connect();

        await device.Send([.. Enumerable.Range(1, 10).Select(i => device.Message(Topic, $"{i}"))]);
        var first = await edge.Device.NextPublish();
        await device.Send(device.Message(Topic, "11"), device.Message(Topic, "12"));
        await device.Send(device.Message(Topic, "13"), PingReqPacket.Instance);
        await Eventually.Is(() => edge.Log.Any(line => line.Contains(nameof(ReasonCode.ReceiveMaximumExceeded), StringComparison.Ordinal)));
        first.Complete();
        while (await device.Receive() is AckPacket)
        {
            if (edge.Device.Waiting > 0)
            {
                (await edge.Device.NextPublish()).Complete();
            }
        }

        Assert.Contains(edge.Log, line => line.Contains(nameof(ReasonCode.ReceiveMaximumExceeded), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_device_that_keeps_to_the_receive_maximum_is_never_thrown_out()
    {
        await using var edge = await TestEdge.Start(options => (options.ReceiveMaximum, options.DeviceRate) = (10, 0));
        await using var device = await edge.Connect();

        var reasons = await device.PublishAll(Enumerable.Range(0, 2_000).Select(i => (Topic, $"{i}")), window: 10);

        Assert.Equal(2_000, reasons.Count(reason => reason == ReasonCode.Success));
    }

    [Theory]
    [InlineData(Qos.AtLeastOnce, MqttVersion.V311)]
    [InlineData(Qos.AtMostOnce, MqttVersion.V500)]
    public async Task While_the_store_is_slow_the_socket_is_not_read(Qos qos, MqttVersion version)
    {
        await using var edge = await TestEdge.Start(options => options.ReceiveMaximum = 10);
        edge.Device.ByHand = true;
        await using var device = await edge.Connect(version);
        var payload = new byte[10_000];
        const int Count = 2_000;

        var sending = device.Send([.. Enumerable.Range(1, Count).Select(i => (MqttPacket)new PublishPacket
        {
            Topic = Topic, Payload = payload, Qos = qos, PacketId = (ushort)(qos == 0 ? 0 : i),
        })]);

        // 20 MB do not fit into two batches of ten messages and the buffers of the sockets.
        var call = await edge.Device.NextPublish();
        await edge.IsPaused();
        Assert.False(sending.IsCompleted);
        Assert.Equal(0, edge.Device.Waiting);

        var stored = 0;
        while (true)
        {
            Assert.InRange(call.Messages.Length, 1, 10);
            stored += call.Messages.Length;
            call.Complete();
            if (stored == Count)
            {
                break;
            }

            call = await edge.Device.NextPublish();
        }

        await sending;
    }

    [Fact]
    public async Task A_batch_is_bounded_in_bytes()
    {
        await using var edge = await TestEdge.Start(options => options.MaxBatchBytes = 30_000);
        edge.Device.ByHand = true;
        await using var device = await edge.Connect();
        var sending = device.Send([.. Enumerable.Range(0, 20).Select(i => device.Message(Topic, new string('x', 10_000)))]);

        var stored = 0;
        while (stored < 20)
        {
            var call = await edge.Device.NextPublish();
            Assert.InRange(call.Messages.Sum(message => message.Payload.Length), 10_000, 30_000);
            stored += call.Messages.Length;
            call.Complete();
        }

        await sending;
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Who_stops_sending_after_his_last_message_still_hears_that_it_is_stored(MqttVersion version)
    {
        await using var edge = await TestEdge.Start();
        edge.Device.ByHand = true;
        await using var device = await edge.Connect(version);

        await device.Send(device.Message(Topic, "1"));
        device.EndSending();
        (await edge.Device.NextPublish()).Complete();

        Assert.Equal(PacketType.PubAck, (await device.Receive())!.Type);
        Assert.Null(await device.Receive());
    }

    [Fact]
    public async Task Half_a_message_is_no_message()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect();
        var bytes = Mqtt.Bytes.Of(device.Message(Topic, "21.5"), MqttVersion.V500);

        await device.SendRaw(bytes.AsMemory(..^1));
        device.EndSending();

        Assert.Equal(ReasonCode.MalformedPacket, ((DisconnectPacket?)await device.Receive())!.Reason);
        await edge.Device.NextDisconnect();
        Assert.Equal(0, edge.Device.Waiting);
    }

    [Fact]
    public async Task Messages_that_come_a_byte_at_a_time_are_the_same_messages()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect();

        foreach (var value in Mqtt.Bytes.Of(device.Message(Topic, "21.5"), MqttVersion.V500).Concat(Mqtt.Bytes.Of(PingReqPacket.Instance, MqttVersion.V500)))
        {
            await device.SendRaw(new[] { value });
        }

        var answers = new[] { (await device.Receive())!.Type, (await device.Receive())!.Type };
        Assert.Equal([PacketType.PubAck, PacketType.PingResp], answers.Order());
        Assert.Equal(["21.5"], (await edge.Device.NextPublish()).Payloads);
    }

    [Fact]
    public async Task Another_device_is_not_disturbed_by_one_whose_store_is_slow()
    {
        await using var edge = await TestEdge.Start();
        edge.Device.ByHand = true;
        await using var slow = await edge.Connect();
        await using var other = await MqttDevice.Connect(edge.Port, "meter-8", "key");

        await slow.Send(slow.Message(Topic, "1"));
        await edge.Device.NextPublish();

        Assert.Equal(ReasonCode.Success, await other.Publish("devices/meter-8/t", "1"));
    }

    [Fact]
    [Trait("mqtt", "MQTT-3.3.2-15")]
    [Trait("mqtt", "MQTT-3.3.2-16")]
    [Trait("mqtt", "MQTT-3.3.2-17")]
    [Trait("mqtt", "MQTT-3.3.2-18")]
    [Trait("mqtt", "MQTT-3.3.2-20")]
    [Trait("mqtt", "MQTT-3.3.2-4")]
    public async Task What_a_publisher_says_about_a_message_goes_with_it_unaltered()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect();

        await device.Send(new PublishPacket
        {
            Topic = Topic,
            Payload = "1"u8.ToArray(),
            Qos = Qos.AtLeastOnce,
            PacketId = 1,
            Retain = true,
            Properties = new Properties
            {
                PayloadFormatIndicator = true,
                MessageExpiryInterval = 60,
                ContentType = "text/plain",
                ResponseTopic = "devices/meter-7/answer",
                CorrelationData = [0, 1, 2],
                UserProperties = [new("b", "2"), new("a", "1"), new("b", "2")],
            },
        });
        await device.Receive();
        var message = Assert.Single((await edge.Device.NextPublish()).Messages);

        Assert.Equal((Qos.AtLeastOnce, true), (message.Qos, message.Retain));
        var said = message.Properties!;
        Assert.Equal((true, 60u, "text/plain", "devices/meter-7/answer"), (said.IsUtf8, said.ExpiresAfter, said.ContentType, said.ResponseTopic));
        Assert.Equal([0, 1, 2], said.CorrelationData!.Value.ToArray());
        Assert.Equal([new("b", "2"), new("a", "1"), new("b", "2")], said.User.AsEnumerable());
    }

    [Fact]
    public async Task A_message_about_which_nothing_is_said_has_no_properties()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect();

        await device.Send(Aliased(Topic, 1, "1"));
        await device.Receive();

        Assert.Null(Assert.Single((await edge.Device.NextPublish()).Messages).Properties);
    }

    [Fact]
    public async Task A_payload_that_is_not_the_text_it_is_said_to_be_is_refused()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect();

        await device.Send(new PublishPacket
        {
            Topic = Topic,
            Payload = new byte[] { 0xC0, 0x80 },
            Qos = Qos.AtLeastOnce,
            PacketId = 1,
            Properties = new Properties { PayloadFormatIndicator = true },
        });

        Assert.Equal(ReasonCode.PayloadFormatInvalid, ((AckPacket?)await device.Receive())!.Reason);
    }

    [Fact]
    [Trait("mqtt", "MQTT-3.3.2-11")]
    [Trait("mqtt", "MQTT-3.3.2-12")]
    public async Task A_topic_alias_stands_for_the_topic_that_it_was_set_to_last()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect();

        foreach (var (topic, alias) in new[] { ("a", 1), ("b", 16), ("", 1), ("", 16), ("c", 1), ("", 1) })
        {
            await device.Send(Aliased(topic, (ushort)alias, "x"));
            Assert.Equal(ReasonCode.Success, ((AckPacket?)await device.Receive())!.Reason);
        }

        var topics = new List<string>();
        while (topics.Count < 6)
        {
            topics.AddRange((await edge.Device.NextPublish()).Messages.Select(message => message.Topic));
        }

        Assert.Equal(["a", "b", "a", "b", "c", "c"], topics);
    }

    [Theory]
    [InlineData("a", 17, ReasonCode.TopicAliasInvalid)]
    [InlineData("a", 0, ReasonCode.TopicAliasInvalid)]
    [InlineData("", 2, ReasonCode.ProtocolError)]
    [Trait("mqtt", "MQTT-3.3.2-7")]
    [Trait("mqtt", "MQTT-3.3.2-8")]
    [Trait("mqtt", "MQTT-3.3.2-9")]
    [Trait("mqtt", "MQTT-3.2.2-17")]
    public async Task A_topic_alias_that_there_cannot_be_or_is_not_ends_the_connection(string topic, int alias, ReasonCode reason)
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect();

        await device.Send(Aliased(topic, (ushort)alias, "x"));

        Assert.Equal(reason, ((DisconnectPacket?)await device.Receive())!.Reason);
        Assert.Null(await device.Receive());
    }

    [Fact]
    [Trait("mqtt", "MQTT-3.2.2-18")]
    public async Task Where_no_topic_aliases_are_offered_the_first_one_ends_the_connection()
    {
        await using var edge = await TestEdge.Start(options => options.TopicAliasMaximum = 0);
        await using var device = await edge.Dial();
        var answer = await device.Connect(MqttDevice.Credentials("meter-7", "key"));
        Assert.Null(answer!.Properties.TopicAliasMaximum);

        await device.Send(Aliased("a", 1, "x"));

        Assert.Equal(ReasonCode.TopicAliasInvalid, ((DisconnectPacket?)await device.Receive())!.Reason);
        Assert.Null(await device.Receive());
        Assert.Equal(0, edge.Device.Waiting);
    }

    [Fact]
    public async Task A_topic_alias_ends_with_its_connection()
    {
        await using var edge = await TestEdge.Start();
        await using var first = await edge.Connect();
        await first.Send(Aliased(Topic, 1, "x"));
        await first.Receive();
        await using var second = await edge.Connect();

        await second.Send(Aliased("", 1, "x"));

        Assert.Equal(ReasonCode.ProtocolError, ((DisconnectPacket?)await second.Receive())!.Reason);
    }

    [Theory]
    [InlineData(MqttVersion.V311, ReasonCode.Success)]
    [InlineData(MqttVersion.V500, ReasonCode.NotAuthorized)]
    [Trait("mqtt-3.1.1", "MQTT-3.3.5-2")]
    public async Task A_topic_of_the_servers_is_refused_in_5_0_and_thrown_away_in_3_1_1(MqttVersion version, ReasonCode reason)
    {
        await using var edge = await TestEdge.Start();
        edge.Device.ByHand = true;
        await using var device = await edge.Connect(version);

        await device.Send(device.Message("$SYS/x", "1"));
        (await edge.Device.NextPublish()).Refuse(new PublishFailure(0, Failure.Forbidden, "Not yours."));
        Assert.Equal(reason, ((AckPacket?)await device.Receive())!.Reason);

        await device.Send(device.Message(Topic, "2")); // the connection lives on
        (await edge.Device.NextPublish()).Complete();
        Assert.Equal(ReasonCode.Success, ((AckPacket?)await device.Receive())!.Reason);
    }

    private static PublishPacket Aliased(string topic, ushort alias, string payload) => new()
    {
        Topic = topic,
        Payload = System.Text.Encoding.UTF8.GetBytes(payload),
        Qos = Qos.AtLeastOnce,
        PacketId = 1,
        Properties = new Properties { TopicAlias = alias },
    };
}
