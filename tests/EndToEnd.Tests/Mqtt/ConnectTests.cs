using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Mqtt;

/// <summary>Sections 3.1, 3.2 and 3.14 of both versions.</summary>
public sealed class ConnectTests(OpenHost host) : MqttTest(host)
{
    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt-3.1.1", "MQTT-3.1.3-5")]
    [Trait("mqtt", "MQTT-3.1.3-5")]
    public async Task Client_identifiers_of_1_to_23_letters_and_digits_are_accepted(MqttVersion version)
    {
        foreach (var id in new[] { "0", "z", "Z", "0123456789abcdefghijklm", "nopqrstuvwxyzABCDEFGHIJ", "KLMNOPQRSTUVWXYZ" })
        {
            var device = await Dial(version);
            var answer = await device.Connect(new ConnectPacket { Version = version, ClientId = id });
            Assert.Equal(ReasonCode.Success, answer?.Reason);
            Assert.Null(answer!.Properties.AssignedClientIdentifier);
        }
    }

    [Fact]
    [Trait("mqtt-3.1.1", "MQTT-3.1.3-6")]
    public async Task Clients_without_an_identifier_are_clients_like_others_and_not_the_same()
    {
        var one = await Raw("", MqttVersion.V311);
        var two = await Raw("", MqttVersion.V311);
        await Subscribe(one, T("one"));
        await Subscribe(two, T("two"));

        await one.Send(Message(T("two"), "from one", Qos.AtLeastOnce, 1));
        Assert.Equal((PacketType.PubAck, 1), await NextAck(one));
        await two.Send(Message(T("one"), "from two", Qos.AtLeastOnce, 1));
        Assert.Equal("from one", (await Next<PublishPacket>(two)).Text());
        Assert.Equal((PacketType.PubAck, 1), await NextAck(two));
        Assert.Equal("from two", (await Next<PublishPacket>(one)).Text());
    }

    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt-3.1.1", "MQTT-3.1.3-9")]
    [Trait("mqtt-3.1.1", "MQTT-3.1.4-5")]
    [Trait("mqtt", "MQTT-3.1.3-8")]
    [Trait("mqtt", "MQTT-3.1.4-6")]
    [Trait("mqtt", "MQTT-4.13.2-1")]
    public async Task A_client_identifier_that_is_refused_ends_the_connection_and_what_follows_is_not_processed(MqttVersion version)
    {
        var present = await Connected("present", version);
        await present.Subscribe(T("#"));
        var device = await Dial(version);

        await device.Send(new ConnectPacket { Version = version, ClientId = TooLong }, Message(T("a"), "smuggled", Qos.AtLeastOnce, 1));

        Assert.Equal(ReasonCode.ClientIdentifierNotValid, (await Next<ConnAckPacket>(device)).Reason);
        Assert.Null(await device.Receive());
        await Publish(present, T("a"), "end");
        await Hears(present, "end");
    }

    [Fact]
    [Trait("mqtt", "MQTT-3.1.2-28")]
    [Trait("mqtt", "MQTT-3.2.0-2")]
    [Trait("mqtt", "MQTT-3.14.2-2")]
    [Trait("mqtt", "MQTT-4.12.0-6")]
    public async Task A_connection_has_one_CONNACK_and_nothing_in_it_that_was_not_asked_for()
    {
        foreach (var asked in new bool?[] { null, false })
        {
            var device = await Dial(MqttVersion.V500);
            var connect = new ConnectPacket
            {
                Version = MqttVersion.V500,
                ClientId = $"{Own}-device",
                Properties = new Properties { RequestResponseInformation = asked, SessionExpiryInterval = 100 },
            };
            var answer = await device.Connect(connect);
            Assert.Equal(
                (ReasonCode.Success, null, null), (answer!.Reason, answer.Properties.ResponseInformation, answer.Properties.AuthenticationMethod));
            await Subscribe(device, T("#"));
            await device.Send(Message(T("a"), "1", Qos.AtLeastOnce, 1));
            var answers = new[] { (await device.Receive())!.Type, (await device.Receive())!.Type };
            Assert.Equal([PacketType.Publish, PacketType.PubAck], answers.Order());

            await device.Send(connect);
            var goodbye = await Next<DisconnectPacket>(device);
            Assert.Equal((ReasonCode.ProtocolError, null), (goodbye.Reason, goodbye.Properties.SessionExpiryInterval));
            Assert.Null(await device.Receive());
        }
    }
}
