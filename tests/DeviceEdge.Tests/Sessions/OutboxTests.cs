using System.Collections.Immutable;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.DeviceEdge.Sessions;
using OrleansIoT.Telemetry;

namespace OrleansIoT.DeviceEdge.Tests.Sessions;

/// <summary>Sessions that end with their connection, and what a message looks like to whoever gets it.</summary>
public sealed class OutboxTests
{
    public static TheoryData<MqttVersion> Versions => [.. Enum.GetValues<MqttVersion>()];

    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt", "MQTT-3.3.1-2")]
    [Trait("mqtt", "MQTT-4.3.1-1")]
    [Trait("mqtt-3.1.1", "MQTT-4.3.1-1")]
    public async Task A_message_of_QoS_0_is_sent_at_once_and_without_an_identifier(MqttVersion version)
    {
        var scene = new OutboxScene(version);

        scene.Deliver(Qos.AtMostOnce, "21.5");
        var publish = await scene.ReceivePublish();

        Assert.Equal((OutboxScene.Topic, "21.5"), (publish.Topic, OutboxScene.Text(publish)));
        Assert.Equal((Qos.AtMostOnce, 0, false, false), (publish.Qos, publish.PacketId, publish.Dup, publish.Retain));
        Assert.True(publish.Properties.IsEmpty);
    }

    [Fact]
    [Trait("mqtt", "MQTT-3.3.2-4")]
    [Trait("mqtt", "MQTT-3.3.2-15")]
    [Trait("mqtt", "MQTT-3.3.2-16")]
    [Trait("mqtt", "MQTT-3.3.2-17")]
    [Trait("mqtt", "MQTT-3.3.2-18")]
    [Trait("mqtt", "MQTT-3.3.2-20")]
    [Trait("mqtt", "MQTT-3.3.4-4")]
    public async Task What_a_publisher_said_reaches_a_subscriber_of_5_0_unaltered_and_in_order()
    {
        var scene = new OutboxScene();
        ImmutableArray<UserProperty> user = [new("b", "1"), new("a", "2"), new("b", "3"), new("", "é")];
        var properties = new MessageProperties(true, null, "text/plain", "devices/meter-8/answers", new byte[] { 0, 255 }, user);

        scene.Deliver(scene.Message("x", properties: properties), Qos.AtMostOnce, 7, 268_435_455);
        var received = (await scene.ReceivePublish()).Properties;

        Assert.Equal((true, "text/plain", "devices/meter-8/answers"), (received.PayloadFormatIndicator, received.ContentType, received.ResponseTopic));
        Assert.Equal([0, 255], received.CorrelationData);
        Assert.Equal(user.AsEnumerable(), received.UserProperties);
        Assert.Equal([7u, 268_435_455u], received.SubscriptionIdentifiers.ToArray());
        Assert.Equal((null, null), (received.MessageExpiryInterval, received.TopicAlias));
    }

    [Fact]
    public async Task A_subscriber_of_3_1_1_gets_topic_and_payload_only()
    {
        var scene = new OutboxScene(MqttVersion.V311);
        var properties = new MessageProperties(false, 60, "text/plain", "answers", new byte[] { 1 }, [new("a", "b")]);

        scene.Deliver(scene.Message("x", properties: properties), Qos.AtMostOnce, 7);
        var publish = await scene.ReceivePublish();

        Assert.Equal("x", OutboxScene.Text(publish));
        Assert.True(publish.Properties.IsEmpty);
    }

