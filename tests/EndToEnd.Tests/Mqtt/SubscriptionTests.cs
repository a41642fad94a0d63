using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Mqtt;

/// <summary>Sections 3.3.4 and 3.8 to 3.11 of both versions.</summary>
public sealed class SubscriptionTests(OpenHost host) : MqttTest(host)
{
    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt-3.1.1", "MQTT-2.3.1-7")]
    [Trait("mqtt", "MQTT-2.2.1-6")]
    public async Task SUBACK_and_UNSUBACK_have_the_identifier_of_what_they_answer(MqttVersion version)
    {
        var device = await Raw("device", version);
        foreach (var id in new ushort[] { 1, ushort.MaxValue, 300 })
        {
            await device.Send(new SubscribePacket { PacketId = id, Subscriptions = [new Subscription(T($"{id}"), Qos.AtLeastOnce)] });
            Assert.Equal(id, (await Next<SubAckPacket>(device)).PacketId);
            await device.Send(new UnsubscribePacket { PacketId = (ushort)(id ^ 2), Filters = [T($"{id}")] });
            Assert.Equal((ushort)(id ^ 2), (await Next<UnsubAckPacket>(device)).PacketId);
        }
    }

    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt-3.1.1", "MQTT-3.3.2-3")]
    [Trait("mqtt-3.1.1", "MQTT-4.5.0-1")]
    [Trait("mqtt", "MQTT-3.3.2-3")]
    [Trait("mqtt", "MQTT-4.5.0-1")]
    public async Task A_message_goes_to_every_session_whose_filter_matches_and_to_no_other(MqttVersion version)
    {
        string[] topics = ["a", "a/b", "a/b/c", "b", "a//c", "A"];
        var expected = new Dictionary<string, string[]>
        {
            ["#"] = topics,
            ["a/#"] = ["a", "a/b", "a/b/c", "a//c"],
            ["+"] = ["a", "b", "A"],
            ["+/b"] = ["a/b"],
            ["a/+/c"] = ["a/b/c", "a//c"],
            ["a/b"] = ["a/b"],
            ["b/#"] = ["b"],
            ["c"] = [],
        };
        var clients = new Dictionary<string, List<MqttClient>>();
        foreach (var filter in expected.Keys)
        {
            var name = $"{clients.Count}";
            clients[filter] = [await Connected($"clean{name}", version), await Durable($"durable{name}", version), await Durable($"away{name}", version)];
            foreach (var client in clients[filter])
            {
                await client.Subscribe(T(filter));
                await client.Subscribe(T("end"));
            }

            await clients[filter][2].Disconnect();
        }

        var publisher = await Connected("publisher", version);
        foreach (var topic in topics)
        {
            await Publish(publisher, T(topic), "x", Qos.ExactlyOnce);
        }

        await Publish(publisher, T("end"), "end", Qos.ExactlyOnce);
        foreach (var (filter, hearers) in clients)
        {
            await hearers[2].Connect(Port, cleanStart: false);
            foreach (var client in hearers)
            {
                await client.Until(received => received.Any(message => message.Text() == "end"));
                Assert.Equal(expected[filter].Select(T), client.Received.Where(message => message.Text() == "x").Select(message => message.Topic));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt-3.1.1", "MQTT-3.3.5-1")]
    [Trait("mqtt-3.1.1", "MQTT-3.8.4-6")]
    [Trait("mqtt", "MQTT-3.3.4-2")]
    [Trait("mqtt", "MQTT-3.8.4-8")]
    public async Task A_message_comes_with_the_lesser_of_its_QoS_and_the_greatest_that_was_granted(MqttVersion version)
    {
        var client = await Connected("client", version);
        await client.Subscribe(T("#"), Qos.AtMostOnce);
        await client.Subscribe(T("least/+"), Qos.AtLeastOnce);
        await client.Subscribe(T("+/x"), Qos.ExactlyOnce);
        var publisher = await Connected("publisher", version);
        foreach (var qos in Enum.GetValues<Qos>())
        {
            foreach (var topic in new[] { "a", "least/a", "least/x" })
            {
                await Publish(publisher, T(topic), $"{topic} {qos}", qos);
            }
        }

        await Publish(publisher, T("end"), "end");
        await client.Until(received => received.Any(message => message.Text() == "end"));

        Assert.Equal(
            [
                ("a AtLeastOnce", Qos.AtMostOnce), ("a AtMostOnce", Qos.AtMostOnce), ("a ExactlyOnce", Qos.AtMostOnce), ("end", Qos.AtMostOnce),
                ("least/a AtLeastOnce", Qos.AtLeastOnce), ("least/a AtMostOnce", Qos.AtMostOnce), ("least/a ExactlyOnce", Qos.AtLeastOnce),
                ("least/x AtLeastOnce", Qos.AtLeastOnce), ("least/x AtMostOnce", Qos.AtMostOnce), ("least/x ExactlyOnce", Qos.ExactlyOnce),
            ],
            client.Received.Select(message => (message.Text(), message.Qos)).Distinct().OrderBy(message => message.Item1, StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt-3.1.1", "MQTT-3.10.4-2")]
    [Trait("mqtt-3.1.1", "MQTT-3.10.4-3")]
    [Trait("mqtt", "MQTT-3.10.4-2")]
    [Trait("mqtt", "MQTT-3.10.4-3")]
    public async Task A_subscription_that_ends_completes_the_deliveries_that_it_has_begun(MqttVersion version)
    {
        var device = await Raw("device", version, durable: true);
        await Subscribe(device, T("#"));
        var publisher = await Connected("publisher", version);
        await Publish(publisher, T("a"), "least", Qos.AtLeastOnce);
        await Publish(publisher, T("a"), "exact", Qos.ExactlyOnce);
        var least = await Next<PublishPacket>(device);
        var exact = await Next<PublishPacket>(device);

        await device.Send(new UnsubscribePacket { PacketId = 1, Filters = [T("#")] });
        await Next<UnsubAckPacket>(device);
        await Publish(publisher, T("a"), "new", Qos.AtLeastOnce);
        await NothingMore(device);
        await device.DisposeAsync();

        device = await Raw("device", version, durable: true);
        Assert.Equal((least.PacketId, true), await NextDup(device));
        Assert.Equal((exact.PacketId, true), await NextDup(device));
        await device.Send(new AckPacket(PacketType.PubAck, least.PacketId), new AckPacket(PacketType.PubRec, exact.PacketId));
        Assert.Equal((PacketType.PubRel, exact.PacketId), await NextAck(device));
        await device.Send(new AckPacket(PacketType.PubComp, exact.PacketId));
        await NothingMore(device);

        static async Task<(ushort, bool)> NextDup(MqttDevice device)
        {
            var publish = await Next<PublishPacket>(device);
            return (publish.PacketId, publish.Dup);
        }
    }
}
