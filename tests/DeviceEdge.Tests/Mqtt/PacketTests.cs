using System.Buffers;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;

namespace OrleansIoT.DeviceEdge.Tests.Mqtt;

/// <summary>Bytes as the specification's own figures show them, and every packet there and back.</summary>
public sealed class PacketTests
{
    public static TheoryData<string> PropertyNames => [.. Enum.GetNames<PropertyId>()];

    [Theory] // section 1.5.5, table 1-1
    [InlineData(0, "00")]
    [InlineData(127, "7F")]
    [InlineData(128, "80 01")]
    [InlineData(16_383, "FF 7F")]
    [InlineData(16_384, "80 80 01")]
    [InlineData(2_097_151, "FF FF 7F")]
    [InlineData(2_097_152, "80 80 80 01")]
    [InlineData(268_435_455, "FF FF FF 7F")]
    [Trait("mqtt", "MQTT-1.5.5-1")]
    public void A_variable_byte_integer_is_written_and_read_as_in_the_specifications_table(uint value, string hex)
    {
        var writer = new WireWriter();
        writer.VarInt(value);

        Assert.Equal(Bytes.Hex(hex), writer.Written.ToArray());
        Assert.Equal(hex.Split(' ').Length, WireWriter.VarIntSize(value));
        Assert.Equal((value, writer.Written.Length), WireReader.VarInt(writer.Written));
    }

    [Fact] // section 1.5.4, figure 1.2
    public void A_string_is_read_as_in_the_specifications_figure()
    {
        var wire = new WireReader(Bytes.Hex("00 05 41 F0 AA 9B 94"));

        Assert.Equal("A𪛔", wire.String());
    }

    [Fact] // 3.1.1 section 3.1.2.3, figure 3.6
    [Trait("mqtt-3.1.1", "MQTT-3.1.3-1")]
    [Trait("mqtt-3.1.1", "MQTT-3.1.3-3")]
    public void A_connect_of_3_1_1_is_read_as_in_the_specifications_example()
    {
        var connect = Assert.IsType<ConnectPacket>(Bytes.Read(Bytes.Cut(Bytes.Hex(
            "10 1C 00 04 4D 51 54 54 04 CE 00 0A 00 01 63 00 01 74 00 02 68 69 00 01 75 00 03 70 77 64")), null));

        Assert.Equal(MqttVersion.V311, connect.Version);
        Assert.True(connect.CleanStart);
        Assert.Equal(10, connect.KeepAlive);
        Assert.Equal("c", connect.ClientId);
        Assert.Equal(("t", Qos.AtLeastOnce, false), (connect.Will!.Topic, connect.Will.Qos, connect.Will.Retain));
        Assert.Equal("hi"u8, connect.Will.Payload.Span);
        Assert.Equal("u", connect.UserName);
        Assert.Equal("pwd"u8, connect.Password!.Value.Span);
    }

    [Fact] // 5.0 section 3.1.2.12, figure 3.6
    [Trait("mqtt", "MQTT-3.1.3-1")]
    [Trait("mqtt", "MQTT-3.1.3-3")]
    public void A_connect_of_5_0_is_read_as_in_the_specifications_example()
    {
        var connect = Assert.IsType<ConnectPacket>(Bytes.Read(Bytes.Cut(Bytes.Hex(
            "10 23 00 04 4D 51 54 54 05 CE 00 0A 05 11 00 00 00 0A 00 01 63 00 00 01 74 00 02 68 69 00 01 75 00 03 70 77 64")), null));

        Assert.Equal(MqttVersion.V500, connect.Version);
        Assert.Equal(10u, connect.Properties.SessionExpiryInterval);
        Assert.Equal("u", connect.UserName);
    }

