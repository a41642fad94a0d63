using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Mqtt;

/// <summary>Section 4.9 of 5.0.</summary>
public sealed class FlowControlTests(OpenHost host) : MqttTest(host)
{
    [Fact]
    [Trait("mqtt", "MQTT-3.3.4-9")]
    [Trait("mqtt", "MQTT-3.3.4-10")]
    [Trait("mqtt", "MQTT-4.9.0-2")]
    [Trait("mqtt", "MQTT-4.9.0-3")]
    public async Task While_the_send_quota_is_used_up_only_messages_above_QoS_0_wait()
    {
        var device = await Raw("device", properties: new Properties { ReceiveMaximum = 1 });
        await Subscribe(device, T("#"));
        var publisher = await Connected("publisher");
        await Publish(publisher, T("a"), "1");
        await Publish(publisher, T("a"), "2");
        await Publish(publisher, T("a"), "free", Qos.AtMostOnce);
        var first = await Next<PublishPacket>(device);
        Assert.Equal("1", first.Text());
        Assert.Equal("free", (await Next<PublishPacket>(device)).Text());

        await NothingMore(device); // PINGREQ is answered
        await device.Send(Message($"{Own}-elsewhere", "1", Qos.AtLeastOnce, 1));
        Assert.Equal((PacketType.PubAck, 1), await NextAck(device));
        await device.Send(Message($"{Own}-elsewhere", "2", Qos.ExactlyOnce, 2));
        Assert.Equal((PacketType.PubRec, 2), await NextAck(device));
        await device.Send(new AckPacket(PacketType.PubRel, 2));
        Assert.Equal((PacketType.PubComp, 2), await NextAck(device));
        await Subscribe(device, T("b"));
        await device.Send(new UnsubscribePacket { PacketId = 3, Filters = [T("b")] });
        await Next<UnsubAckPacket>(device);

        await device.Send(new AckPacket(PacketType.PubAck, first.PacketId));
        Assert.Equal("2", (await Next<PublishPacket>(device)).Text());
    }
}
