using System.Collections.Immutable;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.DeviceEdge.Sessions;
using OrleansIoT.Fixtures;

namespace OrleansIoT.DeviceEdge.Tests.Sessions;

/// <summary>Durable sessions: messages come out of a queue that survives, and what is answered is settled there.</summary>
public sealed class OutboxQueueTests
{
    public static TheoryData<MqttVersion> Versions => [.. Enum.GetValues<MqttVersion>()];

    private static OutboxScene Durable(
        MqttVersion version = MqttVersion.V500, long sent = 0, long last = 0, Properties? connect = null, int inFlight = 1_000, bool start = true) =>
        new(version, connect, new OutboxLimits(InFlight: inFlight), OutboxScene.Opened(sent: sent, last: last), start: start);

    private static QueuedMessage Queued(OutboxScene scene, long number, Qos qos = Qos.AtLeastOnce, string? payload = null) =>
        new(number, scene.Message(payload ?? $"{number}"), qos, Retain: false, []);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(65_535, 65_535)]
    [InlineData(65_536, 1)]
    [InlineData(200_000, 3_395)]
    public async Task The_identifier_of_a_queued_message_follows_from_its_number(long number, ushort id)
    {
        var scene = Durable(last: number);

        (await scene.Grain.NextQueue()).Answer([Queued(scene, number)]);

        Assert.Equal(id, (await scene.ReceivePublish()).PacketId);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt", "MQTT-3.3.1-1")]
    [Trait("mqtt", "MQTT-4.3.3-6")]
    [Trait("mqtt", "MQTT-4.4.0-1")]
    [Trait("mqtt", "MQTT-4.6.0-1")]
    [Trait("mqtt-3.1.1", "MQTT-2.3.1-4")]
    [Trait("mqtt-3.1.1", "MQTT-3.3.1-1")]
    [Trait("mqtt-3.1.1", "MQTT-4.4.0-1")]
    [Trait("mqtt-3.1.1", "MQTT-4.6.0-1")]
    public async Task A_connection_resumes_with_what_was_released_and_sent_before_in_order_and_original_identifiers(MqttVersion version)
    {
        var scene = Durable(version, sent: 5, last: 7);
        var call = await scene.Grain.NextQueue();
        Assert.Equal((0L, "meter-7"), (call.Asked.After, call.Caller!.Subject));

        call.Answer(
        [
            new QueuedMessage(2, null, Qos.ExactlyOnce, false, []), Queued(scene, 3, Qos.ExactlyOnce), Queued(scene, 5), Queued(scene, 6),
            Queued(scene, 7, Qos.ExactlyOnce),
        ]);

        var release = Assert.IsType<AckPacket>(await scene.Receive());
        Assert.Equal((PacketType.PubRel, (ushort)2), (release.Type, release.PacketId));
        var received = new List<(string, ushort, Qos, bool)>();
        for (var i = 0; i < 4; i++)
        {
            var publish = await scene.ReceivePublish();
            received.Add((OutboxScene.Text(publish), publish.PacketId, publish.Qos, publish.Dup));
        }

        Assert.Equal(
            [("3", 3, Qos.ExactlyOnce, true), ("5", 5, Qos.AtLeastOnce, true), ("6", 6, Qos.AtLeastOnce, false), ("7", 7, Qos.ExactlyOnce, false)],
            received);
        await scene.ExpectNothingButPing(); // and nothing is sent again on this connection
        await scene.Answer(PacketType.PubComp, 2);
        Assert.Equal([new Settlement(2, IsComplete: true)], (await scene.Grain.NextSettle()).Asked);
    }

    [Fact]
    public async Task What_is_released_takes_no_room_among_what_is_in_flight()
    {
        var scene = Durable(sent: 2, last: 4, connect: new Properties { ReceiveMaximum = 1 });
        (await scene.Grain.NextQueue()).Answer(
            [new QueuedMessage(1, null, Qos.ExactlyOnce, false, []), new QueuedMessage(2, null, Qos.ExactlyOnce, false, []), Queued(scene, 3), Queued(scene, 4)]);

        await scene.Receive();
        await scene.Receive();
        Assert.Equal("3", OutboxScene.Text(await scene.ReceivePublish()));
        await scene.Answer(PacketType.PubComp, 1);
        await scene.ExpectNothingButPing(); // nor does its end give any
    }

    [Fact]
    [Trait("mqtt", "MQTT-4.3.3-7")]
    public async Task What_was_sent_before_does_not_expire_and_what_was_not_leaves_the_queue()
    {
        var scene = Durable(sent: 1, last: 2);
        var expired = OutboxScene.Expiring(10);
        ImmutableArray<QueuedMessage> queue =
        [
            new(1, scene.Message("1", properties: expired), Qos.ExactlyOnce, false, []),
            new(2, scene.Message("2", properties: expired), Qos.ExactlyOnce, false, []),
        ];
        scene.Clock.Advance(TimeSpan.FromSeconds(11));

        (await scene.Grain.NextQueue()).Answer(queue);

        var publish = await scene.ReceivePublish();
        Assert.Equal(("1", 0u), (OutboxScene.Text(publish), publish.Properties.MessageExpiryInterval));
        var settle = await scene.Grain.NextSettle();
        Assert.Equal([new Settlement(2, IsComplete: true)], settle.Asked);
        settle.Answer(true);
        await scene.ExpectNothingButPing();
        Assert.Equal(1, await scene.Outbox.Close());
    }

    [Fact]
    [Trait("mqtt", "MQTT-3.1.2-25")]
    public async Task A_queued_message_that_is_too_large_for_the_client_leaves_the_queue_unsent()
    {
        var scene = Durable(connect: new Properties { MaximumPacketSize = 100 });

        scene.DeliverQueued(1, message: scene.Message(new string('x', 100)));
        scene.DeliverQueued(2);

        Assert.Equal("2", OutboxScene.Text(await scene.ReceivePublish()));
        Assert.Equal([new Settlement(1, IsComplete: true)], (await scene.Grain.NextSettle()).Asked);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt", "MQTT-4.3.3-3")]
    [Trait("mqtt", "MQTT-4.3.3-4")]
    [Trait("mqtt", "MQTT-4.3.3-5")]
    public async Task PUBREL_leaves_when_it_is_durable_that_the_message_is_not_sent_again(MqttVersion version)
    {
        var scene = Durable(version);
        scene.DeliverQueued(1, Qos.ExactlyOnce);
        await scene.ReceivePublish();

        await scene.Answer(PacketType.PubRec, 1);
        var settle = await scene.Grain.NextSettle();
        Assert.Equal([new Settlement(1, IsComplete: false)], settle.Asked);
        Assert.Equal("meter-7", settle.Caller!.Subject);
        await scene.Answer(PacketType.PubRec, 1); // again, to no effect
        await scene.ExpectNothingButPing();
        settle.Answer(true);
        Assert.Equal(PacketType.PubRel, Assert.IsType<AckPacket>(await scene.Receive()).Type);
        await scene.Answer(PacketType.PubComp, 1);

        settle = await scene.Grain.NextSettle();
        Assert.Equal([new Settlement(1, IsComplete: true)], settle.Asked);
    }

    [Fact]
    [Trait("mqtt", "MQTT-4.6.0-4")]
    public async Task One_settlement_is_under_way_at_a_time_and_takes_along_what_has_come()
    {
        var scene = Durable();
        for (var number = 1; number <= 10; number++)
        {
            scene.DeliverQueued(number, number % 2 == 0 ? Qos.ExactlyOnce : Qos.AtLeastOnce);
            await scene.ReceivePublish();
        }

        await scene.Answer(PacketType.PubAck, 1);
        var first = await scene.Grain.NextSettle();
        for (ushort id = 2; id <= 10; id++)
        {
            await scene.Answer(id % 2 == 0 ? PacketType.PubRec : PacketType.PubAck, id);
        }

        Assert.Equal(0, scene.Grain.Settling);
        Assert.Equal([new Settlement(1, IsComplete: true)], first.Asked);
        first.Answer(true);
        var second = await scene.Grain.NextSettle();
        Assert.Equal(Enumerable.Range(2, 9).Select(i => new Settlement(i, IsComplete: i % 2 != 0)), second.Asked);
        second.Answer(true);
        foreach (var id in new ushort[] { 2, 4, 6, 8, 10 })
        {
            Assert.Equal(id, Assert.IsType<AckPacket>(await scene.Receive()).PacketId);
        }
    }

    [Fact]
    public async Task PUBACK_makes_room_before_it_is_settled()
    {
        var scene = Durable(inFlight: 1);
        scene.DeliverQueued(1);
        scene.DeliverQueued(2);
        await scene.ReceivePublish();

        await scene.Answer(PacketType.PubAck, 1);

        Assert.Equal("2", OutboxScene.Text(await scene.ReceivePublish()));
        Assert.Equal([1L], (await scene.Grain.NextSettle()).Asked.Select(settlement => settlement.Number));
    }

    [Theory]
    [InlineData(PacketType.PubAck, Qos.AtLeastOnce)]
    [InlineData(PacketType.PubRec, Qos.ExactlyOnce)]
    public async Task A_settlement_that_fails_ends_the_connection(PacketType answer, Qos qos)
    {
        var scene = Durable();
        scene.DeliverQueued(1, qos);
        await scene.ReceivePublish();
        await scene.Answer(answer, 1);

        (await scene.Grain.NextSettle()).Throw(new IOException("The disk is full."));

        Assert.Equal("The disk is full.", (await scene.Failure.Task).Message);
        scene.DeliverQueued(2);
        await scene.ExpectNothingButPing();
        Assert.Equal(1, await scene.Outbox.Close());
    }

    [Fact]
    public async Task A_queue_that_cannot_be_read_ends_the_connection()
    {
        var scene = Durable(last: 1);

        (await scene.Grain.NextQueue()).Throw(new TimeoutException());

        Assert.IsType<TimeoutException>(await scene.Failure.Task);
    }

    [Fact]
    [Trait("mqtt", "MQTT-2.2.1-4")]
    public async Task A_message_whose_identifier_is_in_use_waits_until_it_is_free()
    {
        var scene = Durable(last: 65_536);
        (await scene.Grain.NextQueue()).Answer([Queued(scene, 1), Queued(scene, 65_536)]);
        Assert.Equal("1", OutboxScene.Text(await scene.ReceivePublish()));
        await scene.ExpectNothingButPing();

        await scene.Answer(PacketType.PubAck, 1);
        var settle = await scene.Grain.NextSettle();
        await scene.ExpectNothingButPing(); // after a crash now, both would be sent
        settle.Answer(true);

        var publish = await scene.ReceivePublish();
        Assert.Equal(("65536", (ushort)1), (OutboxScene.Text(publish), publish.PacketId));
    }

    [Fact]
    public async Task While_a_client_keeps_pace_nothing_is_fetched()
    {
        var scene = Durable();
        for (var number = 1; number <= 5_000; number++)
        {
            scene.DeliverQueued(number);
            var publish = await scene.ReceivePublish();
            Assert.Equal($"{number}", OutboxScene.Text(publish));
            await scene.Answer(PacketType.PubAck, publish.PacketId);
            (await scene.Grain.NextSettle()).Answer(true);
        }

        Assert.Equal(0, scene.Grain.Fetching);
    }

    [Fact]
    public async Task Who_falls_behind_is_sent_everything_in_order_out_of_the_durable_queue()
    {
        var scene = Durable(inFlight: 10);
        for (var number = 1; number <= 1_000; number++)
        {
            scene.DeliverQueued(number);
        }

        var received = await Serve(scene, Enumerable.Range(1, 1_000).Select(number => Queued(scene, number)), 1_000);

        Assert.Equal(Enumerable.Range(1, 1_000).Select(number => $"{number}"), received.Received);
        Assert.True(received.Fetched.Count >= 9, $"{received.Fetched.Count} fetches");
        Assert.All(received.Fetched, fetch => Assert.InRange(fetch.Count, 1, 100));
        Assert.Equal(received.Fetched.Select(fetch => fetch.After).Order(), received.Fetched.Select(fetch => fetch.After));
    }

    [Fact]
    public async Task A_page_of_large_messages_is_not_kept_as_a_whole()
    {
        var scene = Durable(last: 50, inFlight: 1);
        var large = new string('x', 100_000);
        var queue = Enumerable.Range(1, 50).Select(number => Queued(scene, number, payload: $"{number} {large}"));

        var (received, fetched) = await Serve(scene, queue, 50);

        Assert.Equal(Enumerable.Range(1, 50).Select(number => $"{number} {large}"), received);
        Assert.Equal(100, fetched[0].Count);
        Assert.All(fetched.Skip(1), fetch => Assert.InRange(fetch.Count, 1, 10));
    }

    [Fact]
    public async Task Numbers_that_arrive_out_of_order_are_all_sent()
    {
        var scene = Durable();
        foreach (var number in new[] { 2, 1, 4, 5, 3, 3, 1 })
        {
            scene.DeliverQueued(number);
        }

        Assert.Equal(["2", "1", "4", "5", "3"], await scene.ReceivePayloads(5));
        await scene.ExpectNothingButPing();
        Assert.Equal(0, scene.Grain.Fetching);
    }

    [Theory]
    [InlineData(2)] // which was lost with its topic's silo
    [InlineData(0)] // the topic has just come to life elsewhere, and does not know
    [Trait("mqtt", "MQTT-4.6.0-6")]
    public async Task What_must_not_be_overtaken_is_fetched_first(long after)
    {
        var scene = Durable();
        scene.DeliverQueued(1, after: 0);
        scene.DeliverQueued(3, after: after);
        var call = await scene.Grain.NextQueue();
        Assert.Equal(1, call.Asked.After);
        call.Answer([Queued(scene, 2), Queued(scene, 3)]);
        Assert.Equal(["1", "2", "3"], await scene.ReceivePayloads(3));

        scene.DeliverQueued(5, after: 3); // 4 is of another topic
        scene.DeliverQueued(6, after: 5);
        scene.DeliverQueued(4, after: 1);

        Assert.Equal(["5", "6", "4"], await scene.ReceivePayloads(3));
        await scene.ExpectNothingButPing();
        Assert.Equal(0, scene.Grain.Fetching);
    }

    [Fact]
    public async Task What_was_fetched_and_is_delivered_after_that_is_sent_once()
    {
        var scene = Durable(last: 2);
        var call = await scene.Grain.NextQueue();
        scene.DeliverQueued(3);
        call.Answer([Queued(scene, 1), Queued(scene, 2), Queued(scene, 3), Queued(scene, 4)]);
        Assert.Equal(["1", "2", "3", "4"], await scene.ReceivePayloads(4));

        scene.DeliverQueued(4);
        scene.DeliverQueued(5);

        Assert.Equal(["5"], await scene.ReceivePayloads(1));
    }

    [Fact]
    public async Task A_gap_is_looked_up_when_many_numbers_stand_behind_it()
    {
        var scene = Durable();
        for (var number = 2; number <= 1_001; number++)
        {
            scene.DeliverQueued(number);
            await scene.Answer(PacketType.PubAck, (await scene.ReceivePublish()).PacketId);
            await Eventually.Is(() => scene.Grain.Settling > 0);
            (await scene.Grain.NextSettle()).Answer(true);
        }

        scene.DeliverQueued(1_002);
        var call = await scene.Grain.NextQueue();
        Assert.Equal(0, call.Asked.After);
        call.Answer([Queued(scene, 1_002)]);

        Assert.Equal(["1002"], await scene.ReceivePayloads(1));
        scene.DeliverQueued(1_003);
        Assert.Equal(["1003"], await scene.ReceivePayloads(1));
    }

    [Fact]
    public async Task What_SUBSCRIBE_has_put_into_the_queue_is_fetched_and_nothing_more_when_it_is_there()
    {
        var scene = Durable();
        scene.Outbox.QueueGrew(2);
        (await scene.Grain.NextQueue()).Answer([Queued(scene, 1), Queued(scene, 2)]);
        Assert.Equal(["1", "2"], await scene.ReceivePayloads(2));

        scene.Outbox.QueueGrew(2);
        await scene.ExpectNothingButPing();
        Assert.Equal(0, scene.Grain.Fetching);
    }

    [Fact]
    public async Task A_queue_whose_rest_has_been_dropped_is_done_when_nothing_comes()
    {
        var scene = Durable(last: 9);
        (await scene.Grain.NextQueue()).Answer([Queued(scene, 3)]);
        Assert.Equal(["3"], await scene.ReceivePayloads(1));
        var call = await scene.Grain.NextQueue();
        Assert.Equal(3, call.Asked.After);
        call.Answer([]);
        await Eventually.Is(() => call.Task.IsCompleted);

        scene.DeliverQueued(10);

        Assert.Contains("10", new[] { await NextOf(scene) });
    }

    [Fact]
    public async Task Nothing_is_sent_or_fetched_before_Start()
    {
        var scene = Durable(last: 1, start: false);
        scene.DeliverQueued(2);
        scene.Deliver(Qos.AtMostOnce, "0");
        await scene.ExpectNothingButPing();
        Assert.Equal(0, scene.Grain.Fetching);

        scene.Outbox.Start();
        (await scene.Grain.NextQueue()).Answer([Queued(scene, 1), Queued(scene, 2)]);

        Assert.Equal(["0", "1", "2"], await scene.ReceivePayloads(3));
    }

    [Fact]
    public async Task Of_retained_messages_a_durable_session_is_sent_those_of_QoS_0_as_the_others_stand_in_its_queue()
    {
        var scene = Durable();
        scene.Outbox.SendRetained(new Subscription("#", Qos.AtLeastOnce), OutboxScene.Nothing);

        (await scene.Grain.NextRetained()).Answer(new RetainedPage(
            [scene.Message("0", "a", Qos.AtMostOnce), scene.Message("1", "b", Qos.AtLeastOnce), scene.Message("2", "c", Qos.AtMostOnce)], null));

        Assert.Equal(["0", "2"], await scene.ReceivePayloads(2));
        await scene.ExpectNothingButPing();
    }

    [Fact]
    public async Task Close_says_what_was_sent_when_all_answers_are_settled()
    {
        var scene = Durable(sent: 3);
        scene.DeliverQueued(4);
        scene.DeliverQueued(5);
        await scene.ReceivePayloads(2);
        await scene.Answer(PacketType.PubAck, 4);
        var first = await scene.Grain.NextSettle();
        await scene.Answer(PacketType.PubAck, 5);

        var closing = scene.Outbox.Close();
        Assert.False(closing.IsCompleted);
        first.Answer(true);
        var second = await scene.Grain.NextSettle();
        Assert.False(closing.IsCompleted);
        second.Answer(true);

        Assert.Equal(5, await closing);
    }

    private static async Task<string> NextOf(OutboxScene scene)
    {
        // The delivery may have come before the empty page was taken; then it is fetched.
        var next = scene.ReceivePublish();
        while (!next.IsCompleted)
        {
            await Task.Yield();
            if (scene.Grain.Fetching > 0)
            {
                (await scene.Grain.NextQueue()).Answer([Queued(scene, 10)]);
            }
        }

        return OutboxScene.Text(await next);
    }

    /// <summary>A grain that has the queue, and a client that acknowledges, until so many messages have arrived.</summary>
    private static async Task<(List<string> Received, List<(long After, int Count)> Fetched)> Serve(
        OutboxScene scene, IEnumerable<QueuedMessage> messages, int count)
    {
        var queue = messages.ToDictionary(message => message.Number);
        var received = new List<string>();
        var fetched = new List<(long After, int Count)>();
        var next = scene.ReceivePublish();
        while (true)
        {
            if (next.IsCompleted)
            {
                var publish = await next;
                received.Add(OutboxScene.Text(publish));
                if (received.Count == count)
                {
                    return (received, fetched);
                }

                await scene.Answer(PacketType.PubAck, publish.PacketId);
                next = scene.ReceivePublish();
            }

            if (scene.Grain.Settling > 0)
            {
                var settle = await scene.Grain.NextSettle();
                foreach (var settlement in settle.Asked)
                {
                    Assert.True(queue.Remove(settlement.Number));
                }

                settle.Answer(true);
            }

            if (scene.Grain.Fetching > 0)
            {
                var call = await scene.Grain.NextQueue();
                fetched.Add(call.Asked);
                call.Answer([.. queue.Values.Where(message => message.Number > call.Asked.After).OrderBy(message => message.Number).Take(call.Asked.Count)]);
            }

            await Task.Yield();
        }
    }
}
