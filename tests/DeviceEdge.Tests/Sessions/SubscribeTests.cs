using System.Collections.Immutable;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Failures;
using OrleansIoT.Fixtures;
using OrleansIoT.Telemetry;

namespace OrleansIoT.DeviceEdge.Tests.Sessions;

public sealed class SubscribeTests
{
    public static TheoryData<MqttVersion> Versions => [.. Enum.GetValues<MqttVersion>()];

    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt", "MQTT-3.8.4-1")]
    [Trait("mqtt", "MQTT-3.8.4-2")]
    [Trait("mqtt", "MQTT-3.8.4-6")]
    [Trait("mqtt", "MQTT-3.8.4-7")]
    [Trait("mqtt", "MQTT-3.9.3-1")]
    [Trait("mqtt-3.1.1", "MQTT-3.8.4-1")]
    [Trait("mqtt-3.1.1", "MQTT-3.8.4-2")]
    [Trait("mqtt-3.1.1", "MQTT-3.8.4-4")]
    [Trait("mqtt-3.1.1", "MQTT-3.8.4-5")]
    [Trait("mqtt-3.1.1", "MQTT-3.9.3-1")]
    [Trait("mqtt", "MQTT-3.8.4-5")]
    public async Task A_subscription_is_granted_as_asked_for_filter_by_filter_in_order(MqttVersion version)
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect(version);

        var answer = await Subscribe(device, new("a", Qos.AtMostOnce), new("b/#", Qos.ExactlyOnce), new("+/c", Qos.AtLeastOnce));

