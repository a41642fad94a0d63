using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Mqtt;

/// <summary>Section 4.3 of both versions: QoS 0, 1 and 2 on their way to the server and on.</summary>
public sealed class DeliveryTests(OpenHost host) : MqttTest(host)
{
    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt-3.1.1", "MQTT-3.3.4-1")]
    [Trait("mqtt", "MQTT-3.3.4-1")]
    public async Task A_PUBLISH_is_answered_as_its_QoS_says(MqttVersion version)
    {
        var present = await Connected("present", version);
        await present.Subscribe(T("#"));
        var device = await Raw("device", version);

        await device.Send(Message(T("a"), "0", Qos.AtMostOnce));
        await NothingMore(device);
        await device.Send(Message(T("a"), "1", Qos.AtLeastOnce, 5));
        Assert.Equal((PacketType.PubAck, 5), await NextAck(device));
        await device.Send(Message(T("a"), "2", Qos.ExactlyOnce, 6));
        Assert.Equal((PacketType.PubRec, 6), await NextAck(device));
        await device.Send(new AckPacket(PacketType.PubRel, 6));
        Assert.Equal((PacketType.PubComp, 6), await NextAck(device));
        await NothingMore(device);
        await Hears(present, "0", "1", "2");
    }

    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt-3.1.1", "MQTT-3.3.1-3")]
    [Trait("mqtt-3.1.1", "MQTT-4.3.1-1")]
    [Trait("mqtt", "MQTT-3.3.1-3")]
    [Trait("mqtt", "MQTT-4.3.1-1")]
    public async Task DUP_of_a_publisher_is_not_passed_on(MqttVersion version)
    {
        var present = await Raw("present", version);
        await Subscribe(present, T("#"));
        var lesser = await Raw("lesser", version);
        await Subscribe(lesser, T("#"), Qos.AtMostOnce);
        var device = await Raw("device", version);

        await device.Send(
            Message(T("a"), "1", Qos.AtLeastOnce, 5, dup: true),
            Message(T("a"), "2", Qos.ExactlyOnce, 6, dup: true));

        foreach (var (payload, qos) in new[] { ("1", Qos.AtLeastOnce), ("2", Qos.ExactlyOnce) })
        {
            var publish = await Next<PublishPacket>(present);
            Assert.Equal((payload, qos, false), (publish.Text(), publish.Qos, publish.Dup));
            publish = await Next<PublishPacket>(lesser);
            Assert.Equal((payload, Qos.AtMostOnce, false), (publish.Text(), publish.Qos, publish.Dup));
        }
    }

    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt-3.1.1", "MQTT-4.3.3-2")]
    [Trait("mqtt", "MQTT-4.3.2-5")]
    [Trait("mqtt", "MQTT-4.3.3-10")]
    [Trait("mqtt", "MQTT-4.3.3-12")]
    public async Task When_its_exchange_is_complete_an_identifier_stands_for_a_new_message(MqttVersion version)
    {
        var present = await Connected("present", version);
        await present.Subscribe(T("#"));
        var device = await Raw("device", version);

        foreach (var (payload, dup) in new[] { ("1", false), ("2", false), ("3", true) })
        {
            await device.Send(Message(T("a"), payload, Qos.AtLeastOnce, 5, dup));
            Assert.Equal((PacketType.PubAck, 5), await NextAck(device));
        }

        foreach (var payload in new[] { "4", "5" })
        {
            foreach (var dup in new[] { false, true, true })
            {
                await device.Send(Message(T("a"), payload, Qos.ExactlyOnce, 5, dup));
                Assert.Equal((PacketType.PubRec, 5), await NextAck(device));
            }

            await device.Send(new AckPacket(PacketType.PubRel, 5));
            Assert.Equal((PacketType.PubComp, 5), await NextAck(device));
        }

        await device.Send(Message(T("a"), "end", Qos.AtLeastOnce, 6));
        await Hears(present, "1", "2", "3", "4", "5", "end");
    }
}
