using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Mqtt;

/// <summary>Section 4.6 of both versions.</summary>
public sealed class OrderingTests(OpenHost host) : MqttTest(host)
{
    private const int Messages = 200;

    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt-3.1.1", "MQTT-4.6.0-5")]
    [Trait("mqtt-3.1.1", "MQTT-4.6.0-6")]
    [Trait("mqtt", "MQTT-4.6.0-5")]
    [Trait("mqtt", "MQTT-4.6.0-6")]
    public async Task Messages_of_one_publisher_to_one_topic_with_one_QoS_keep_their_order(MqttVersion version)
    {
        var subscribers = new[] { await Connected("clean", version), await Durable("durable", version), await Durable("away", version) };
        foreach (var subscriber in subscribers)
        {
            await subscriber.Subscribe(T("#"));
        }

        await subscribers[2].Disconnect();
        var publishers = new[] { await Connected("one", version), await Connected("two", version) };
        var all = new List<Task>();
        for (var i = 0; i < Messages; i++)
        {
            foreach (var publisher in publishers)
            {
                foreach (var topic in new[] { "a", "b" })
                {
                    all.AddRange(Enum.GetValues<Qos>().Select(qos => publisher.Publish(T(topic), $"{publisher.Id}/{i}", qos)));
                }
            }
        }

        await Task.WhenAll(all).WaitAsync(MqttClient.Patience);
        await subscribers[2].Connect(Port, cleanStart: false);
        foreach (var subscriber in subscribers)
        {
            // Of QoS 0 the one that is away is sent nothing.
            var streams = publishers.Length * 2 * (subscriber == subscribers[2] ? 2 : 3);
            await subscriber.Until(received => received.Count >= streams * Messages);
            var received = subscriber.Received.GroupBy(message => (message.Topic, message.Qos, Publisher: message.Text().Split('/')[0])).ToList();
            Assert.Equal(streams, received.Count);
            Assert.All(received, stream => Assert.Equal(
                Enumerable.Range(0, Messages).Select(i => $"{stream.Key.Publisher}/{i}"), stream.Select(message => message.Text())));
        }
    }

    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt-3.1.1", "MQTT-4.6.0-4")]
    public async Task PUBRELs_leave_in_the_order_of_the_PUBRECs(MqttVersion version)
    {
        var device = await Raw("device", version, durable: true);
        await Subscribe(device, T("#"));
        var publisher = await Connected("publisher", version);
        var publishing = Enumerable.Range(0, 50).Select(i => publisher.Publish(T("a"), $"{i}", Qos.ExactlyOnce)).ToList();
        var ids = new List<ushort>();
        while (ids.Count < publishing.Count)
        {
            ids.Add((await Next<PublishPacket>(device)).PacketId);
        }

        ids.Reverse(); // not the order in which they were sent
        foreach (var id in ids)
        {
            await device.Send(new AckPacket(PacketType.PubRec, id));
        }

        foreach (var id in ids)
        {
            Assert.Equal((PacketType.PubRel, id), await NextAck(device));
        }

        await Task.WhenAll(publishing).WaitAsync(MqttClient.Patience);
    }
}
