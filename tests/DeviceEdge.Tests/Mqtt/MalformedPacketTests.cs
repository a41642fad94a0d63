using System.Buffers;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;

namespace OrleansIoT.DeviceEdge.Tests.Mqtt;

/// <summary>What is not a packet is refused, with the reason that the specification has for it.</summary>
public sealed class MalformedPacketTests
{
    private const string Name = "00 04 4D 51 54 54";

    [Theory]
    [Trait("mqtt", "MQTT-1.5.5-1")]
    [InlineData("30 80 80 80 80")] // five bytes
    [InlineData("30 FF FF FF FF")]
    [InlineData("30 80 00")] // longer than need be
    [InlineData("30 80 80 80 00")]
    public void A_variable_byte_integer_is_as_short_as_can_be_and_at_most_four_bytes(string hex) =>
        AssertFault(ReasonCode.MalformedPacket, hex);

    [Theory]
    [Trait("mqtt", "MQTT-2.1.3-1")]
    [InlineData("00")] // there is no type 0
    [InlineData("21")]
    [InlineData("41")]
    [InlineData("51")]
    [InlineData("60")] // PUBREL has 2
    [InlineData("63")]
    [InlineData("71")]
    [InlineData("80")] // SUBSCRIBE has 2
    [InlineData("91")]
    [InlineData("A0")] // UNSUBSCRIBE has 2
    [InlineData("B1")]
    [InlineData("C1")]
    [InlineData("D8")]
    [InlineData("E2")]
    [InlineData("F1")]
    public void The_first_byte_is_refused_before_a_second_has_come(string hex) => AssertFault(ReasonCode.MalformedPacket, hex);

    [Fact]
    public void There_is_no_AUTH_in_3_1_1() =>
        Assert.Equal(ReasonCode.MalformedPacket, Bytes.FaultOf(Bytes.Hex("F0"), MqttVersion.V311));

    [Theory]
    [Trait("mqtt", "MQTT-3.1.0-1")]
    [InlineData("20")]
    [InlineData("30")]
    [InlineData("82")]
    [InlineData("C0")]
    [InlineData("E0")]
    [InlineData("47")] // GET / HTTP/1.1
    [InlineData("16")] // TLS, whose first byte has CONNECT's type and wrong flags
    public void A_server_takes_nothing_before_a_CONNECT(string hex)
    {
        var fault = Bytes.FaultOf(Bytes.Hex(hex), null);

        Assert.Equal(hex == "16" ? ReasonCode.MalformedPacket : ReasonCode.ProtocolError, fault);
    }

    [Theory]
    [InlineData("30 FF FF FF 7F")] // 256 MiB
    [InlineData("30 80 80 10")] // 262,144 and the header
    [InlineData("30 FD FF 0F")] // one above
    public void What_announces_too_much_is_refused_before_any_of_it_has_come(string hex) =>
        AssertFault(ReasonCode.PacketTooLarge, hex);

    [Fact]
    public void The_largest_packet_is_read()
    {
        var bytes = Bytes.Of(new PublishPacket { Topic = "a", Payload = new byte[Bytes.Limit - 7] }, MqttVersion.V311);

        Assert.Equal(Bytes.Limit, bytes.Length);
        Assert.Equal(Bytes.Limit - 7, ((PublishPacket)Bytes.Read(bytes, MqttVersion.V311)).Payload.Length);
    }

    [Theory]
    [Trait("mqtt", "MQTT-1.5.4-1")]
    [InlineData("C3")] // ends inside a character
    [InlineData("C0 80")] // overlong NUL
    [InlineData("E0 80 AF")] // overlong slash
    [InlineData("ED A0 80")] // U+D800
    [InlineData("ED BF BF")] // U+DFFF
    [InlineData("F4 90 80 80")] // above U+10FFFF
    [InlineData("FF")]
    public void A_string_is_well_formed_UTF_8(string text)
    {
        var size = text.Split(' ').Length;
        AssertFault(ReasonCode.MalformedPacket, $"30 {size + 3:X2} 00 {size:X2} {text} 00");
    }

    [Theory]
    [Trait("mqtt", "MQTT-1.5.4-2")]
    [InlineData("30 06 00 03 61 00 62 00")] // topic
    [InlineData("30 0C 00 01 61 08 26 00 01 00 00 02 78 79")] // user property
    [InlineData("82 07 00 01 00 00 01 00 00")] // filter
    public void A_string_has_no_NUL(string hex) => AssertFault(ReasonCode.MalformedPacket, hex);