    [Theory]
    [InlineData(MqttVersion.V311, "32 07 00 03 61 2F 62 00 0A")] // 3.1.1 section 3.3.2.3, figure 3.11
    [InlineData(MqttVersion.V500, "32 08 00 03 61 2F 62 00 0A 00")] // 5.0 section 3.3.2.4, figure 3.9
    [Trait("mqtt", "MQTT-2.2.2-1")]
    [Trait("mqtt", "MQTT-3.3.2-1")]
    [Trait("mqtt-3.1.1", "MQTT-3.3.2-1")]
    public void A_publish_is_written_and_read_as_in_the_specifications_example(MqttVersion version, string hex)
    {
        var publish = new PublishPacket { Topic = "a/b", Qos = Qos.AtLeastOnce, PacketId = 10 };

        Assert.Equal(Bytes.Hex(hex), Bytes.Of(publish, version));
        var read = Assert.IsType<PublishPacket>(Bytes.Read(Bytes.Hex(hex), version));
        Assert.Equal(("a/b", Qos.AtLeastOnce, 10, false, false), (read.Topic, read.Qos, (int)read.PacketId, read.Dup, read.Retain));
    }

    [Theory]
    [Trait("mqtt", "MQTT-2.2.1-2")]
    [Trait("mqtt-3.1.1", "MQTT-2.3.1-5")]
    [InlineData(MqttVersion.V311, "30 05 00 01 61 00 0A")]
    [InlineData(MqttVersion.V500, "30 06 00 01 61 00 00 0A")]
    public void A_publish_of_QoS_0_has_no_packet_identifier(MqttVersion version, string hex)
    {
        var publish = new PublishPacket { Topic = "a", PacketId = 7, Payload = new byte[] { 0, 10 } };

        Assert.Equal(Bytes.Hex(hex), Bytes.Of(publish, version));
        var read = Assert.IsType<PublishPacket>(Bytes.Read(Bytes.Hex(hex), version));
        Assert.Equal(0, read.PacketId);
        Assert.Equal(publish.Payload.ToArray(), read.Payload.ToArray());
    }

    [Fact]
    [Trait("mqtt", "MQTT-2.2.2-1")]
    public void Where_there_are_no_properties_a_length_of_0_says_so()
    {
        Assert.Equal(Bytes.Hex("20 03 00 00 00"), Bytes.Of(new ConnAckPacket(), MqttVersion.V500));
        Assert.Equal(Bytes.Hex("30 04 00 01 61 00"), Bytes.Of(new PublishPacket { Topic = "a" }, MqttVersion.V500));
        Assert.Equal(Bytes.Hex("90 04 00 01 00 00"), Bytes.Of(new SubAckPacket { PacketId = 1, Reasons = [ReasonCode.Success] }, MqttVersion.V500));
        Assert.Equal(Bytes.Hex("B0 04 00 01 00 00"), Bytes.Of(new UnsubAckPacket { PacketId = 1, Reasons = [ReasonCode.Success] }, MqttVersion.V500));
        Assert.Equal(Bytes.Hex("E0 02 8E 00"), Bytes.Of(new DisconnectPacket { Reason = ReasonCode.SessionTakenOver }, MqttVersion.V500));
    }

    [Fact]
    [Trait("mqtt", "MQTT-3.2.2-1")]
    public void The_flags_of_a_connack_say_whether_a_session_is_present_and_nothing_else()
    {
        Assert.Equal(Bytes.Hex("20 03 01 00 00"), Bytes.Of(new ConnAckPacket { SessionPresent = true }, MqttVersion.V500));
        Assert.Equal(Bytes.Hex("20 02 01 00"), Bytes.Of(new ConnAckPacket { SessionPresent = true }, MqttVersion.V311));
    }

    [Fact] // 3.1.1 section 3.8.3.1, figure 3.23
    public void A_subscribe_is_written_as_in_the_specifications_example()
    {
        var subscribe = new SubscribePacket { PacketId = 10, Subscriptions = [new("a/b", Qos.AtLeastOnce), new("c/d", Qos.ExactlyOnce)] };

        Assert.Equal(Bytes.Hex("82 0E 00 0A 00 03 61 2F 62 01 00 03 63 2F 64 02"), Bytes.Of(subscribe, MqttVersion.V311));
    }