        Assert.Equal([ReasonCode.Success, ReasonCode.GrantedQos2, ReasonCode.GrantedQos1], answer.Reasons.AsEnumerable());
    }

    [Fact]
    public async Task Options_and_identifier_go_to_the_grain_as_they_were_asked_for()
    {
        await using var edge = await TestEdge.Start();
        var asked = new List<Subscription>();
        edge.Device.OnSubscribe = subscriptions =>
        {
            asked.AddRange(subscriptions);
            return Task.FromResult(new SubscribeResult([.. subscriptions.Select(_ => new SubscribeOutcome(null, null, false))], 0));
        };
        await using var device = await edge.Connect();

        await device.Send(new SubscribePacket
        {
            PacketId = 1,
            Subscriptions = [new("a", Qos.AtLeastOnce, NoLocal: true, RetainAsPublished: true, RetainHandling.SendIfNew)],
            Properties = new Properties { SubscriptionIdentifiers = [42] },
        });
        await device.Receive();

        Assert.Equal([new Subscription("a", Qos.AtLeastOnce, true, true, RetainHandling.SendIfNew, 42)], asked);
    }

    [Theory]
    [InlineData(Failure.Forbidden, ReasonCode.NotAuthorized)]
    [InlineData(Failure.TooMany, ReasonCode.QuotaExceeded)]
    [InlineData(Failure.Unavailable, ReasonCode.ImplementationSpecificError)]
    [Trait("mqtt", "MQTT-3.9.3-2")]
    [Trait("mqtt-3.1.1", "MQTT-3.9.3-2")]
    public async Task A_refused_subscription_has_its_reason_and_the_others_count(Failure failure, ReasonCode reason)
    {
        await using var edge = await TestEdge.Start();
        edge.Device.OnSubscribe = subscriptions => Task.FromResult(new SubscribeResult(
            [.. subscriptions.Select(subscription => new SubscribeOutcome(subscription.Filter == "mine" ? null : failure, "No.", false))], 0));
        await using var modern = await edge.Connect();
        await using var old = await MqttDevice.Connect(edge.Port, "meter-7", "key", MqttVersion.V311);

        var told = await Subscribe(modern, new("theirs", Qos.AtLeastOnce), new("mine", Qos.AtLeastOnce));
        var untold = await Subscribe(old, new("theirs", Qos.AtLeastOnce), new("mine", Qos.AtLeastOnce));

        Assert.Equal([reason, ReasonCode.GrantedQos1], told.Reasons.AsEnumerable());
        Assert.Equal("No.", told.Properties.ReasonString);
        Assert.Equal([ReasonCode.UnspecifiedError, ReasonCode.GrantedQos1], untold.Reasons.AsEnumerable());
        await Deliver(edge, modern, "theirs", "1", isHeard: false);
        await Deliver(edge, modern, "mine", "2", isHeard: true);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task When_the_whole_call_is_refused_nothing_is_subscribed_and_the_connection_lives_on(MqttVersion version)
    {
        await using var edge = await TestEdge.Start();
        edge.Device.OnSubscribe = _ => Task.FromException<SubscribeResult>(new FailureException(Failure.Unavailable, "The disk is full."));
        await using var device = await edge.Connect(version);

        var answer = await Subscribe(device, new Subscription("mine", Qos.AtLeastOnce));

        Assert.Equal([version == MqttVersion.V311 ? ReasonCode.UnspecifiedError : ReasonCode.ImplementationSpecificError], answer.Reasons.AsEnumerable());
        await Deliver(edge, device, "mine", "1", isHeard: false);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task When_it_is_not_known_whether_it_counts_it_is_not_answered_and_the_connection_ends(MqttVersion version)
    {
        await using var edge = await TestEdge.Start();
        edge.Device.OnSubscribe = _ => Task.FromException<SubscribeResult>(new TimeoutException());
        await using var device = await edge.Connect(version);

        await device.Send(new SubscribePacket { PacketId = 1, Subscriptions = [new("mine", Qos.AtLeastOnce)] });

        if (version == MqttVersion.V500)
        {
            Assert.Equal(ReasonCode.ImplementationSpecificError, ((DisconnectPacket?)await device.Receive())!.Reason);
        }

        Assert.Null(await device.Receive());
    }

    [Fact]
    public async Task Nothing_is_missed_between_the_grains_answer_and_the_suback()
    {
        await using var edge = await TestEdge.Start();
        edge.Device.OnSubscribe = async subscriptions =>
        {
            await edge.Device.Connected!.Edge.Deliver([Delivery("mine", "1")], 0);
            return new SubscribeResult([.. subscriptions.Select(_ => new SubscribeOutcome(null, null, false))], 0);
        };
        await using var device = await edge.Connect();

        await device.Send(new SubscribePacket { PacketId = 1, Subscriptions = [new("mine", Qos.AtMostOnce)] });

        var packets = new[] { await device.Receive(), await device.Receive() };
        Assert.Single(packets.OfType<PublishPacket>());
        Assert.Single(packets.OfType<SubAckPacket>());
    }

    [Fact]
    public async Task Who_unsubscribes_before_the_retained_messages_are_fetched_stays_connected()
    {
        await using var edge = await TestEdge.Start();
        edge.Device.OnSubscribe = subscriptions => Task.FromResult(
            new SubscribeResult([.. subscriptions.Select(_ => new SubscribeOutcome(null, null, SendsRetained: true))], 0));
        edge.Device.OnRetained = () => throw new FailureException(Failure.Forbidden, "The session does not subscribe to this filter.");
        await using var device = await edge.Connect();
        await Subscribe(device, new Subscription("hers", Qos.AtLeastOnce));

        edge.Device.OnRetained = () => Task.CompletedTask;
        edge.Device.RetainedByFilter["mine"] = [Message("mine", "kept") with { Retain = true }];
        await Subscribe(device, new Subscription("mine", Qos.AtLeastOnce));

        Assert.Equal("mine", Assert.IsType<PublishPacket>(await device.Receive()).Topic);
    }

    [Fact]
    public async Task Retained_messages_follow_when_the_grain_says_so()
    {
        await using var edge = await TestEdge.Start();
        edge.Device.RetainedByFilter["mine"] = [Message("mine", "kept") with { Retain = true }];
        edge.Device.OnSubscribe = subscriptions => Task.FromResult(
            new SubscribeResult([.. subscriptions.Select(_ => new SubscribeOutcome(null, null, SendsRetained: true))], 0));
        await using var device = await edge.Connect();

        await Subscribe(device, new Subscription("mine", Qos.AtMostOnce));

        var message = Assert.IsType<PublishPacket>(await device.Receive());
        Assert.True(message.Retain);
        Assert.Equal("kept"u8.ToArray(), message.Payload.ToArray());
    }

    [Fact]
    public async Task A_refused_replacement_leaves_the_subscription_as_it_was()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect();
        await Subscribe(device, new Subscription("mine", Qos.AtMostOnce));
        edge.Device.OnSubscribe = _ => Task.FromException<SubscribeResult>(new FailureException(Failure.Unavailable, "The disk is full."));

        await Subscribe(device, new Subscription("mine", Qos.AtLeastOnce));

        await Deliver(edge, device, "mine", "1", isHeard: true);
    }

    [Fact]
    public async Task The_subscriptions_of_a_session_that_was_there_count_at_once()
    {
        await using var edge = await TestEdge.Start();
        edge.Device.Session = edge.Device.Session with { IsPresent = true, IsDurable = true, Subscriptions = [new("mine", Qos.AtMostOnce)] };
        await using var device = await edge.Connect();

        await Deliver(edge, device, "mine", "1", isHeard: true);
    }

    [Theory]
    [InlineData("$share/group/mine")]
    [Trait("mqtt", "MQTT-4.8.2-1")]
    public async Task A_shared_subscription_goes_to_the_grain_as_it_is_in_both_versions(string filter)
    {
        await using var edge = await TestEdge.Start();
        var asked = new List<string>();
        edge.Device.OnSubscribe = subscriptions =>
        {
            asked.AddRange(subscriptions.Select(subscription => subscription.Filter));
            return Task.FromResult(new SubscribeResult([.. subscriptions.Select(_ => new SubscribeOutcome(null, null, false))], 0));
        };

        foreach (var version in Enum.GetValues<MqttVersion>())
        {
            await using var device = await edge.Connect(version);
            Assert.Equal([ReasonCode.GrantedQos1], (await Subscribe(device, new Subscription(filter, Qos.AtLeastOnce))).Reasons.AsEnumerable());
        }

        Assert.Equal([filter, filter], asked);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt", "MQTT-3.10.4-1")]
    [Trait("mqtt", "MQTT-3.10.4-2")]
    [Trait("mqtt", "MQTT-3.10.4-4")]
    [Trait("mqtt", "MQTT-3.10.4-5")]
    [Trait("mqtt", "MQTT-3.10.4-6")]
    [Trait("mqtt", "MQTT-3.11.3-1")]
    [Trait("mqtt-3.1.1", "MQTT-3.10.4-1")]
    [Trait("mqtt-3.1.1", "MQTT-3.10.4-2")]
    [Trait("mqtt-3.1.1", "MQTT-3.10.4-4")]
    [Trait("mqtt-3.1.1", "MQTT-3.10.4-5")]
    [Trait("mqtt-3.1.1", "MQTT-3.10.4-6")]
    public async Task What_is_unsubscribed_is_heard_no_more(MqttVersion version)
    {
        await using var edge = await TestEdge.Start();
        edge.Device.OnUnsubscribe = filters => Task.FromResult(ImmutableArray.CreateRange(filters.Select(filter => filter == "mine")));
        await using var device = await edge.Connect(version);
        await Subscribe(device, new Subscription("mine", Qos.AtMostOnce));
        await Deliver(edge, device, "mine", "1", isHeard: true);

        await device.Send(new UnsubscribePacket { PacketId = 9, Filters = ["never", "mine"] });
        var answer = Assert.IsType<UnsubAckPacket>(await device.Receive());

        Assert.Equal(9, answer.PacketId);
        if (version == MqttVersion.V500)
        {
            Assert.Equal([ReasonCode.NoSubscriptionExisted, ReasonCode.Success], answer.Reasons.AsEnumerable());
        }

        await Deliver(edge, device, "mine", "2", isHeard: false);
    }

    [Fact]
    public async Task What_could_not_be_unsubscribed_is_still_heard()
    {
        await using var edge = await TestEdge.Start();
        edge.Device.OnUnsubscribe = _ => Task.FromException<ImmutableArray<bool>>(new FailureException(Failure.Unavailable, "The disk is full."));
        await using var device = await edge.Connect();
        await Subscribe(device, new Subscription("mine", Qos.AtMostOnce));

        await device.Send(new UnsubscribePacket { PacketId = 9, Filters = ["mine"] });

        Assert.Equal([ReasonCode.ImplementationSpecificError], ((UnsubAckPacket?)await device.Receive())!.Reasons.AsEnumerable());
        await Deliver(edge, device, "mine", "1", isHeard: true);
    }

    [Theory]
    [InlineData(40, null)]
    [InlineData(60, "The whole disk of the server is full.")]
    [Trait("mqtt", "MQTT-3.11.2-1")]
    public async Task A_reason_that_does_not_fit_into_an_UNSUBACK_is_left_out(uint largest, string? told)
    {
        await using var edge = await TestEdge.Start();
        edge.Device.OnUnsubscribe = _ =>
            Task.FromException<ImmutableArray<bool>>(new FailureException(Failure.Unavailable, "The whole disk of the server is full."));
        await using var device = await edge.Dial();
        await device.Connect(new ConnectPacket
        {
            Version = MqttVersion.V500,
            ClientId = "c",
            UserName = "meter-7",
            Password = "key"u8.ToArray(),
            Properties = new Properties { MaximumPacketSize = largest },
        });

        await device.Send(new UnsubscribePacket { PacketId = 9, Filters = ["mine"] });

        var answer = (UnsubAckPacket?)await device.Receive();
        Assert.Equal([ReasonCode.ImplementationSpecificError], answer!.Reasons.AsEnumerable());
        Assert.Equal(told, answer.Properties.ReasonString);
    }

    [Fact]
    public async Task Another_tenants_message_of_the_same_topic_is_not_heard()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect();
        await Subscribe(device, new Subscription("#", Qos.AtMostOnce));

        await edge.Device.Connected!.Edge.Deliver([Delivery("mine", "1") with { Tenant = "other" }], 0);
        await device.Send(PingReqPacket.Instance);

        Assert.Equal(PacketType.PingResp, (await device.Receive())!.Type);
    }

    private static async Task<SubAckPacket> Subscribe(MqttDevice device, params Subscription[] subscriptions)
    {
        await device.Send(new SubscribePacket { PacketId = 9, Subscriptions = [.. subscriptions] });
        var answer = Assert.IsType<SubAckPacket>(await device.Receive());
        Assert.Equal(9, answer.PacketId);
        return answer;
    }

    private static async Task Deliver(TestEdge edge, MqttDevice device, string topic, string payload, bool isHeard)
    {
        await edge.Device.Connected!.Edge.Deliver([Delivery(topic, payload)], 0);
        if (isHeard)
        {
            Assert.Equal(topic, Assert.IsType<PublishPacket>(await device.Receive()).Topic);
        }

        await device.Send(PingReqPacket.Instance);
        Assert.Equal(PacketType.PingResp, (await device.Receive())!.Type);
    }

    private static Delivery Delivery(string topic, string payload) => new("default", "other/c", [Message(topic, payload)], []);

    private static TelemetryMessage Message(string topic, string payload) => new()
    {
        Topic = topic,
        Device = "other",
        Payload = System.Text.Encoding.UTF8.GetBytes(payload),
        At = DateTimeOffset.UnixEpoch,
        ReceivedAt = DateTimeOffset.UnixEpoch,
    };
}
