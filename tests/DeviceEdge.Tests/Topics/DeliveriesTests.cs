using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.DeviceEdge.Tests.Sessions;
using OrleansIoT.DeviceEdge.Topics;
using OrleansIoT.Telemetry;
using OrleansIoT.Topics;

namespace OrleansIoT.DeviceEdge.Tests.Topics;

public sealed class DeliveriesTests
{
    private readonly Deliveries _deliveries = new();

    [Fact]
    public async Task Who_subscribes_hears_the_topic_and_others_do_not()
    {
        var hears = Join("a", new Subscription("devices/+/temperature", Qos.AtMostOnce));
        var other = Join("b", new Subscription("devices/meter-7/humidity", Qos.AtMostOnce));

        Deliver("devices/meter-7/temperature", Message("1"), Message("2"));

        Assert.Equal(["1", "2"], await hears.Scene.ReceivePayloads(2));
        await other.Scene.ExpectNothingButPing();
    }

    [Fact]
    public async Task Another_tenants_sessions_hear_nothing()
    {
        var other = Join("a", new Subscription("#", Qos.AtMostOnce), tenant: "other");

        Deliver("t", Message("1"));

        await other.Scene.ExpectNothingButPing();
    }

    [Fact]
    [Trait("mqtt", "MQTT-3.3.4-2")]
    [Trait("mqtt", "MQTT-3.3.4-3")]
    [Trait("mqtt", "MQTT-3.3.4-4")]
    [Trait("mqtt-3.1.1", "MQTT-3.3.5-1")]
    public async Task Overlapping_subscriptions_are_one_delivery_with_the_highest_QoS_and_all_identifiers()
    {
        var member = Join(
            "a",
            new Subscription("a/b", Qos.AtMostOnce, Identifier: 1),
            new Subscription("a/+", Qos.ExactlyOnce, Identifier: 2),
            new Subscription("#", Qos.AtLeastOnce),
            new Subscription("a/#", Qos.AtLeastOnce, Identifier: 4, RetainAsPublished: true),
            new Subscription("b", Qos.ExactlyOnce, Identifier: 5));

        Deliver("a/b", Message("1", Qos.ExactlyOnce) with { Retain = true });

        var publish = await member.Scene.ReceivePublish();
        Assert.Equal((Qos.ExactlyOnce, true), (publish.Qos, publish.Retain));
        Assert.Equal([1u, 2u, 4u], publish.Properties.SubscriptionIdentifiers.Order());
        await member.Scene.ExpectNothingButPing();
    }

    [Theory]
    [InlineData(Qos.AtMostOnce, Qos.ExactlyOnce, Qos.AtMostOnce)]
    [InlineData(Qos.ExactlyOnce, Qos.AtLeastOnce, Qos.AtLeastOnce)]
    [InlineData(Qos.AtLeastOnce, Qos.ExactlyOnce, Qos.AtLeastOnce)]
    [Trait("mqtt", "MQTT-3.8.4-8")]
    [Trait("mqtt-3.1.1", "MQTT-3.8.4-6")]
    public async Task The_lower_QoS_counts(Qos published, Qos granted, Qos expected)
    {
        var member = Join("a", new Subscription("t", granted));

        Deliver("t", Message("1", published));

        Assert.Equal(expected, (await member.Scene.ReceivePublish()).Qos);
    }

    [Theory]
    [InlineData(true, true, true)]
    [InlineData(true, false, false)]
    [InlineData(false, true, false)]
    [Trait("mqtt", "MQTT-3.3.1-12")]
    [Trait("mqtt", "MQTT-3.3.1-13")]
    public async Task The_retain_flag_is_forwarded_to_who_wants_it_as_published(bool published, bool asPublished, bool expected)
    {
        var member = Join("a", new Subscription("t", Qos.AtMostOnce, RetainAsPublished: asPublished));

        Deliver("t", Message("1") with { Retain = published });

        Assert.Equal(expected, (await member.Scene.ReceivePublish()).Retain);
    }

    [Fact]
    [Trait("mqtt", "MQTT-3.8.3-3")]
    public async Task With_no_local_a_session_does_not_hear_itself_through_that_subscription()
    {
        var deaf = Join("a", new Subscription("t", Qos.AtMostOnce, NoLocal: true, Identifier: 1));
        var both = Join("b", new Subscription("t", Qos.ExactlyOnce, NoLocal: true, Identifier: 1), new Subscription("+", Qos.AtMostOnce, Identifier: 2));

        Deliver("t", [Message("from a", Qos.AtLeastOnce)], session: "a");
        Deliver("t", [Message("from b", Qos.AtLeastOnce)], session: "b");

        Assert.Equal(["from b"], await deaf.Scene.ReceivePayloads(1));
        var publish = await both.Scene.ReceivePublish();
        Assert.Equal(("from a", Qos.AtLeastOnce), (OutboxScene.Text(publish), publish.Qos));
        publish = await both.Scene.ReceivePublish();
        Assert.Equal(("from b", Qos.AtMostOnce), (OutboxScene.Text(publish), publish.Qos));
        Assert.Equal([2u], publish.Properties.SubscriptionIdentifiers.ToArray());
        await deaf.Scene.ExpectNothingButPing();
    }

