using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Mqtt;

/// <summary>Sections 4.1 and 4.4, and the flag for a clean session of section 3.1.2.4, of both versions.</summary>
public sealed class SessionStateTests(OpenHost host) : MqttTest(host)
{
    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt-3.1.1", "MQTT-3.1.2-5")]
    [Trait("mqtt-3.1.1", "MQTT-3.1.3-2")]
    [Trait("mqtt-3.1.1", "MQTT-3.1.4-3")]
    [Trait("mqtt", "MQTT-3.1.2-5")]
    [Trait("mqtt", "MQTT-3.1.2-6")]
    [Trait("mqtt", "MQTT-3.1.3-2")]
    [Trait("mqtt", "MQTT-3.1.4-4")]
    public async Task A_session_goes_on_under_its_clients_identifier_with_what_came_meanwhile(MqttVersion version)
    {
        var client = Client("client", version, MqttClient.Forever);
        Assert.False((await client.Connect(Port, cleanStart: false)).SessionPresent);
        await client.Subscribe(T("#"));
        await client.Disconnect();
        var publisher = await Connected("publisher", version);
        await Publish(publisher, T("a"), "1", Qos.AtLeastOnce);
        await Publish(publisher, T("b"), "2", Qos.ExactlyOnce);

        var other = Client("other", version, MqttClient.Forever);
        Assert.False((await other.Connect(Port, cleanStart: false)).SessionPresent);
        Assert.True((await client.Connect(Port, cleanStart: false)).SessionPresent);
        await client.Until(received => received.Count == 2);
        await Publish(publisher, T("c"), "3");

        await Hears(client, "1", "2", "3");
        Assert.Equal([Qos.AtLeastOnce, Qos.ExactlyOnce, Qos.AtLeastOnce], client.Received.Select(message => message.Qos));
        await other.Subscribe(T("end"));
        await Publish(publisher, T("end"), "end");
        await Hears(other, "end");
    }

    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt-3.1.1", "MQTT-3.1.2-6")]
    [Trait("mqtt-3.1.1", "MQTT-3.1.4-3")]
    [Trait("mqtt-3.1.1", "MQTT-3.2.2-1")]
    [Trait("mqtt", "MQTT-3.1.2-4")]
    [Trait("mqtt", "MQTT-3.1.4-4")]
    public async Task A_clean_start_forgets_subscriptions_and_what_was_waiting(MqttVersion version)
    {
        var client = await Durable("client", version);
        await client.Subscribe(T("#"));
        await client.Disconnect();
        var publisher = await Connected("publisher", version);
        await Publish(publisher, T("a"), "forgotten");

        client.SessionExpiry = 0;
        Assert.False((await client.Connect(Port)).SessionPresent);
        await client.Subscribe(T("end"));
        await Publish(publisher, T("a"), "not subscribed to");
        await Publish(publisher, T("end"), "end");
        await Hears(client, "end");

        await client.Disconnect();
        Assert.False((await client.Connect(Port, cleanStart: false)).SessionPresent);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt-3.1.1", "MQTT-4.1.0-2")]
    [Trait("mqtt", "MQTT-4.1.0-1")]
    public async Task A_session_that_is_not_kept_lasts_as_long_as_its_connection(MqttVersion version)
    {
        var device = await Raw("device", version);
        await Subscribe(device, T("to"));
        await device.Send(Message(T("from"), "once", Qos.ExactlyOnce, 7));
        Assert.Equal((PacketType.PubRec, 7), await NextAck(device));
        var other = await Connected("other", version);
        await other.Subscribe(T("from"));
        await Publish(other, T("to"), "unanswered", Qos.ExactlyOnce);
        var unanswered = await Next<PublishPacket>(device);
        for (var i = 0; i < 300; i++)
        {
            await Publish(other, T("to"), $"{i}", Qos.AtMostOnce);
            Assert.Equal($"{i}", (await Next<PublishPacket>(device)).Text());
        }

        // Identifiers on both sides and the subscription are all still known.
        await device.Send(Message(T("from"), "once", Qos.ExactlyOnce, 7, dup: true));
        Assert.Equal((PacketType.PubRec, 7), await NextAck(device));
        await device.Send(new AckPacket(PacketType.PubRel, 7));
        Assert.Equal((PacketType.PubComp, 7), await NextAck(device));
        await device.Send(new AckPacket(PacketType.PubRec, unanswered.PacketId));
        var release = await Next<AckPacket>(device);
        Assert.Equal((PacketType.PubRel, unanswered.PacketId, ReasonCode.Success), (release.Type, release.PacketId, release.Reason));
        await Publish(other, T("from"), "end");
        await Hears(other, "end"); // "once" was delivered before the subscription
    }

    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt-3.1.1", "MQTT-2.3.1-4")]
    [Trait("mqtt-3.1.1", "MQTT-3.3.1-1")]
    [Trait("mqtt-3.1.1", "MQTT-4.3.2-1")]
    [Trait("mqtt-3.1.1", "MQTT-4.3.3-1")]
    [Trait("mqtt-3.1.1", "MQTT-4.4.0-1")]
    [Trait("mqtt-3.1.1", "MQTT-4.6.0-1")]
    [Trait("mqtt", "MQTT-3.3.1-1")]
    [Trait("mqtt", "MQTT-4.3.2-3")]
    [Trait("mqtt", "MQTT-4.3.3-3")]
    [Trait("mqtt", "MQTT-4.3.3-5")]
    [Trait("mqtt", "MQTT-4.3.3-6")]
    [Trait("mqtt", "MQTT-4.4.0-1")]
    public async Task What_is_not_acknowledged_is_sent_again_in_order_on_the_next_connection_until_it_is(MqttVersion version)
    {
        var device = await Raw("device", version, durable: true);
        await Subscribe(device, T("#"));
        var publisher = await Connected("publisher", version);
        await Publish(publisher, T("a"), "least", Qos.AtLeastOnce);
        await Publish(publisher, T("a"), "released", Qos.ExactlyOnce);
        await Publish(publisher, T("a"), "exact", Qos.ExactlyOnce);
        var first = new List<PublishPacket>();
        for (var i = 0; i < 3; i++)
        {
            first.Add(await Next<PublishPacket>(device));
        }

        Assert.Equal(["least", "released", "exact"], first.Select(message => message.Text()));
        Assert.Equal(3, first.Select(message => message.PacketId).Where(id => id != 0).Distinct().Count());
        Assert.All(first, message => Assert.False(message.Dup));
        await device.Send(new AckPacket(PacketType.PubRec, first[1].PacketId));
        Assert.Equal((PacketType.PubRel, first[1].PacketId), await NextAck(device));
        await NothingMore(device); // and in this connection nothing is repeated
        await device.DisposeAsync();

        device = await Raw("device", version, durable: true);
        var again = new List<MqttPacket?> { await device.Receive(), await device.Receive(), await device.Receive() };
        await NothingMore(device);
        var release = Assert.Single(again.OfType<AckPacket>());
        Assert.Equal((PacketType.PubRel, first[1].PacketId), (release.Type, release.PacketId));
        Assert.Equal(
            [("least", first[0].PacketId, Qos.AtLeastOnce, true), ("exact", first[2].PacketId, Qos.ExactlyOnce, true)],
            again.OfType<PublishPacket>().Select(message => (message.Text(), message.PacketId, message.Qos, message.Dup)));

        await device.Send(
            new AckPacket(PacketType.PubAck, first[0].PacketId),
            new AckPacket(PacketType.PubComp, first[1].PacketId),
            new AckPacket(PacketType.PubRec, first[2].PacketId));
        Assert.Equal((PacketType.PubRel, first[2].PacketId), await NextAck(device));
        await device.Send(new AckPacket(PacketType.PubComp, first[2].PacketId));
        await Leave(device);

        device = await Raw("device", version, durable: true);
        await NothingMore(device);
    }

    [Fact]
    [Trait("mqtt", "MQTT-4.4.0-2")]
    public async Task What_the_client_refuses_is_not_sent_again()
    {
        var device = await Raw("device", durable: true);
        await Subscribe(device, T("#"));
        var publisher = await Connected("publisher");
        await Publish(publisher, T("a"), "least", Qos.AtLeastOnce);
        await Publish(publisher, T("a"), "exact", Qos.ExactlyOnce);
        await device.Send(
            new AckPacket(PacketType.PubAck, (await Next<PublishPacket>(device)).PacketId, ReasonCode.UnspecifiedError),
            new AckPacket(PacketType.PubRec, (await Next<PublishPacket>(device)).PacketId, ReasonCode.QuotaExceeded));
        await NothingMore(device); // no PUBREL either
        await Leave(device);

        device = await Raw("device", durable: true);
        await NothingMore(device);
        await Publish(publisher, T("a"), "next", Qos.AtLeastOnce);
        Assert.Equal("next", (await Next<PublishPacket>(device)).Text());
    }
}