    [Fact]
    [Trait("mqtt", "MQTT-3.3.2-5")]
    [Trait("mqtt", "MQTT-3.3.2-6")]
    public async Task A_message_is_sent_with_the_time_it_has_left_and_not_at_all_when_that_is_over()
    {
        var scene = new OutboxScene(start: false);
        scene.Deliver(scene.Message("short", properties: OutboxScene.Expiring(10)));
        scene.Deliver(scene.Message("counted", properties: OutboxScene.Expiring(10)), Qos.AtLeastOnce);
        scene.Deliver(scene.Message("long", properties: OutboxScene.Expiring(60)));
        scene.Deliver(scene.Message("endless", properties: OutboxScene.Expiring(uint.MaxValue)));

        scene.Clock.Advance(TimeSpan.FromMilliseconds(10_000));
        scene.Outbox.Start();
        var publish = await scene.ReceivePublish();
        Assert.Equal(("long", 50u), (OutboxScene.Text(publish), publish.Properties.MessageExpiryInterval));
        publish = await scene.ReceivePublish();
        Assert.Equal(("endless", uint.MaxValue - 10), (OutboxScene.Text(publish), publish.Properties.MessageExpiryInterval));

        var late = scene.Message("late", properties: OutboxScene.Expiring(10));
        scene.Clock.Advance(TimeSpan.FromMilliseconds(9_999));
        scene.Deliver(late);
        Assert.Equal(1u, (await scene.ReceivePublish()).Properties.MessageExpiryInterval);
        await scene.ExpectNothingButPing();
    }

    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt", "MQTT-2.2.1-4")]
    [Trait("mqtt", "MQTT-4.3.2-1")]
    [Trait("mqtt", "MQTT-4.3.2-2")]
    [Trait("mqtt", "MQTT-4.6.0-6")]
    [Trait("mqtt-3.1.1", "MQTT-4.3.2-1")]
    public async Task Messages_of_QoS_1_leave_in_order_with_identifiers_that_are_not_in_use(MqttVersion version)
    {
        var scene = new OutboxScene(version);

        scene.Deliver(Qos.AtLeastOnce, "1", "2", "3");
        for (ushort id = 1; id <= 3; id++)
        {
            var publish = await scene.ReceivePublish();
            Assert.Equal(($"{id}", Qos.AtLeastOnce, id, false), (OutboxScene.Text(publish), publish.Qos, publish.PacketId, publish.Dup));
        }

        await scene.Answer(PacketType.PubAck, 2);
        for (var number = 4; number <= 65_540; number++)
        {
            scene.Deliver(Qos.AtLeastOnce, $"{number}");
            var publish = await scene.ReceivePublish();
            Assert.NotEqual(1, publish.PacketId);
            Assert.NotEqual(3, publish.PacketId);
            Assert.NotEqual(0, publish.PacketId);
            await scene.Answer(PacketType.PubAck, publish.PacketId);
        }

        await scene.ExpectNothingButPing();
    }

    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt", "MQTT-4.3.3-1")]
    [Trait("mqtt", "MQTT-4.3.3-2")]
    [Trait("mqtt", "MQTT-4.3.3-4")]
    [Trait("mqtt-3.1.1", "MQTT-4.3.3-1")]
    public async Task A_message_of_QoS_2_takes_its_four_steps_and_no_grain_is_asked(MqttVersion version)
    {
        var scene = new OutboxScene(version, limits: new OutboxLimits(InFlight: 1));

        scene.Deliver(Qos.ExactlyOnce, "1", "2");
        var publish = await scene.ReceivePublish();
        Assert.Equal((Qos.ExactlyOnce, "1"), (publish.Qos, OutboxScene.Text(publish)));
        await scene.Answer(PacketType.PubRec, publish.PacketId);
        var release = Assert.IsType<AckPacket>(await scene.Receive());
        Assert.Equal((PacketType.PubRel, publish.PacketId, ReasonCode.Success), (release.Type, release.PacketId, release.Reason));
        await scene.ExpectNothingButPing(); // the second waits for the whole delivery of the first
        await scene.Answer(PacketType.PubComp, publish.PacketId);

        Assert.Equal("2", OutboxScene.Text(await scene.ReceivePublish()));
        Assert.Equal((0, 0), (scene.Grain.Settling, scene.Grain.Fetching));
    }

