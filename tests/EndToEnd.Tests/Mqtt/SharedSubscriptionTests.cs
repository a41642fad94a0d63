using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Mqtt;

/// <summary>Section 4.8.2 of 5.0.</summary>
public sealed class SharedSubscriptionTests(OpenHost host) : MqttTest(host)
{
    private string Shared => $"$share/g/{T("#")}";

    [Theory]
    [InlineData(Qos.AtMostOnce)]
    [InlineData(Qos.AtLeastOnce)]
    [Trait("mqtt", "MQTT-4.8.2-3")]
    public async Task A_shared_subscription_is_sent_no_more_than_its_QoS(Qos granted)
    {
        var client = await Connected("client");
        await client.Subscribe(Shared, granted);
        var publisher = await Connected("publisher");
        foreach (var qos in Enum.GetValues<Qos>())
        {
            await Publish(publisher, T("a"), $"{qos}", qos);
        }

        await client.Until(received => received.Count == 3);
        Assert.All(client.Received, message =>
            Assert.Equal(Enum.Parse<Qos>(message.Text()) < granted ? Enum.Parse<Qos>(message.Text()) : granted, message.Qos));
    }

    [Fact]
    [Trait("mqtt", "MQTT-4.8.2-4")]
    public async Task A_delivery_of_QoS_2_that_was_cut_goes_on_with_the_same_client()
    {
        var (device, publish, other, publisher) = await Begun(Qos.ExactlyOnce);
        await device.DisposeAsync();
        await End(other, publisher);

        device = await Raw("device", durable: true);
        var again = await Next<PublishPacket>(device);
        Assert.Equal((publish.PacketId, true, "begun"), (again.PacketId, again.Dup, again.Text()));
        await device.Send(new AckPacket(PacketType.PubRec, publish.PacketId));
        Assert.Equal((PacketType.PubRel, publish.PacketId), await NextAck(device));
        await device.Send(new AckPacket(PacketType.PubComp, publish.PacketId));
    }

    [Fact]
    [Trait("mqtt", "MQTT-4.8.2-5")]
    public async Task If_its_session_ends_before_the_message_goes_to_nobody_else()
    {
        var (device, _, other, publisher) = await Begun(Qos.ExactlyOnce);
        await device.DisposeAsync();

        device = await Raw("device"); // a clean start ends the session
        await End(other, publisher);
        await NothingMore(device);
    }

    [Theory]
    [InlineData(Qos.AtLeastOnce, PacketType.PubAck)]
    [InlineData(Qos.ExactlyOnce, PacketType.PubRec)]
    [Trait("mqtt", "MQTT-4.8.2-6")]
    public async Task A_message_that_its_client_refuses_goes_to_nobody_else(Qos qos, PacketType answer)
    {
        var (device, publish, other, publisher) = await Begun(qos);

        await device.Send(new AckPacket(answer, publish.PacketId, ReasonCode.QuotaExceeded));
        await NothingMore(device);
        await Leave(device);

        await End(other, publisher);
        device = await Raw("device", durable: true);
        await NothingMore(device);
    }

    /// <summary>The delivery to one member has begun, and now there is another one.</summary>
    private async Task<(MqttDevice Device, PublishPacket Publish, MqttClient Other, MqttClient Publisher)> Begun(Qos qos)
    {
        var device = await Raw("device", durable: true);
        await Subscribe(device, Shared);
        var publisher = await Connected("publisher");
        await Publish(publisher, T("a"), "begun", qos);
        var publish = await Next<PublishPacket>(device);
        var other = await Connected("other");
        await other.Subscribe(Shared);
        await other.Subscribe($"{Own}-end");
        return (device, publish, other, publisher);
    }

    /// <summary>The other member hears what is published now, and has heard nothing else.</summary>
    private async Task End(MqttClient other, MqttClient publisher)
    {
        await Publish(publisher, $"{Own}-end", "end");
        await Hears(other, "end");
    }
}
