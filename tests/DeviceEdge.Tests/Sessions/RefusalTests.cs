using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Fixtures;

namespace OrleansIoT.DeviceEdge.Tests.Sessions;

/// <summary>What this edge does not offer, and what nobody may send.</summary>
public sealed class RefusalTests
{
    private const string Topic = "devices/meter-7/temperature";

    [Theory]
    [InlineData(MqttVersion.V311, ReasonCode.UnspecifiedError)]
    [InlineData(MqttVersion.V500, ReasonCode.ImplementationSpecificError)]
    [Trait("mqtt", "MQTT-2.2.1-6")]
    [Trait("mqtt", "MQTT-3.8.4-1")]
    [Trait("mqtt", "MQTT-3.8.4-2")]
    [Trait("mqtt", "MQTT-3.8.4-6")]
    [Trait("mqtt-3.1.1", "MQTT-2.3.1-7")]
    [Trait("mqtt-3.1.1", "MQTT-3.8.4-1")]
    [Trait("mqtt-3.1.1", "MQTT-3.8.4-2")]
    [Trait("mqtt-3.1.1", "MQTT-3.8.4-5")]
    public async Task A_subscription_is_refused_filter_by_filter_and_the_connection_lives_on(MqttVersion version, ReasonCode reason)
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect(version);

        await device.Send(new SubscribePacket { PacketId = 9, Subscriptions = [new("a", Qos.AtMostOnce), new("b/#", Qos.AtLeastOnce)] });