    [Theory]
    [InlineData("30 03 00 05 61")] // topic
    [InlineData("32 04 00 01 61 00")] // packet identifier
    [InlineData("30 04 00 01 61 05")] // property length
    [InlineData("30 06 00 01 61 02 02 00")] // property value
    [InlineData("40 01 00")]
    [InlineData("20 01 00")]
    [InlineData("90 03 00 01 00")] // no reason code
    [InlineData("B0 03 00 01 00")]
    [InlineData("F0 01 18")] // no property length
    public void A_packet_that_ends_inside_a_field_is_malformed(string hex) => AssertFault(ReasonCode.MalformedPacket, hex);

    [Theory]
    [InlineData("40 03 00 01 00", MqttVersion.V311)] // PUBACK of 3.1.1 has no reason
    [InlineData("20 03 00 00 00", MqttVersion.V311)]
    [InlineData("B0 03 00 01 00", MqttVersion.V311)]
    [InlineData("E0 01 00", MqttVersion.V311)]
    [InlineData("C0 01 00", MqttVersion.V311)]
    [InlineData("D0 01 00", MqttVersion.V500)]
    [InlineData("40 05 00 01 00 00 00", MqttVersion.V500)]
    [InlineData("E0 03 00 00 00", MqttVersion.V500)]
    [InlineData("F0 03 00 00 00", MqttVersion.V500)]
    public void A_packet_with_bytes_after_its_last_field_is_malformed(string hex, MqttVersion version) =>
        Assert.Equal(ReasonCode.MalformedPacket, Bytes.FaultOf(Bytes.Hex(hex), version));

    [Theory]
    [Trait("mqtt", "MQTT-2.2.1-3")]
    [InlineData("32 06 00 01 61 00 00 00")]
    [InlineData("40 02 00 00")]
    [InlineData("50 02 00 00")]
    [InlineData("62 02 00 00")]
    [InlineData("70 02 00 00")]
    [InlineData("82 07 00 00 00 00 01 61 00")]
    [InlineData("A2 06 00 00 00 00 01 61")]
    public void A_packet_identifier_is_not_zero(string hex) => AssertFault(ReasonCode.ProtocolError, hex);

    [Theory]
    [Trait("mqtt", "MQTT-3.3.1-4")]
    [InlineData("36 06 00 01 61 00 01 00")]
    [InlineData("3E 06 00 01 61 00 01 00")]
    public void There_is_no_QoS_3(string hex) => AssertFault(ReasonCode.MalformedPacket, hex);

    [Fact]
    [Trait("mqtt", "MQTT-3.3.1-2")]
    public void There_is_no_DUP_with_QoS_0() => AssertFault(ReasonCode.MalformedPacket, "38 04 00 01 61 00");

    [Theory]
    [Trait("mqtt", "MQTT-3.3.2-2")]
    [InlineData("30 04 00 01 2B 00")]
    [InlineData("30 06 00 03 61 2F 23 00")]
    public void A_topic_name_has_no_wildcards(string hex) => AssertFault(ReasonCode.TopicNameInvalid, hex);

    [Fact]
    [Trait("mqtt", "MQTT-4.7.3-1")]
    public void A_topic_name_is_not_empty_without_an_alias()
    {
        AssertFault(ReasonCode.ProtocolError, "30 03 00 00 00");
        Assert.Equal(ReasonCode.ProtocolError, Bytes.FaultOf(Bytes.Hex("30 02 00 00"), MqttVersion.V311));
    }

