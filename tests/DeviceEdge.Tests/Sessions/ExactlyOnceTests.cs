using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Fixtures;

namespace OrleansIoT.DeviceEdge.Tests.Sessions;

/// <summary>QoS 2 from the client to the server.</summary>
public sealed class ExactlyOnceTests
{
    private const string Topic = "devices/meter-7/temperature";

    public static TheoryData<MqttVersion> Versions => [.. Enum.GetValues<MqttVersion>()];

    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt", "MQTT-4.3.3-8")]
    [Trait("mqtt", "MQTT-4.3.3-11")]
    [Trait("mqtt-3.1.1", "MQTT-4.3.3-2")]
    public async Task A_pubrec_leaves_when_the_message_is_durable_and_a_pubcomp_when_the_release_is(MqttVersion version)
    {
        await using var edge = await TestEdge.Start();
        edge.Device.ByHand = true;
        edge.Device.Session = edge.Device.Session with { IsDurable = true };
        await using var device = await edge.Connect(version);

        await device.Send(Message(7, "1"), PingReqPacket.Instance);
        var publish = await edge.Device.NextPublish();
        Assert.Equal(PacketType.PingResp, (await device.Receive())!.Type); // and no PUBREC before it
        publish.Complete();
        await IsAnswered(device, PacketType.PubRec, 7);

        await device.Send(new AckPacket(PacketType.PubRel, 7), PingReqPacket.Instance);
        var release = await edge.Device.NextRelease();
        Assert.Equal(PacketType.PingResp, (await device.Receive())!.Type);
        release.Complete();
        await IsAnswered(device, PacketType.PubComp, 7);

        Assert.Equal((Qos.ExactlyOnce, (ushort)7), (publish.Messages[0].Qos, publish.Messages[0].PacketId));
        Assert.Equal([7], release.Ids.Select(id => (int)id));
    }

    [Fact]
    public async Task A_session_that_ends_with_its_connection_releases_without_its_grain()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect();

        await device.Send(Message(7, "1"));
        await IsAnswered(device, PacketType.PubRec, 7);
        await device.Send(new AckPacket(PacketType.PubRel, 7));
        await IsAnswered(device, PacketType.PubComp, 7);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt", "MQTT-4.3.3-10")]
    [Trait("mqtt-3.1.1", "MQTT-4.3.3-2")]
    public async Task A_message_that_comes_again_before_its_release_is_answered_and_not_stored_again(MqttVersion version)
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect(version);

        await device.Send(Message(7, "1"));
        await IsAnswered(device, PacketType.PubRec, 7);
        await device.Send(Message(7, "1", dup: true));
        await IsAnswered(device, PacketType.PubRec, 7);
        await device.Send(new AckPacket(PacketType.PubRel, 7));
        await IsAnswered(device, PacketType.PubComp, 7);
        await device.Send(Message(7, "2")); // the identifier is free: another message [MQTT-4.3.3-12]
        await IsAnswered(device, PacketType.PubRec, 7);

