using System.Buffers;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;

namespace OrleansIoT.EndToEnd.Tests.Mqtt;

/// <summary>
/// The reason strings of 5.0, which a client with a small Maximum Packet Size is not sent. UNSUBACK has one only when the
/// store fails, see the edge's own tests.
/// </summary>
public sealed class ReasonStringTests(OpenHost host) : MqttTest(host)
{
    /// <summary>CONNACK just fits in, and so does every other packet as long as it has no reason string.</summary>
    private const uint Small = 32;

    /// <summary>17 levels, one more than there may be.</summary>
    private const string TooDeep = "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17";

    [Theory]
    [InlineData(null)]
    [InlineData(Small)]
    [Trait("mqtt", "MQTT-3.2.2-19")]
    public async Task CONNACK_gives_its_reason_where_there_is_room(uint? largest)
    {
        var device = await Dial(MqttVersion.V500);
        var answer = await device.Connect(new ConnectPacket
        {
            Version = MqttVersion.V500,
            ClientId = TooLong,
            Properties = new Properties { MaximumPacketSize = largest },
        });

        Assert.Equal(ReasonCode.ClientIdentifierNotValid, answer!.Reason);
        Assert.Equal(largest is null, answer.Properties.ReasonString is not null);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(Small)]
    [Trait("mqtt", "MQTT-3.5.2-2")]
    [Trait("mqtt", "MQTT-3.9.2-1")]
    [Trait("mqtt", "MQTT-3.14.2-3")]
    public async Task PUBREC_SUBACK_and_DISCONNECT_give_their_reasons_where_there_is_room(uint? largest)
    {
        var device = await Raw("device", properties: new Properties { MaximumPacketSize = largest });

        await device.Send(Message(TooDeep, "1", Qos.ExactlyOnce, 1));
        var received = await Next<AckPacket>(device);
        Assert.Equal((PacketType.PubRec, ReasonCode.TopicNameInvalid), (received.Type, received.Reason));
        await device.Send(new SubscribePacket { PacketId = 2, Subscriptions = [new Subscription(TooDeep, Qos.AtMostOnce)] });
        var subscribed = await Next<SubAckPacket>(device);
        Assert.Equal([ReasonCode.TopicFilterInvalid], subscribed.Reasons.AsEnumerable());
        await device.Send(new ConnectPacket { Version = MqttVersion.V500 });
        var goodbye = await Next<DisconnectPacket>(device);
        Assert.Equal(ReasonCode.ProtocolError, goodbye.Reason);

        Assert.All(
            new[] { received.Properties.ReasonString, subscribed.Properties.ReasonString, goodbye.Properties.ReasonString },
            why => Assert.Equal(largest is null, why is not null));
    }

    [Fact]
    [Trait("mqtt", "MQTT-3.6.2-2")]
    [Trait("mqtt", "MQTT-3.7.2-2")]
    public async Task PUBREL_and_PUBCOMP_fit_also_where_they_are_about_nothing()
    {
        var device = await Raw("device", properties: new Properties { MaximumPacketSize = Small });

        await device.Send(new AckPacket(PacketType.PubRec, 1));
        var released = await Next<AckPacket>(device);
        await device.Send(new AckPacket(PacketType.PubRel, 1));
        var completed = await Next<AckPacket>(device);

        Assert.Equal((PacketType.PubRel, ReasonCode.PacketIdentifierNotFound), (released.Type, released.Reason));
        Assert.Equal((PacketType.PubComp, ReasonCode.PacketIdentifierNotFound), (completed.Type, completed.Reason));
        Assert.All([released, completed], ack => Assert.InRange(Size(ack), 1, (int)Small));
    }

    private static int Size(MqttPacket packet)
    {
        var bytes = new ArrayBufferWriter<byte>();
        MqttPacketWriter.Write(bytes, packet, MqttVersion.V500);
        return bytes.WrittenCount;
    }
}