    [Theory]
    [InlineData("30 07 00 01 61 03 23 00 00", ReasonCode.TopicAliasInvalid)] // [MQTT-3.3.2-8]
    [InlineData("30 06 00 01 61 02 0B 00", ReasonCode.ProtocolError)] // subscription identifier 0
    [InlineData("30 06 00 01 61 02 01 02", ReasonCode.ProtocolError)] // payload format 2
    [InlineData("30 08 00 01 61 04 01 00 01 00", ReasonCode.ProtocolError)] // twice
    [InlineData("30 0A 00 01 61 06 23 00 01 23 00 01", ReasonCode.ProtocolError)] // twice
    [InlineData("30 08 00 01 61 04 08 00 01 2B", ReasonCode.ProtocolError)] // response topic with wildcard [MQTT-3.3.2-14]
    [InlineData("30 07 00 01 61 03 21 00 01", ReasonCode.MalformedPacket)] // receive maximum in PUBLISH
    [InlineData("30 05 00 01 61 01 00", ReasonCode.MalformedPacket)] // unknown
    [InlineData("30 05 00 01 61 01 7F", ReasonCode.MalformedPacket)] // unknown
    [InlineData("30 06 00 01 61 02 FF 01", ReasonCode.MalformedPacket)] // unknown, two bytes
    [InlineData("30 09 00 01 61 05 18 00 00 00 01", ReasonCode.MalformedPacket)] // will delay outside a will
    [InlineData("40 06 00 01 00 02 01 00", ReasonCode.MalformedPacket)] // payload format in PUBACK
    [InlineData("82 0B 00 01 04 0B 01 0B 02 00 01 61 00", ReasonCode.ProtocolError)] // two subscription identifiers in SUBSCRIBE
    [InlineData("E0 07 00 05 13 00 0A 13 00", ReasonCode.MalformedPacket)] // server keep alive in DISCONNECT
    public void A_property_is_where_and_what_and_as_often_as_it_may_be(string hex, ReasonCode reason) => AssertFault(reason, hex);

    [Theory]
    [InlineData("40 04 00 01 01 00")]
    [InlineData("40 04 00 01 92 00")]
    [InlineData("50 04 00 01 FF 00")]
    [InlineData("62 04 00 01 80 00")]
    [InlineData("70 04 00 01 10 00")]
    [InlineData("90 04 00 01 00 03")]
    [InlineData("B0 04 00 01 00 01")]
    [InlineData("E0 02 01 00")]
    [InlineData("F0 02 01 00")]
    [InlineData("20 03 00 01 00")]
    public void A_reason_code_is_one_of_its_packets(string hex) => AssertFault(ReasonCode.ProtocolError, hex);

    [Fact]
    [Trait("mqtt", "MQTT-3.2.2-1")]
    public void The_reserved_flags_of_CONNACK_are_zero() => AssertFault(ReasonCode.MalformedPacket, "20 03 02 00 00");

    [Theory]
    [Trait("mqtt", "MQTT-3.8.3-2")]
    [Trait("mqtt", "MQTT-3.10.3-2")]
    [InlineData("82 03 00 01 00", ReasonCode.ProtocolError)]
    [InlineData("A2 03 00 01 00", ReasonCode.ProtocolError)]
    [InlineData("82 06 00 01 00 00 00 00", ReasonCode.ProtocolError)] // an empty filter
    [InlineData("A2 05 00 01 00 00 00", ReasonCode.ProtocolError)]
    public void There_is_at_least_one_filter_and_it_is_not_empty(string hex, ReasonCode reason) => AssertFault(reason, hex);

    [Theory]
    [InlineData("82 07 00 01 00 00 01 61 40", ReasonCode.MalformedPacket)] // [MQTT-3.8.3-5]
    [InlineData("82 07 00 01 00 00 01 61 80", ReasonCode.MalformedPacket)]
    [InlineData("82 07 00 01 00 00 01 61 03", ReasonCode.ProtocolError)] // QoS 3
    [InlineData("82 07 00 01 00 00 01 61 30", ReasonCode.ProtocolError)] // retain handling 3
    [InlineData("82 10 00 01 00 00 0A 24 73 68 61 72 65 2F 67 2F 61 04", ReasonCode.ProtocolError)] // [MQTT-3.8.3-4]
    public void Subscription_options_are_what_they_may_be(string hex, ReasonCode reason) => AssertFault(reason, hex);

    [Theory]
    [InlineData("82 06 00 01 00 01 61 04")]
    [InlineData("82 06 00 01 00 01 61 08")]
    [InlineData("82 06 00 01 00 01 61 10")]
    [Trait("mqtt", "3.1.1:MQTT-3-8.3-4")]
    public void In_3_1_1_a_subscription_has_a_QoS_and_nothing_else(string hex) =>
        Assert.Equal(ReasonCode.MalformedPacket, Bytes.FaultOf(Bytes.Hex(hex), MqttVersion.V311));