    [Theory]
    [InlineData(PacketType.PubAck, "40 02 12 34")]
    [InlineData(PacketType.PubRec, "50 02 12 34")]
    [InlineData(PacketType.PubRel, "62 02 12 34")]
    [InlineData(PacketType.PubComp, "70 02 12 34")]
    [Trait("mqtt", "MQTT-2.1.3-1")]
    [Trait("mqtt", "MQTT-3.6.1-1")]
    [Trait("mqtt-3.1.1", "MQTT-2.2.2-1")]
    [Trait("mqtt-3.1.1", "MQTT-3.6.1-1")]
    public void A_success_is_acknowledged_in_four_bytes_in_both_versions(PacketType type, string hex)
    {
        Assert.Equal(Bytes.Hex(hex), Bytes.Of(new AckPacket(type, 0x1234), MqttVersion.V311));
        Assert.Equal(Bytes.Hex(hex), Bytes.Of(new AckPacket(type, 0x1234), MqttVersion.V500));
    }

    [Fact]
    public void A_puback_without_a_packet_object_is_the_same_bytes()
    {
        var output = new ArrayBufferWriter<byte>();
        MqttPacketWriter.WriteAck(output, PacketType.PubAck, 0x1234);

        Assert.Equal(Bytes.Of(new AckPacket(PacketType.PubAck, 0x1234), MqttVersion.V500), output.WrittenSpan.ToArray());
    }

    [Fact]
    public void The_smallest_packets_are_two_bytes()
    {
        Assert.Equal(Bytes.Hex("C0 00"), Bytes.Of(PingReqPacket.Instance, MqttVersion.V500));
        Assert.Equal(Bytes.Hex("D0 00"), Bytes.Of(PingRespPacket.Instance, MqttVersion.V311));
        Assert.Equal(Bytes.Hex("E0 00"), Bytes.Of(new DisconnectPacket(), MqttVersion.V500));
        Assert.Equal(Bytes.Hex("F0 00"), Bytes.Of(new AuthPacket(), MqttVersion.V500));
    }

    [Theory]
    [InlineData("E0 01 04")]
    [InlineData("E0 02 04 00")]
    public void A_disconnect_may_leave_out_its_properties(string hex)
    {
        var disconnect = Assert.IsType<DisconnectPacket>(Bytes.Read(Bytes.Hex(hex), MqttVersion.V500));

        Assert.Equal(ReasonCode.DisconnectWithWillMessage, disconnect.Reason);
    }

    [Fact]
    public void Every_packet_read_and_written_again_is_the_same_bytes()
    {
        Assert.All(Samples.All, sample =>
        {
            var bytes = Bytes.Of(sample.Packet, sample.Version);
            var read = Bytes.Read(Bytes.Cut(bytes), sample.Packet is ConnectPacket ? null : sample.Version);

            Assert.IsType(sample.Packet.GetType(), read);
            Assert.Equal(bytes, Bytes.Of(read, sample.Version));
        });
    }

    [Theory]
    [MemberData(nameof(PropertyNames))]
    public void Every_property_comes_back_as_it_went(string name)
    {
        var properties = Samples.All.Where(sample => sample.Version == MqttVersion.V500).SelectMany(sample => Both(sample.Packet)).ToList();
        var property = typeof(Properties).GetProperty(name switch
        {
            nameof(PropertyId.UserProperty) => nameof(Properties.UserProperties),
            nameof(PropertyId.SubscriptionIdentifier) => nameof(Properties.SubscriptionIdentifiers),
            _ => name,
        })!;

        var pairs = properties.Where(pair => !Equals(property.GetValue(pair.Sent), property.GetValue(Properties.None))).ToList();
        Assert.NotEmpty(pairs); // the samples have them all
        Assert.All(pairs, pair => Assert.Equal(property.GetValue(pair.Sent), property.GetValue(pair.Read)));

        static IEnumerable<(Properties Sent, Properties Read)> Both(MqttPacket packet)
        {
            var read = Bytes.Read(Bytes.Cut(Bytes.Of(packet, MqttVersion.V500)), packet is ConnectPacket ? null : MqttVersion.V500);
            if (Of(packet) is { } sent)
            {
                yield return (sent, Of(read)!);
            }

            if (packet is ConnectPacket { Will: { } will })
            {
                yield return (will.Properties, ((ConnectPacket)read).Will!.Properties);
            }
        }

        static Properties? Of(MqttPacket packet) => (Properties?)packet.GetType().GetProperty("Properties")?.GetValue(packet);
    }