        Assert.Equal(["1"], (await edge.Device.NextPublish()).Payloads);
        Assert.Equal(["2"], (await edge.Device.NextPublish()).Payloads);
        Assert.Equal(0, edge.Device.Waiting);
    }

    [Fact]
    [Trait("mqtt", "MQTT-4.1.0-2")]
    [Trait("mqtt-3.1.1", "MQTT-4.1.0-1")]
    public async Task What_an_earlier_connection_received_is_known_to_the_next_one()
    {
        await using var edge = await TestEdge.Start();
        edge.Device.Session = edge.Device.Session with { IsPresent = true, IsDurable = true, Received = [3, 4] };
        await using var device = await edge.Connect();

        await device.Send(Message(3, "1", dup: true));
        await IsAnswered(device, PacketType.PubRec, 3);
        await device.Send(new AckPacket(PacketType.PubRel, 3), new AckPacket(PacketType.PubRel, 4));
        await IsAnswered(device, PacketType.PubComp, 3);
        await IsAnswered(device, PacketType.PubComp, 4);

        Assert.Equal(0, edge.Device.Waiting);
    }

    [Fact]
    [Trait("mqtt", "MQTT-4.6.0-2")]
    [Trait("mqtt", "MQTT-4.6.0-3")]
    [Trait("mqtt-3.1.1", "MQTT-4.6.0-2")]
    [Trait("mqtt-3.1.1", "MQTT-4.6.0-3")]
    public async Task Pubacks_and_pubrecs_leave_in_the_order_of_their_messages()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect();

        await device.Send([.. Enumerable.Range(1, 100).Select(i => Message((ushort)i, $"{i}", qos: i % 3 == 0 ? Qos.AtLeastOnce : Qos.ExactlyOnce))]);

        for (ushort id = 1; id <= 100; id++)
        {
            await IsAnswered(device, id % 3 == 0 ? PacketType.PubAck : PacketType.PubRec, id);
        }
    }

    [Fact]
    public async Task Releases_that_come_while_one_is_under_way_go_together_and_are_answered_in_order()
    {
        await using var edge = await TestEdge.Start();
        edge.Device.Session = edge.Device.Session with { IsPresent = true, IsDurable = true, Received = [.. Enumerable.Range(1, 100).Select(i => (ushort)i)] };
        edge.Device.ByHand = true;
        await using var device = await edge.Connect();

        await device.Send(new AckPacket(PacketType.PubRel, 1));
        var first = await edge.Device.NextRelease();
        await device.Send([.. Enumerable.Range(2, 99).Select(i => new AckPacket(PacketType.PubRel, (ushort)i)), PingReqPacket.Instance]);
        await device.Receive();
        first.Complete();
        var second = await edge.Device.NextRelease();
        second.Complete();

        Assert.Equal(Enumerable.Range(2, 99), second.Ids.Select(id => (int)id));
        for (ushort id = 1; id <= 100; id++)
        {
            await IsAnswered(device, PacketType.PubComp, id);
        }
    }

    [Theory]
    [InlineData(MqttVersion.V311, ReasonCode.Success)]
    [InlineData(MqttVersion.V500, ReasonCode.PacketIdentifierNotFound)]
    [Trait("mqtt", "MQTT-4.3.3-11")]
    public async Task What_was_never_received_is_released_all_the_same(MqttVersion version, ReasonCode reason)
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect(version);

        await device.Send(new AckPacket(PacketType.PubRel, 5));

        await IsAnswered(device, PacketType.PubComp, 5, reason);
    }

    [Fact]
    [Trait("mqtt", "MQTT-4.3.3-9")]
    public async Task A_refused_message_frees_its_identifier_in_5_0()
    {
        await using var edge = await TestEdge.Start(options => options.ReceiveMaximum = 1);
        edge.Device.ByHand = true;
        await using var device = await edge.Connect();

        await device.Send(Message(7, "1"));
        (await edge.Device.NextPublish()).Refuse(new PublishFailure(0, Failure.Forbidden, "Not yours."));
        await IsAnswered(device, PacketType.PubRec, 7, ReasonCode.NotAuthorized);
        await device.Send(Message(7, "2"));
        (await edge.Device.NextPublish()).Complete();
        await IsAnswered(device, PacketType.PubRec, 7);
    }

    [Fact]
    public async Task A_refused_message_ends_a_connection_of_3_1_1()
    {
        await using var edge = await TestEdge.Start();
        edge.Device.ByHand = true;
        await using var device = await edge.Connect(MqttVersion.V311);

        await device.Send(Message(7, "1"));
        (await edge.Device.NextPublish()).Refuse(new PublishFailure(0, Failure.Unavailable, "The disk is full."));

        Assert.Null(await device.Receive());
    }

    [Fact]
    public async Task A_repetition_of_a_message_that_is_refused_then_is_not_acknowledged()
    {
        await using var edge = await TestEdge.Start();
        edge.Device.ByHand = true;
        await using var device = await edge.Connect();

        await device.Send(Message(7, "1"));
        var call = await edge.Device.NextPublish();
        await device.Send(Message(7, "1", dup: true), PingReqPacket.Instance);
        await device.Receive();
        call.Refuse(new PublishFailure(0, Failure.Unavailable, "The disk is full."));

        await IsAnswered(device, PacketType.PubRec, 7, ReasonCode.ImplementationSpecificError);
        await IsAnswered(device, PacketType.PubRec, 7, ReasonCode.PacketIdentifierInUse);
    }

    [Fact]
    [Trait("mqtt", "MQTT-3.3.4-7")]
    [Trait("mqtt", "MQTT-3.3.4-8")]
    public async Task A_message_counts_towards_the_receive_maximum_until_its_pubcomp()
    {
        await using var edge = await TestEdge.Start(options => options.ReceiveMaximum = 2);
        await using var device = await edge.Connect();

        await device.Send(Message(1, "1"), Message(2, "2"));
        await IsAnswered(device, PacketType.PubRec, 1);
        await IsAnswered(device, PacketType.PubRec, 2);
        await device.Send(new AckPacket(PacketType.PubRel, 1));
        await IsAnswered(device, PacketType.PubComp, 1);
        await device.Send(Message(3, "3"));
        await IsAnswered(device, PacketType.PubRec, 3);
        await device.Send(Message(4, "4", qos: Qos.AtLeastOnce));

        Assert.Equal(ReasonCode.ReceiveMaximumExceeded, ((DisconnectPacket?)await device.Receive())!.Reason);
        Assert.Null(await device.Receive());
    }

    [Fact]
    public async Task A_release_of_which_nothing_is_known_is_not_answered_and_the_connection_ends()
    {
        await using var edge = await TestEdge.Start();
        edge.Device.Session = edge.Device.Session with { IsPresent = true, IsDurable = true, Received = [1] };
        edge.Device.ByHand = true;
        await using var device = await edge.Connect();

        await device.Send(new AckPacket(PacketType.PubRel, 1));
        (await edge.Device.NextRelease()).Throw(new TimeoutException());
        (await edge.Device.NextRelease()).Throw(new TimeoutException());

        Assert.Equal(ReasonCode.ImplementationSpecificError, ((DisconnectPacket?)await device.Receive())!.Reason);
        Assert.Null(await device.Receive());
    }

    private static PublishPacket Message(ushort id, string payload, bool dup = false, Qos qos = Qos.ExactlyOnce) => new()
    {
        Topic = Topic,
        Payload = System.Text.Encoding.UTF8.GetBytes(payload),
        Qos = qos,
        PacketId = id,
        Dup = dup,
    };

    private static async Task IsAnswered(MqttDevice device, PacketType type, ushort id, ReasonCode reason = ReasonCode.Success)
    {
        var answer = Assert.IsType<AckPacket>(await device.Receive());
        Assert.Equal((type, id, reason), (answer.Type, answer.PacketId, answer.Reason));
    }
}