    [Fact]
    [Trait("mqtt", "MQTT-4.3.3-13")]
    public async Task A_delivery_of_QoS_2_that_has_begun_is_completed_when_its_message_has_expired()
    {
        var scene = new OutboxScene(limits: new OutboxLimits(InFlight: 1));
        scene.Deliver(scene.Message("1", properties: OutboxScene.Expiring(10)), Qos.ExactlyOnce);
        var publish = await scene.ReceivePublish();
        scene.Clock.Advance(TimeSpan.FromSeconds(11));

        await scene.Answer(PacketType.PubRec, publish.PacketId);

        var release = Assert.IsType<AckPacket>(await scene.Receive());
        Assert.Equal((PacketType.PubRel, publish.PacketId, ReasonCode.Success), (release.Type, release.PacketId, release.Reason));
        await scene.Answer(PacketType.PubComp, publish.PacketId);
        scene.Deliver(Qos.ExactlyOnce, "2");
        Assert.Equal("2", OutboxScene.Text(await scene.ReceivePublish()));
    }

    [Fact]
    public async Task A_refusal_in_PUBREC_completes_the_delivery()
    {
        var scene = new OutboxScene(limits: new OutboxLimits(InFlight: 1));

        scene.Deliver(Qos.ExactlyOnce, "1", "2");
        var publish = await scene.ReceivePublish();
        await scene.Answer(PacketType.PubRec, publish.PacketId, ReasonCode.QuotaExceeded);

        Assert.Equal("2", OutboxScene.Text(await scene.ReceivePublish()));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task PUBREC_for_what_was_never_sent_is_answered_and_other_answers_are_not(MqttVersion version)
    {
        var scene = new OutboxScene(version);

        await scene.Answer(PacketType.PubAck, 5);
        await scene.Answer(PacketType.PubComp, 5);
        await scene.Answer(PacketType.PubRec, 5);

        var release = Assert.IsType<AckPacket>(await scene.Receive());
        Assert.Equal((PacketType.PubRel, (ushort)5), (release.Type, release.PacketId));
        Assert.Equal(version == MqttVersion.V500 ? ReasonCode.PacketIdentifierNotFound : ReasonCode.Success, release.Reason);
        await scene.ExpectNothingButPing();
    }

    [Fact]
    public async Task PUBREC_that_comes_twice_is_answered_twice()
    {
        var scene = new OutboxScene();
        scene.Deliver(Qos.ExactlyOnce, "1");
        await scene.Receive();

        await scene.Answer(PacketType.PubRec, 1);
        await scene.Answer(PacketType.PubRec, 1);

        Assert.Equal(ReasonCode.Success, Assert.IsType<AckPacket>(await scene.Receive()).Reason);
        Assert.Equal(ReasonCode.Success, Assert.IsType<AckPacket>(await scene.Receive()).Reason);
    }

    [Theory]
    [InlineData(Qos.AtLeastOnce, PacketType.PubRec)]
    [InlineData(Qos.AtLeastOnce, PacketType.PubComp)]
    [InlineData(Qos.ExactlyOnce, PacketType.PubAck)]
    [InlineData(Qos.ExactlyOnce, PacketType.PubComp)]
    public async Task An_answer_of_the_wrong_kind_is_a_protocol_error(Qos qos, PacketType answer)
    {
        var scene = new OutboxScene();
        scene.Deliver(qos, "1");

        var fault = await Assert.ThrowsAsync<MqttProtocolException>(() => scene.Answer(answer, 1));

        Assert.Equal(ReasonCode.ProtocolError, fault.Reason);
    }

    [Theory]
    [InlineData(3, 1_000, 3)]
    [InlineData(null, 4, 4)]
    [InlineData(5, 2, 2)]
    [Trait("mqtt", "MQTT-3.3.4-9")]
    [Trait("mqtt", "MQTT-4.9.0-1")]
    [Trait("mqtt", "MQTT-4.9.0-2")]
    [Trait("mqtt", "MQTT-4.9.0-3")]
    public async Task No_more_is_in_flight_than_client_and_server_want_and_QoS_0_does_not_wait(int? client, int server, int expected)
    {
        var scene = new OutboxScene(
            connect: new Properties { ReceiveMaximum = (ushort?)client }, limits: new OutboxLimits(InFlight: server));

        scene.Deliver(Qos.AtLeastOnce, Enumerable.Range(1, 10).Select(i => $"{i}"));
        Assert.Equal(Enumerable.Range(1, expected).Select(i => $"{i}"), await scene.ReceivePayloads(expected));
        await scene.ExpectNothingButPing();
        scene.Deliver(Qos.AtMostOnce, "free");
        Assert.Equal(["free"], await scene.ReceivePayloads(1));

        await scene.Answer(PacketType.PubAck, 1);
        Assert.Equal([$"{expected + 1}"], await scene.ReceivePayloads(1));
        await scene.Answer(PacketType.PubAck, 1); // once more is no room more
        await scene.ExpectNothingButPing();
    }

    [Fact]
    public async Task Messages_of_all_kinds_leave_in_the_order_in_which_they_came()
    {
        var scene = new OutboxScene(start: false);
        for (var i = 0; i < 30; i++)
        {
            scene.Deliver((Qos)(i % 3), $"{i}");
        }

        scene.Outbox.Start();

        Assert.Equal(Enumerable.Range(0, 30).Select(i => $"{i}"), await scene.ReceivePayloads(30));
    }

    [Fact]
    [Trait("mqtt", "MQTT-3.1.2-26")]
    public async Task The_topics_that_come_first_get_aliases_up_to_the_clients_maximum()
    {
        var scene = new OutboxScene(connect: new Properties { TopicAliasMaximum = 2 });

        foreach (var topic in new[] { "a", "b", "c", "a", "b", "c" })
        {
            scene.Deliver(scene.Message("x", topic));
        }

        var received = new List<(string, int?)>();
        while (received.Count < 6)
        {
            var publish = await scene.ReceivePublish();
            received.Add((publish.Topic, publish.Properties.TopicAlias));
        }

        Assert.Equal([("a", 1), ("b", 2), ("c", null), ("", 1), ("", 2), ("c", null)], received);
    }

    [Fact]
    [Trait("mqtt", "MQTT-3.1.2-27")]
    public async Task Without_a_topic_alias_maximum_there_are_no_aliases()
    {
        var scene = new OutboxScene();

        scene.Deliver(Qos.AtMostOnce, "1", "2");

        for (var i = 0; i < 2; i++)
        {
            var publish = await scene.ReceivePublish();
            Assert.Equal((OutboxScene.Topic, null), (publish.Topic, publish.Properties.TopicAlias));
        }
    }

    [Fact]
    [Trait("mqtt", "MQTT-3.1.2-24")]
    [Trait("mqtt", "MQTT-3.1.2-25")]
    public async Task What_is_too_large_for_the_client_counts_as_delivered()
    {
        var scene = new OutboxScene(
            connect: new Properties { MaximumPacketSize = 50, TopicAliasMaximum = 1 }, limits: new OutboxLimits(InFlight: 1));
        var fits = new string('x', 50 - 2 - 2 - 1 - 2 - 1); // fixed header, topic, identifier, no properties

        scene.Deliver(scene.Message(fits + "x", "t"), Qos.AtLeastOnce);
        await scene.ExpectNothingButPing();
        scene.Deliver(scene.Message(fits, "t"), Qos.AtLeastOnce);
        var publish = await scene.ReceivePublish();

        Assert.Equal((fits, "t", null), (OutboxScene.Text(publish), publish.Topic, publish.Properties.TopicAlias));
        Assert.Equal(0, scene.Outbox.Dropped);
    }

    [Theory]
    [InlineData(Qos.AtMostOnce)]
    [InlineData(Qos.AtLeastOnce)]
    public async Task A_slow_client_loses_its_oldest_messages_and_nobody_waits_for_it(Qos qos)
    {
        var scene = new OutboxScene(limits: new OutboxLimits(Messages: 100), pause: 1_000);
        var payload = new string('x', 100);

        scene.Deliver(qos, Enumerable.Range(0, 10_000).Select(i => $"{i:00000}{payload}"));
        var lost = scene.Outbox.Dropped;
        var numbers = (await scene.ReceivePayloads(10_000 - (int)lost)).Select(text => int.Parse(text[..5], null)).ToList();

        Assert.True(lost > 9_000, $"{lost} were dropped.");
        Assert.Equal(numbers.Order(), numbers);
        Assert.Equal(Enumerable.Range(9_900, 100), numbers[^100..]);
        await scene.ExpectNothingButPing();
    }

    [Fact]
    public async Task A_slow_client_is_bounded_in_bytes_too()
    {
        var scene = new OutboxScene(limits: new OutboxLimits(Bytes: 100_000), start: false);

        scene.Deliver(Qos.AtMostOnce, Enumerable.Range(0, 100).Select(i => $"{i:00}{new string('x', 10_000)}"));
        Assert.InRange(scene.Outbox.Dropped, 90, 95);
        scene.Deliver(Qos.AtMostOnce, new string('y', 200_000)); // one alone may be larger
        scene.Outbox.Start();

        Assert.Equal(new string('y', 200_000), (await scene.ReceivePayloads(1))[0]);
    }

    [Fact]
    public async Task QoS_0_is_dropped_first()
    {
        var scene = new OutboxScene(limits: new OutboxLimits(Messages: 3), start: false);

        scene.Deliver(Qos.AtLeastOnce, "1", "2");
        scene.Deliver(Qos.AtMostOnce, "a", "b");
        scene.Deliver(Qos.ExactlyOnce, "3");
        Assert.Equal(2, scene.Outbox.Dropped);
        scene.Deliver(Qos.ExactlyOnce, "4");
        scene.Outbox.Start();

        Assert.Equal(["2", "3", "4"], await scene.ReceivePayloads(3));
    }

    [Fact]
    public async Task Who_has_been_slow_hears_new_messages_when_it_reads_again()
    {
        var scene = new OutboxScene(pause: 1_000);
        scene.Deliver(Qos.AtMostOnce, Enumerable.Range(0, 500).Select(i => $"{i}"));

        Assert.Equal(Enumerable.Range(0, 500).Select(i => $"{i}"), await scene.ReceivePayloads(500));
        scene.Deliver(Qos.AtMostOnce, "new");

        Assert.Equal(["new"], await scene.ReceivePayloads(1));
    }

    [Fact]
    public async Task Pings_and_messages_share_a_connection_packet_by_packet()
    {
        var scene = new OutboxScene(pause: 2_000);
        var pinging = Task.Run(async () =>
        {
            for (var i = 0; i < 500; i++)
            {
                await scene.Outgoing.Send(PingRespPacket.Instance);
            }
        });
        var delivering = Task.WhenAll(Enumerable.Range(0, 4).Select(source => Task.Run(() =>
        {
            for (var i = 0; i < 1_000; i++)
            {
                scene.Deliver(Qos.AtMostOnce, $"{source}{i:000}");
            }
        })));

        var received = new List<string>();
        for (var i = 0; i < 4_500; i++)
        {
            if (await scene.Receive() is PublishPacket publish)
            {
                received.Add(OutboxScene.Text(publish));
            }
        }

        await Task.WhenAll(pinging, delivering);
        Assert.Equal(0, scene.Outbox.Dropped);
        foreach (var source in received.GroupBy(text => text[0]))
        {
            Assert.Equal(Enumerable.Range(0, 1_000).Select(i => $"{source.Key}{i:000}"), source);
        }
    }

    [Fact]
    public async Task After_Close_nothing_is_sent()
    {
        var scene = new OutboxScene(pause: 1_000);
        scene.Deliver(Qos.AtMostOnce, Enumerable.Range(0, 200).Select(i => $"{i}{new string('x', 1_000)}"));

        var closing = scene.Outbox.Close();
        scene.Deliver(Qos.AtMostOnce, "late");
        Assert.Equal(0, await closing);
        await scene.Outgoing.Close(); // nobody holds the turn
        await scene.Outgoing.Send(PingRespPacket.Instance);

        var payloads = 0;
        while (true)
        {
            var next = scene.Receive();
            if (!next.IsCompleted)
            {
                break;
            }

            Assert.IsType<PublishPacket>(await next);
            payloads++;
        }

        Assert.InRange(payloads, 1, 100); // 64 KiB and what is in the last packet are written at a time
        Assert.False(scene.Failure.Task.IsCompleted);
    }

    [Fact]
    public async Task A_socket_that_fails_ends_the_connection()
    {
        var scene = new OutboxScene();
        scene.Break(new IOException("reset"));

        scene.Deliver(Qos.AtMostOnce, "1");

        Assert.IsType<IOException>(await scene.Failure.Task);
    }

    [Fact]
    [Trait("mqtt", "MQTT-3.3.1-8")]
    [Trait("mqtt", "MQTT-3.8.4-8")]
    public async Task Retained_messages_come_page_after_page_with_the_flag_and_the_lower_QoS()
    {
        var scene = new OutboxScene();

        scene.Outbox.SendRetained(new Subscription("a/#", Qos.AtLeastOnce, Identifier: 5), OutboxScene.Nothing);
        scene.Outbox.SendRetained(new Subscription("b", Qos.ExactlyOnce), OutboxScene.Nothing);
        var call = await scene.Grain.NextRetained();
        Assert.Equal(("a/#", "", "meter-7"), (call.Asked.Filter, call.Asked.From, call.Caller!.Subject));
        call.Answer(new RetainedPage([scene.Message("0", "a/0", Qos.AtMostOnce), scene.Message("1", "a/1")], "a/1"));
        call = await scene.Grain.NextRetained();
        Assert.Equal(("a/#", "a/1"), call.Asked);
        call.Answer(new RetainedPage([scene.Message("2", "a/2")], null));
        call = await scene.Grain.NextRetained();
        Assert.Equal(("b", ""), call.Asked);
        call.Answer(new RetainedPage([scene.Message("3", "b")], null));

        var received = new List<(string, Qos, bool, uint[])>();
        for (var i = 0; i < 4; i++)
        {
            var publish = await scene.ReceivePublish();
            received.Add((publish.Topic, publish.Qos, publish.Retain, [.. publish.Properties.SubscriptionIdentifiers]));
        }

        Assert.Equal(["a/0", "a/1", "a/2", "b"], received.Select(publish => publish.Item1));
        Assert.Equal([Qos.AtMostOnce, Qos.AtLeastOnce, Qos.AtLeastOnce, Qos.ExactlyOnce], received.Select(publish => publish.Item2));
        Assert.All(received, publish => Assert.True(publish.Item3));
        Assert.Equal([[5], [5], [5], []], received.Select(publish => publish.Item4));
    }

    [Fact]
    public async Task Retained_messages_wait_until_a_slow_client_has_room_for_them()
    {
        var scene = new OutboxScene(limits: new OutboxLimits(Messages: 10), pause: 200);
        scene.Outbox.SendRetained(new Subscription("#", Qos.AtMostOnce), OutboxScene.Nothing);

        (await scene.Grain.NextRetained()).Answer(new RetainedPage([.. Enumerable.Range(0, 500).Select(i => scene.Message($"{i}"))], null));

        Assert.Equal(Enumerable.Range(0, 500).Select(i => $"{i}"), await scene.ReceivePayloads(500));
        Assert.Equal(0, scene.Outbox.Dropped);
    }

    [Fact]
    public async Task Retained_messages_are_not_fetched_for_a_connection_that_has_ended()
    {
        var scene = new OutboxScene(limits: new OutboxLimits(Messages: 10), pause: 200);
        scene.Outbox.SendRetained(new Subscription("#", Qos.AtMostOnce), OutboxScene.Nothing);
        scene.Outbox.SendRetained(new Subscription("a", Qos.AtMostOnce), OutboxScene.Nothing);
        var call = await scene.Grain.NextRetained();

        await scene.Outbox.Close();
        call.Answer(new RetainedPage([.. Enumerable.Range(0, 500).Select(i => scene.Message($"{i}"))], "t"));

        await scene.ExpectNothingButPing();
        Assert.False(scene.Failure.Task.IsCompleted);
        Assert.Equal(0, scene.Grain.Retaining);
    }

    [Fact]
    public async Task Retained_messages_that_cannot_be_fetched_end_the_connection()
    {
        var scene = new OutboxScene();
        scene.Outbox.SendRetained(new Subscription("#", Qos.AtMostOnce), OutboxScene.Nothing);

        (await scene.Grain.NextRetained()).Throw(new TimeoutException());

        Assert.IsType<TimeoutException>(await scene.Failure.Task);
    }
}