    [Fact]
    public async Task What_is_denied_is_kept_back_whatever_is_subscribed_to()
    {
        var member = Join("a", [new Subscription("#", Qos.AtMostOnce), new Subscription("secret/x", Qos.AtMostOnce)], denied: ["secret/#"]);

        Deliver("secret/x", Message("1"));
        Deliver("open", Message("2"));

        Assert.Equal(["2"], await member.Scene.ReceivePayloads(1));
    }

    [Fact]
    public async Task Of_a_durable_session_only_QoS_0_is_matched_here_and_the_rest_comes_addressed()
    {
        var member = Join("a", [new Subscription("t", Qos.AtLeastOnce)], isDurable: true);

        _deliveries.Deliver(new Delivery(
            "default",
            "publisher",
            [Message("0"), Message("1", Qos.AtLeastOnce)],
            [new Addressed("a", 1, 1, Qos.AtLeastOnce, true, [3])]));

        Assert.Equal("0", OutboxScene.Text(await member.Scene.ReceivePublish()));
        var publish = await member.Scene.ReceivePublish();
        Assert.Equal(("1", Qos.AtLeastOnce, (ushort)1, true), (OutboxScene.Text(publish), publish.Qos, publish.PacketId, publish.Retain));
        Assert.Equal([3u], publish.Properties.SubscriptionIdentifiers.ToArray());
        await member.Scene.ExpectNothingButPing();
    }

    [Fact]
    public async Task Members_of_a_share_hear_what_is_addressed_to_them_and_only_that()
    {
        var first = Join("a", new Subscription("$share/g/t", Qos.AtLeastOnce));
        var second = Join("b", new Subscription("$share/g/t", Qos.AtLeastOnce));

        _deliveries.Deliver(new Delivery(
            "default",
            "publisher",
            [Message("0"), Message("1"), Message("2")],
            [
                new Addressed("a", 0, 0, Qos.AtLeastOnce, false, []), new Addressed("gone", 1, 0, Qos.AtLeastOnce, false, []),
                new Addressed("b", 2, 0, Qos.AtMostOnce, false, []),
            ]));

        Assert.Equal(["0"], await first.Scene.ReceivePayloads(1));
        Assert.Equal(["2"], await second.Scene.ReceivePayloads(1));
        await first.Scene.ExpectNothingButPing();
    }

    [Fact]
    public async Task A_subscription_that_is_replaced_taken_back_or_gone_counts_from_the_next_delivery_on()
    {
        var member = Join("a", new Subscription("t", Qos.AtMostOnce));
        Deliver("t", Message("1", Qos.AtLeastOnce));
        Assert.Equal(Qos.AtMostOnce, (await member.Scene.ReceivePublish()).Qos);

        _deliveries.Subscribe(member.Subscriber, new Subscription("t", Qos.AtLeastOnce));
        Deliver("t", Message("2", Qos.AtLeastOnce));
        Assert.Equal(Qos.AtLeastOnce, (await member.Scene.ReceivePublish()).Qos);

        _deliveries.Unsubscribe(member.Subscriber, "t");
        _deliveries.Unsubscribe(member.Subscriber, "never");
        Deliver("t", Message("3"));
        await member.Scene.ExpectNothingButPing();

        _deliveries.Subscribe(member.Subscriber, new Subscription("t", Qos.AtMostOnce));
        _deliveries.Subscribe(member.Subscriber, new Subscription("+", Qos.AtMostOnce));
        _deliveries.Remove(member.Subscriber);
        _deliveries.Deliver(new Delivery("default", "publisher", [Message("4")], [new Addressed("a", 0, 1, Qos.AtLeastOnce, false, [])]));
        await member.Scene.ExpectNothingButPing();
    }