    [Fact]
    [Trait("mqtt", "MQTT-1.5.4-3")]
    [Trait("mqtt-3.1.1", "MQTT-1.5.3-3")]
    public void A_byte_order_mark_in_a_string_stays()
    {
        Assert.Equal("\uFEFFa", ((PublishPacket)Bytes.Read(Bytes.Hex("30 06 00 04 EF BB BF 61"), MqttVersion.V311)).Topic);
        Assert.Equal("\uFEFFa", ((PublishPacket)Bytes.Read(Bytes.Hex("30 07 00 04 EF BB BF 61 00"), MqttVersion.V500)).Topic);
    }

    [Fact]
    public void A_topic_that_comes_again_is_the_same_string()
    {
        var reader = new MqttPacketReader(MqttVersion.V311, Bytes.Limit);
        var bytes = Bytes.Of(new PublishPacket { Topic = "devices/meter-7/temperature" }, MqttVersion.V311);
        var twice = new ReadOnlySequence<byte>([.. bytes, .. bytes]);

        Assert.True(reader.TryRead(ref twice, out var first) & reader.TryRead(ref twice, out var second));
        Assert.Same(((PublishPacket)first!).Topic, ((PublishPacket)second!).Topic);
    }

    [Fact]
    public void Topics_that_share_a_place_in_the_cache_keep_their_names()
    {
        var reader = new MqttPacketReader(MqttVersion.V311, Bytes.Limit);
        foreach (var topic in Enumerable.Range(0, 1_000).Select(i => $"t/{i}").Concat(Enumerable.Range(0, 1_000).Select(i => $"t/{i}")))
        {
            var bytes = new ReadOnlySequence<byte>(Bytes.Of(new PublishPacket { Topic = topic }, MqttVersion.V311));
            Assert.True(reader.TryRead(ref bytes, out var packet));
            Assert.Equal(topic, ((PublishPacket)packet).Topic);
        }
    }

    [Fact]
    public void A_packet_above_the_receivers_limit_is_not_written()
    {
        var output = new ArrayBufferWriter<byte>();
        var packet = new PublishPacket { Topic = "a", Payload = new byte[100] };

        Assert.Equal(105, MqttPacketWriter.Write(output, packet, MqttVersion.V311, 104));
        Assert.Equal(0, output.WrittenCount);
        Assert.Equal(105, MqttPacketWriter.Write(output, packet, MqttVersion.V311, 105));
        Assert.Equal(105, output.WrittenCount);
    }

    [Fact]
    public void The_codes_of_3_1_1_say_the_same_as_their_successors()
    {
        var codes = Enumerable.Range(1, 5).Select(code => ((ConnAckPacket)Bytes.Read([0x20, 2, 0, (byte)code], MqttVersion.V311)).Reason);

        Assert.Equal(
            [
                ReasonCode.UnsupportedProtocolVersion, ReasonCode.ClientIdentifierNotValid, ReasonCode.ServerUnavailable,
                ReasonCode.BadUserNameOrPassword, ReasonCode.NotAuthorized,
            ],
            codes);
    }

    [Fact]
    [Trait("mqtt", "MQTT-4.7.3-3")]
    [Trait("mqtt-3.1.1", "MQTT-4.7.3-3")]
    public void A_string_longer_than_its_length_field_can_say_is_not_written()
    {
        Assert.Throws<OverflowException>(() => Bytes.Of(new PublishPacket { Topic = new string('a', 65_536) }, MqttVersion.V311));
    }
}
