using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Fixtures;

namespace OrleansIoT.DeviceEdge.Tests.Sessions;

/// <summary>What nobody may send.</summary>
public sealed class RefusalTests
{
    private const string Topic = "devices/meter-7/temperature";

    public static TheoryData<string, ReasonCode> Faults => new()
    {
        { "second CONNECT", ReasonCode.ProtocolError },
        { "topic alias", ReasonCode.ProtocolError },
        { "subscription identifier", ReasonCode.ProtocolError },
        { "AUTH", ReasonCode.ProtocolError },
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
    [Trait("mqtt", "MQTT-4.13.2-1")]
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
    [InlineData("CONNACK")]
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

    private static MqttPacket Packet(string what, MqttVersion version = MqttVersion.V500) => what switch
    {
        "second CONNECT" => MqttDevice.Credentials("meter-7", "key", version),
        "topic alias" => new PublishPacket { Topic = "", Properties = new Properties { TopicAlias = 1 } },
        "subscription identifier" => new PublishPacket { Topic = Topic, Properties = new Properties { SubscriptionIdentifiers = [1] } },
        "AUTH" => new AuthPacket { Reason = ReasonCode.ReAuthenticate, Properties = new Properties { AuthenticationMethod = "x" } },
        "CONNACK" => new ConnAckPacket(),
        "PINGRESP" => PingRespPacket.Instance,
        "prolonging DISCONNECT" => new DisconnectPacket { Properties = new Properties { SessionExpiryInterval = 60 } },
        _ => throw new ArgumentException("No such packet.", nameof(what)),
    };
}