    [Fact]
    public async Task One_who_does_not_read_delays_nobody()
    {
        var slow = Join("slow", [new Subscription("t", Qos.AtMostOnce)], pause: 100);
        var quick = Join("quick", new Subscription("t", Qos.AtMostOnce));

        for (var i = 0; i < 1_000; i++)
        {
            Deliver("t", Message($"{i}"));
        }

        Assert.Equal(Enumerable.Range(0, 1_000).Select(i => $"{i}"), await quick.Scene.ReceivePayloads(1_000));
        Assert.Equal(Enumerable.Range(0, 1_000).Select(i => $"{i}"), await slow.Scene.ReceivePayloads(1_000));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [Trait("mqtt", "MQTT-4.7.2-1")]
    public async Task Random_subscriptions_hear_what_their_filters_match(int seed)
    {
        var random = new Random(seed);
        string[] levels = ["a", "b", "", "$x"];
        var members = Enumerable.Range(0, 20)
            .Select(i => (Member: Join($"s{i}", [], denied: random.Next(4) == 0 ? [Filter()] : []), Model: new Dictionary<string, Subscription>()))
            .ToList();

        for (var step = 0; step < 1_500; step++)
        {
            var (member, model) = members[random.Next(members.Count)];
            switch (random.Next(4))
            {
                case 0:
                    var subscription = new Subscription(Filter(), (Qos)random.Next(3), random.Next(3) == 0, random.Next(2) == 0, Identifier: (uint)random.Next(4));
                    model[subscription.Filter] = subscription;
                    _deliveries.Subscribe(member.Subscriber, subscription);
                    break;
                case 1 when model.Count > 0:
                    var filter = model.Keys.ElementAt(random.Next(model.Count));
                    model.Remove(filter);
                    _deliveries.Unsubscribe(member.Subscriber, filter);
                    break;
                default:
                    var topic = string.Join('/', Enumerable.Range(0, random.Next(2, 4)).Select(_ => levels[random.Next(levels.Length)]));
                    var message = Message($"{step}", (Qos)random.Next(3)) with { Topic = topic, Retain = random.Next(2) == 0 };
                    var publisher = $"s{random.Next(25)}";
                    _deliveries.Deliver(new Delivery("default", publisher, [message], []));
                    foreach (var (listener, subscriptions) in members)
                    {
                        await Check(listener, subscriptions.Values, message, publisher);
                    }

                    break;
            }
        }

        string Filter()
        {
            var parts = Enumerable.Range(0, random.Next(1, 4)).Select(_ => random.Next(4) == 0 ? "+" : levels[random.Next(levels.Length)]).ToList();
            if (random.Next(4) == 0)
            {
                parts[^1] = "#";
            }

            return string.Join('/', parts);
        }
    }

    private static async Task Check(Member member, IEnumerable<Subscription> subscriptions, TelemetryMessage message, string publisher)
    {
        var matching = subscriptions
            .Where(subscription => TopicFilter.Matches(subscription.Filter, message.Topic))
            .Where(subscription => !(subscription.NoLocal && member.Subscriber.Session == publisher))
            .ToList();
        if (matching.Count == 0 || member.Denied.Any(filter => TopicFilter.Matches(filter, message.Topic)))
        {
            member.Scene.ExpectNothing();
            return;
        }

        var publish = await member.Scene.ReceivePublish();
        Assert.Equal(OutboxScene.Text(publish), System.Text.Encoding.UTF8.GetString(message.Payload.Span));
        var highest = matching.Max(subscription => subscription.MaximumQos);
        Assert.Equal(message.Qos < highest ? message.Qos : highest, publish.Qos);
        Assert.Equal(message.Retain && matching.Any(subscription => subscription.RetainAsPublished), publish.Retain);
        Assert.Equal(
            matching.Select(subscription => subscription.Identifier).Where(id => id != 0).Order(),
            publish.Properties.SubscriptionIdentifiers.Order());
        member.Scene.ExpectNothing();
        if (publish.Qos == Qos.ExactlyOnce)
        {
            await member.Scene.Answer(PacketType.PubRec, publish.PacketId);
            Assert.IsType<AckPacket>(await member.Scene.Receive());
            await member.Scene.Answer(PacketType.PubComp, publish.PacketId);
        }
        else if (publish.Qos == Qos.AtLeastOnce)
        {
            await member.Scene.Answer(PacketType.PubAck, publish.PacketId);
        }
    }

    private Member Join(string session, params Subscription[] subscriptions) => Join(session, subscriptions, denied: []);

    private Member Join(string session, Subscription subscription, string tenant) => Join(session, [subscription], [], tenant: tenant);

    private Member Join(
        string session, Subscription[] subscriptions, string[]? denied = null, bool isDurable = false, string tenant = "default", long pause = 1024 * 1024)
    {
        var opened = OutboxScene.Opened(isDurable) with { Session = session, Denied = [.. denied ?? []] };
        var scene = new OutboxScene(opened: opened, pause: pause);
        var subscriber = new Subscriber(session, tenant, opened, scene.Outbox);
        _deliveries.Add(subscriber);
        foreach (var subscription in subscriptions)
        {
            _deliveries.Subscribe(subscriber, subscription);
        }

        return new Member(subscriber, scene, denied ?? []);
    }

    private static TelemetryMessage Message(string payload, Qos qos = Qos.AtMostOnce) => new()
    {
        Topic = "t",
        Device = "meter-7",
        Payload = System.Text.Encoding.UTF8.GetBytes(payload),
        At = DateTimeOffset.UnixEpoch,
        ReceivedAt = DateTimeOffset.UnixEpoch,
        Qos = qos,
    };

    private void Deliver(string topic, params TelemetryMessage[] messages) => Deliver(topic, messages, "publisher");

    private void Deliver(string topic, TelemetryMessage[] messages, string session) =>
        _deliveries.Deliver(new Delivery("default", session, [.. messages.Select(message => message with { Topic = topic })], []));

    private sealed record Member(Subscriber Subscriber, OutboxScene Scene, string[] Denied);
}