    [Theory]
    [Trait("mqtt", "MQTT-3.1.2-3")]
    [Trait("mqtt", "MQTT-3.1.2-11")]
    [Trait("mqtt", "MQTT-3.1.2-12")]
    [Trait("mqtt", "MQTT-3.1.2-13")]
    [Trait("mqtt", "3.1.1:MQTT-3.1.2-22")]
    [InlineData("05 01 00 00 00 00 00")] // reserved flag
    [InlineData("05 1E 00 00 00 00 00 00 00 01 61 00 00")] // will QoS 3
    [InlineData("05 08 00 00 00 00 00")] // will QoS without a will
    [InlineData("05 20 00 00 00 00 00")] // will retain without a will
    [InlineData("04 42 00 00 00 00 00 00")] // 3.1.1: password without user name
    [InlineData("05 06 00 00 00 00 00")] // a will, but no topic
    [InlineData("05 82 00 00 00 00 00")] // a user name, but none there
    [InlineData("05 02 00 00 00 00 00 00")] // a byte too many
    public void A_CONNECT_whose_flags_do_not_fit_is_malformed(string rest) =>
        Assert.Equal(ReasonCode.MalformedPacket, Bytes.FaultOf(Connect(rest), null));

    [Theory]
    [InlineData("05 02 00 00 03 21 00 00 00 00", ReasonCode.ProtocolError)] // receive maximum 0
    [InlineData("05 02 00 00 05 27 00 00 00 00 00 00", ReasonCode.ProtocolError)] // maximum packet size 0
    [InlineData("05 02 00 00 02 17 02 00 00", ReasonCode.ProtocolError)] // request problem information 2
    [InlineData("05 02 00 00 04 16 00 01 61 00 00", ReasonCode.ProtocolError)] // data without a method
    [InlineData("05 06 00 00 00 00 00 00 00 00 00 00", ReasonCode.ProtocolError)] // empty will topic
    [InlineData("05 06 00 00 00 00 00 00 00 01 23 00 00", ReasonCode.TopicNameInvalid)] // will topic with wildcard
    public void A_CONNECT_asks_for_nothing_impossible(string rest, ReasonCode reason) =>
        Assert.Equal(reason, Bytes.FaultOf(Connect(rest), null));

    [Fact]
    public void In_5_0_a_password_needs_no_user_name()
    {
        var connect = (ConnectPacket)Bytes.Read(Bytes.Cut(Connect("05 42 00 00 00 00 00 00 01 70")), null);

        Assert.Null(connect.UserName);
        Assert.Equal("p"u8, connect.Password!.Value.Span);
    }

    [Theory]
    [Trait("mqtt", "MQTT-3.1.2-2")]
    [Trait("mqtt", "3.1.1:MQTT-3.1.2-2")]
    [InlineData("10 11 00 06 4D 51 49 73 64 70 03 02 00 00 00 03 61 62 63", MqttVersion.V311)] // MQTT 3.1
    [InlineData("10 0C 00 04 4D 51 54 54 03 02 00 00 00 00", MqttVersion.V311)]
    [InlineData("10 0C 00 04 4D 51 54 54 06 02 00 00 00 00", MqttVersion.V500)]
    [InlineData("10 0C 00 04 48 54 54 50 05 02 00 00 00 00", null)] // HTTP
    public void Another_protocol_or_version_is_refused_and_it_is_known_how_to_say_so(string hex, MqttVersion? answer)
    {
        var reader = new MqttPacketReader(null, Bytes.Limit);
        var bytes = Bytes.Hex(hex);
        bytes[1] = (byte)(bytes.Length - 2);
        var sequence = new ReadOnlySequence<byte>(bytes);

        var fault = Assert.Throws<MqttProtocolException>(() => reader.TryRead(ref sequence, out _));
        Assert.Equal(ReasonCode.UnsupportedProtocolVersion, fault.Reason);
        Assert.Equal(answer, reader.Version);
    }

    private static byte[] Connect(string rest)
    {
        var body = Bytes.Hex(Name + rest);
        return [0x10, (byte)body.Length, .. body];
    }

    private static void AssertFault(ReasonCode reason, string hex) => Assert.Equal(reason, Bytes.FaultOf(Bytes.Hex(hex), MqttVersion.V500));
}