        var answer = (SubAckPacket?)await device.Receive();
        Assert.Equal(9, answer!.PacketId);
        Assert.Equal([reason, reason], answer.Reasons.AsEnumerable());
        Assert.Equal(ReasonCode.Success, await device.Publish(Topic, "1"));
    }

    [Fact]
    [Trait("mqtt", "MQTT-2.2.1-6")]
    [Trait("mqtt", "MQTT-3.10.4-4")]
    [Trait("mqtt", "MQTT-3.10.4-5")]
    public async Task There_is_no_subscription_to_end()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect();

        await device.Send(new UnsubscribePacket { PacketId = 9, Filters = ["a", "b/#"] });

        var answer = (UnsubAckPacket?)await device.Receive();
        Assert.Equal(9, answer!.PacketId);
        Assert.Equal([ReasonCode.NoSubscriptionExisted, ReasonCode.NoSubscriptionExisted], answer.Reasons.AsEnumerable());
    }

    public static TheoryData<string, ReasonCode> Faults => new()
    {
        { "second CONNECT", ReasonCode.ProtocolError },
        { "QoS 2", ReasonCode.QosNotSupported },
        { "retained", ReasonCode.RetainNotSupported },
        { "topic alias", ReasonCode.TopicAliasInvalid },
        { "subscription identifier", ReasonCode.ProtocolError },
        { "AUTH", ReasonCode.ProtocolError },
        { "PUBACK", ReasonCode.ProtocolError },
        { "CONNACK", ReasonCode.ProtocolError },
        { "PINGRESP", ReasonCode.ProtocolError },
        { "prolonging DISCONNECT", ReasonCode.ProtocolError },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    [Trait("mqtt", "MQTT-3.1.0-2")]
    [Trait("mqtt", "MQTT-3.3.4-6")]
    [Trait("mqtt", "MQTT-3.14.4-1")]
    [Trait("mqtt", "MQTT-3.14.4-2")]
    [Trait("mqtt", "MQTT-4.13.1-1")]
    public async Task What_may_not_be_sent_ends_a_connection_of_5_0_with_its_reason(string what, ReasonCode reason)
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect();

        await device.Send(device.Message(Topic, "1"), Packet(what), device.Message(Topic, "never read"));

        Assert.Equal(PacketType.PubAck, (await device.Receive())!.Type); // what came before it counts
        var goodbye = (DisconnectPacket?)await device.Receive();
        Assert.Equal(reason, goodbye!.Reason);
        Assert.NotNull(goodbye.Properties.ReasonString);
        Assert.Null(await device.Receive());
        Assert.Equal(["1"], (await edge.Device.NextPublish()).Payloads);
        Assert.Equal(0, edge.Device.Waiting);
        Assert.Single(edge.Log);
    }

    [Theory]
    [InlineData("QoS 2")]
    [InlineData("second CONNECT")]
    [Trait("mqtt-3.1.1", "MQTT-3.1.0-2")]
    [Trait("mqtt-3.1.1", "MQTT-4.8.0-1")]
    public async Task In_3_1_1_it_is_closed_without_a_word(string what)
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect(MqttVersion.V311);

        await device.Send(device.Message(Topic, "1"), Packet(what, MqttVersion.V311));

        Assert.Equal(PacketType.PubAck, (await device.Receive())!.Type);
        Assert.Null(await device.Receive());
    }

    [Fact]
    public async Task In_3_1_1_a_retained_message_is_a_reading_like_any_other()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect(MqttVersion.V311);

        await device.Send(new PublishPacket { Topic = Topic, Payload = "1"u8.ToArray(), Qos = Qos.AtLeastOnce, PacketId = 1, Retain = true });

        Assert.Equal(PacketType.PubAck, (await device.Receive())!.Type);
        Assert.Equal(["1"], (await edge.Device.NextPublish()).Payloads);
    }

    [Theory]
    [InlineData("30FFFFFF7F", ReasonCode.PacketTooLarge)]
    [InlineData("3080808080", ReasonCode.MalformedPacket)]
    [InlineData("3004000161FF", ReasonCode.MalformedPacket)]
    [InlineData("F1", ReasonCode.MalformedPacket)]
    [InlineData("300400012B00", ReasonCode.TopicNameInvalid)]
    [InlineData("3206000161000000", ReasonCode.ProtocolError)]
    [Trait("mqtt", "MQTT-4.13.1-1")]
    public async Task What_is_not_a_packet_ends_the_connection_with_its_reason(string hex, ReasonCode reason)
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect();

        await device.SendRaw(Convert.FromHexString(hex));

        Assert.Equal(reason, ((DisconnectPacket?)await device.Receive())!.Reason);
        Assert.Null(await device.Receive());
    }

    [Fact]
    public async Task An_identifier_that_was_never_received_is_not_there_to_be_released()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect();

        await device.Send(new AckPacket(PacketType.PubRel, 5));

        var answer = (AckPacket?)await device.Receive();
        Assert.Equal((PacketType.PubComp, (ushort)5, ReasonCode.PacketIdentifierNotFound), (answer!.Type, answer.PacketId, answer.Reason));
    }

    private static MqttPacket Packet(string what, MqttVersion version = MqttVersion.V500) => what switch
    {
        "second CONNECT" => MqttDevice.Credentials("meter-7", "key", version),
        "QoS 2" => new PublishPacket { Topic = Topic, Qos = Qos.ExactlyOnce, PacketId = 2 },
        "retained" => new PublishPacket { Topic = Topic, Retain = true },
        "topic alias" => new PublishPacket { Topic = Topic, Properties = new Properties { TopicAlias = 1 } },
        "subscription identifier" => new PublishPacket { Topic = Topic, Properties = new Properties { SubscriptionIdentifiers = [1] } },
        "AUTH" => new AuthPacket { Reason = ReasonCode.ReAuthenticate, Properties = new Properties { AuthenticationMethod = "x" } },
        "PUBACK" => new AckPacket(PacketType.PubAck, 1),
        "CONNACK" => new ConnAckPacket(),
        "PINGRESP" => PingRespPacket.Instance,
        "prolonging DISCONNECT" => new DisconnectPacket { Properties = new Properties { SessionExpiryInterval = 60 } },
        _ => throw new ArgumentException("No such packet.", nameof(what)),
    };
}
