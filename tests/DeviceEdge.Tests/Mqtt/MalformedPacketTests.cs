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
    [Trait("mqtt", "MQTT-3.6.1-1")]
    [Trait("mqtt", "MQTT-3.8.1-1")]
    [Trait("mqtt", "MQTT-3.10.1-1")]
    [Trait("mqtt", "MQTT-3.14.1-1")]
    [Trait("mqtt", "MQTT-3.15.1-1")]
    [Trait("mqtt-3.1.1", "MQTT-2.2.2-1")]
    [Trait("mqtt-3.1.1", "MQTT-2.2.2-2")]
    [Trait("mqtt-3.1.1", "MQTT-3.6.1-1")]
    [Trait("mqtt-3.1.1", "MQTT-3.8.1-1")]
    [Trait("mqtt-3.1.1", "MQTT-3.10.1-1")]
    [Trait("mqtt-3.1.1", "MQTT-3.14.1-1")]
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
    public void The_first_byte_is_refused_before_a_second_has_come(string hex) => AssertFaultInBoth(ReasonCode.MalformedPacket, hex);

    [Fact]
    public void There_is_no_AUTH_in_3_1_1() =>
        Assert.Equal(ReasonCode.MalformedPacket, Bytes.FaultOf(Bytes.Hex("F0"), MqttVersion.V311));

    [Theory]
    [Trait("mqtt", "MQTT-3.1.0-1")]
    [Trait("mqtt-3.1.1", "MQTT-3.1.0-1")]
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
    [Trait("mqtt", "MQTT-3.3.2-1")]
    [Trait("mqtt-3.1.1", "MQTT-1.5.3-1")]
    [Trait("mqtt-3.1.1", "MQTT-3.3.2-1")]
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
        AssertFaultInBoth(ReasonCode.MalformedPacket, $"30 {size + 3:X2} 00 {size:X2} {text} 00");
    }

    [Theory]
    [Trait("mqtt", "MQTT-1.5.7-1")]
    [Trait("mqtt", "MQTT-3.3.2-13")]
    [Trait("mqtt", "MQTT-3.3.2-19")]
    [InlineData("26 00 01 FF 00 01 61")] // the name of a user property
    [InlineData("26 00 01 61 00 01 FF")] // and its value
    [InlineData("26 00 01 61 00 01 00")]
    [InlineData("08 00 01 FF")] // response topic
    [InlineData("03 00 01 FF")] // content type
    public void The_text_of_a_property_is_a_string_too(string property)
    {
        var size = property.Split(' ').Length;
        AssertFault(ReasonCode.MalformedPacket, $"30 {size + 4:X2} 00 01 61 {size:X2} {property}");
    }

    [Theory]
    [Trait("mqtt", "MQTT-3.8.3-1")]
    [Trait("mqtt", "MQTT-3.10.3-1")]
    [InlineData("82 07 00 01 00 00 01 FF 00")]
    [InlineData("A2 06 00 01 00 00 01 FF")]
    public void A_filter_of_5_0_is_a_string(string hex) => AssertFault(ReasonCode.MalformedPacket, hex);

    [Theory]
    [Trait("mqtt-3.1.1", "MQTT-3.8.3-1")]
    [Trait("mqtt-3.1.1", "MQTT-3.10.3-1")]
    [Trait("mqtt-3.1.1", "MQTT-1.5.3-2")]
    [InlineData("82 06 00 01 00 01 FF 00")]
    [InlineData("A2 05 00 01 00 01 FF")]
    [InlineData("A2 05 00 01 00 01 00")]
    public void A_filter_of_3_1_1_is_a_string(string hex) =>
        Assert.Equal(ReasonCode.MalformedPacket, Bytes.FaultOf(Bytes.Hex(hex), MqttVersion.V311));

    [Theory]
    [Trait("mqtt", "MQTT-1.5.4-2")]
    [Trait("mqtt", "MQTT-4.7.3-2")]
    [InlineData("30 06 00 03 61 00 62 00")] // topic
    [InlineData("30 0C 00 01 61 08 26 00 01 00 00 02 78 79")] // user property
    [InlineData("82 07 00 01 00 00 01 00 00")] // filter
    public void A_string_has_no_NUL(string hex) => AssertFault(ReasonCode.MalformedPacket, hex);

    [Fact]
    [Trait("mqtt-3.1.1", "MQTT-1.5.3-2")]
    [Trait("mqtt-3.1.1", "MQTT-4.7.3-2")]
    public void A_string_of_3_1_1_has_none_either() =>
        Assert.Equal(ReasonCode.MalformedPacket, Bytes.FaultOf(Bytes.Hex("30 05 00 03 61 00 62"), MqttVersion.V311));

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
    [Trait("mqtt-3.1.1", "MQTT-2.3.1-1")]
    [InlineData("32 05 00 01 61 00 00")]
    [InlineData("34 05 00 01 61 00 00")]
    [InlineData("82 06 00 00 00 01 61 00")]
    [InlineData("A2 05 00 00 00 01 61")]
    public void Nor_is_it_in_3_1_1(string hex) => Assert.Equal(ReasonCode.ProtocolError, Bytes.FaultOf(Bytes.Hex(hex), MqttVersion.V311));

    [Theory]
    [Trait("mqtt", "MQTT-3.3.1-4")]
    [Trait("mqtt-3.1.1", "MQTT-3.3.1-4")]
    [InlineData("36 06 00 01 61 00 01 00")]
    [InlineData("3E 06 00 01 61 00 01 00")]
    public void There_is_no_QoS_3(string hex) => AssertFaultInBoth(ReasonCode.MalformedPacket, hex);

    [Fact]
    [Trait("mqtt", "MQTT-3.3.1-2")]
    [Trait("mqtt-3.1.1", "MQTT-3.3.1-2")]
    public void There_is_no_DUP_with_QoS_0() => AssertFaultInBoth(ReasonCode.MalformedPacket, "38 04 00 01 61 00");

    [Theory]
    [Trait("mqtt", "MQTT-3.3.2-2")]
    [Trait("mqtt", "MQTT-4.7.0-1")]
    [Trait("mqtt-3.1.1", "MQTT-3.3.2-2")]
    [Trait("mqtt-3.1.1", "MQTT-4.7.1-1")]
    [InlineData("30 04 00 01 2B 00")]
    [InlineData("30 06 00 03 61 2F 23 00")]
    public void A_topic_name_has_no_wildcards(string hex) => AssertFaultInBoth(ReasonCode.TopicNameInvalid, hex);

    [Fact]
    [Trait("mqtt", "MQTT-4.7.3-1")]
    [Trait("mqtt-3.1.1", "MQTT-4.7.3-1")]
    public void A_topic_name_is_not_empty_without_an_alias()
    {
        AssertFault(ReasonCode.ProtocolError, "30 03 00 00 00");
        Assert.Equal(ReasonCode.ProtocolError, Bytes.FaultOf(Bytes.Hex("30 02 00 00"), MqttVersion.V311));
    }

    [Theory]
    [Trait("mqtt", "MQTT-3.3.2-8")]
    [Trait("mqtt", "MQTT-3.3.2-14")]
    [InlineData("30 07 00 01 61 03 23 00 00", ReasonCode.TopicAliasInvalid)] // [MQTT-3.3.2-8]
    [InlineData("30 06 00 01 61 02 0B 00", ReasonCode.ProtocolError)] // subscription identifier 0
    [InlineData("30 06 00 01 61 02 01 02", ReasonCode.ProtocolError)] // payload format 2
    [InlineData("30 08 00 01 61 04 01 00 01 00", ReasonCode.ProtocolError)] // twice
    [InlineData("30 0A 00 01 61 06 23 00 01 23 00 01", ReasonCode.ProtocolError)] // twice
    [InlineData("30 08 00 01 61 04 08 00 01 2B", ReasonCode.ProtocolError)] // response topic with wildcard [MQTT-3.3.2-14]
    [InlineData("30 07 00 01 61 03 08 00 00", ReasonCode.ProtocolError)] // empty response topic
    [InlineData("30 07 00 01 61 03 21 00 01", ReasonCode.MalformedPacket)] // receive maximum in PUBLISH
    [InlineData("30 05 00 01 61 01 00", ReasonCode.MalformedPacket)] // unknown
    [InlineData("30 05 00 01 61 01 7F", ReasonCode.MalformedPacket)] // unknown
    [InlineData("30 06 00 01 61 02 FF 01", ReasonCode.MalformedPacket)] // unknown, two bytes
    [InlineData("30 07 00 01 61 03 81 02 01", ReasonCode.MalformedPacket)] // 0x101, whose last byte is one that is known
    [InlineData("30 09 00 01 61 05 18 00 00 00 01", ReasonCode.MalformedPacket)] // will delay outside a will
    [InlineData("40 06 00 01 00 02 01 00", ReasonCode.MalformedPacket)] // payload format in PUBACK
    [InlineData("82 0B 00 01 04 0B 01 0B 02 00 01 61 00", ReasonCode.ProtocolError)] // two subscription identifiers in SUBSCRIBE
    [InlineData("E0 07 00 05 13 00 0A 13 00", ReasonCode.MalformedPacket)] // server keep alive in DISCONNECT
    public void A_property_is_where_and_what_and_as_often_as_it_may_be(string hex, ReasonCode reason) => AssertFault(reason, hex);

    [Theory]
    [Trait("mqtt", "MQTT-3.2.2-8")]
    [Trait("mqtt", "MQTT-3.4.2-1")]
    [Trait("mqtt", "MQTT-3.5.2-1")]
    [Trait("mqtt", "MQTT-3.6.2-1")]
    [Trait("mqtt", "MQTT-3.7.2-1")]
    [Trait("mqtt", "MQTT-3.9.3-2")]
    [Trait("mqtt", "MQTT-3.11.3-2")]
    [Trait("mqtt", "MQTT-3.14.2-1")]
    [Trait("mqtt", "MQTT-3.15.2-1")]
    [InlineData("20 03 00 ?? 00", "00 80-8A 8C 90 95 97 99-9D 9F")]
    [InlineData("40 04 00 01 ?? 00", "00 10 80 83 87 90 91 97 99")]
    [InlineData("50 04 00 01 ?? 00", "00 10 80 83 87 90 91 97 99")]
    [InlineData("62 04 00 01 ?? 00", "00 92")]
    [InlineData("70 04 00 01 ?? 00", "00 92")]
    [InlineData("90 04 00 01 00 ??", "00-02 80 83 87 8F 91 97 9E A1 A2")]
    [InlineData("B0 04 00 01 00 ??", "00 11 80 83 87 8F 91")]
    [InlineData("E0 02 ?? 00", "00 04 80-83 87 89 8B-90 93-A2")] // 0x8C by the table of section 2.4
    [InlineData("F0 06 ?? 04 15 00 01 61", "00 18 19")]
    public void A_reason_code_is_one_of_its_packets(string hex, string codes)
    {
        var known = codes.Split(' ').Select(range => range.Split('-')).SelectMany(range =>
            Enumerable.Range(Convert.ToInt32(range[0], 16), Convert.ToInt32(range[^1], 16) - Convert.ToInt32(range[0], 16) + 1)).ToHashSet();
        for (var code = 0; code < 256; code++)
        {
            var bytes = Bytes.Hex(hex.Replace("??", $"{code:X2}", StringComparison.Ordinal));
            if (known.Contains(code))
            {
                Bytes.Read(bytes, MqttVersion.V500);
            }
            else
            {
                Assert.Equal(ReasonCode.ProtocolError, Bytes.FaultOf(bytes, MqttVersion.V500));
            }
        }
    }

    [Fact]
    [Trait("mqtt-3.1.1", "MQTT-3.9.3-2")]
    public void A_return_code_of_SUBACK_in_3_1_1_is_a_QoS_or_0x80()
    {
        for (var code = 0; code < 256; code++)
        {
            byte[] bytes = [0x90, 3, 0, 1, (byte)code];
            if (code is 0 or 1 or 2 or 0x80)
            {
                Bytes.Read(bytes, MqttVersion.V311);
            }
            else
            {
                Assert.Equal(ReasonCode.ProtocolError, Bytes.FaultOf(bytes, MqttVersion.V311));
            }
        }
    }

    [Theory]
    [InlineData("F0 02 18 00")]
    [InlineData("F0 02 19 00")]
    [InlineData("F0 06 18 04 16 00 01 61")] // data, but no method
    public void An_AUTH_names_its_method(string hex) => AssertFault(ReasonCode.ProtocolError, hex);

    [Fact]
    [Trait("mqtt", "MQTT-3.2.2-1")]
    public void The_reserved_flags_of_CONNACK_are_zero() => AssertFault(ReasonCode.MalformedPacket, "20 03 02 00 00");

    [Theory]
    [Trait("mqtt", "MQTT-3.8.3-2")]
    [Trait("mqtt", "MQTT-3.10.3-2")]
    [Trait("mqtt", "MQTT-4.7.3-1")]
    [InlineData("82 03 00 01 00", ReasonCode.ProtocolError)]
    [InlineData("A2 03 00 01 00", ReasonCode.ProtocolError)]
    [InlineData("82 06 00 01 00 00 00 00", ReasonCode.ProtocolError)] // an empty filter
    [InlineData("A2 05 00 01 00 00 00", ReasonCode.ProtocolError)]
    public void There_is_at_least_one_filter_and_it_is_not_empty(string hex, ReasonCode reason) => AssertFault(reason, hex);

    [Theory]
    [Trait("mqtt-3.1.1", "MQTT-3.8.3-3")]
    [Trait("mqtt-3.1.1", "MQTT-3.10.3-2")]
    [Trait("mqtt-3.1.1", "MQTT-4.7.3-1")]
    [InlineData("82 02 00 01")]
    [InlineData("A2 02 00 01")]
    [InlineData("82 05 00 01 00 00 00")]
    [InlineData("A2 04 00 01 00 00")]
    public void So_it_is_in_3_1_1(string hex) => Assert.Equal(ReasonCode.ProtocolError, Bytes.FaultOf(Bytes.Hex(hex), MqttVersion.V311));

    [Theory]
    [Trait("mqtt", "MQTT-4.7.1-1")]
    [Trait("mqtt", "MQTT-4.7.1-2")]
    [Trait("mqtt-3.1.1", "MQTT-4.7.1-2")]
    [Trait("mqtt-3.1.1", "MQTT-4.7.1-3")]
    [InlineData("sport/tennis#")]
    [InlineData("sport/tennis/#/ranking")]
    [InlineData("#/")]
    [InlineData("##")]
    [InlineData("sport+")]
    [InlineData("+sport/x")]
    [InlineData("a/++/b")]
    [InlineData("+/+a")]
    public void A_wildcard_has_its_level_to_itself(string filter)
    {
        foreach (var version in Enum.GetValues<MqttVersion>())
        {
            Assert.Equal(ReasonCode.TopicFilterInvalid, FaultOfFilter(filter, version));
        }
    }

    [Theory]
    [Trait("mqtt", "MQTT-4.7.1-1")]
    [Trait("mqtt", "MQTT-4.7.1-2")]
    [Trait("mqtt-3.1.1", "MQTT-4.7.1-2")]
    [Trait("mqtt-3.1.1", "MQTT-4.7.1-3")]
    [InlineData("#")]
    [InlineData("+")]
    [InlineData("/+")]
    [InlineData("+/+/#")]
    [InlineData("a/+/b/#")]
    [InlineData("$share/group/+/#")]
    [InlineData("$share/group//")]
    [InlineData("$shared")]
    public void A_filter_with_wildcards_in_their_places_is_read(string filter)
    {
        foreach (var version in Enum.GetValues<MqttVersion>())
        {
            Assert.Equal(filter, Assert.Single(((SubscribePacket)Bytes.Read(SubscribeTo(filter, version), version)).Subscriptions).Filter);
        }
    }

    [Theory]
    [Trait("mqtt", "MQTT-4.8.2-1")]
    [Trait("mqtt", "MQTT-4.8.2-2")]
    [InlineData("$share/", ReasonCode.TopicFilterInvalid)]
    [InlineData("$share//a", ReasonCode.TopicFilterInvalid)] // no name
    [InlineData("$share/group", ReasonCode.TopicFilterInvalid)] // no filter
    [InlineData("$share/gr+up/a", ReasonCode.TopicFilterInvalid)]
    [InlineData("$share/#/a", ReasonCode.TopicFilterInvalid)]
    [InlineData("$share/group/a#", ReasonCode.TopicFilterInvalid)]
    [InlineData("$share/group/", ReasonCode.ProtocolError)] // an empty filter
    public void A_shared_subscription_has_a_name_and_a_filter(string filter, ReasonCode reason) =>
        Assert.Equal(reason, FaultOfFilter(filter, MqttVersion.V500));

    [Theory]
    [Trait("mqtt", "MQTT-3.8.3-4")]
    [Trait("mqtt", "MQTT-3.8.3-5")]
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
    [InlineData("82 06 00 01 00 01 61 80")]
    [Trait("mqtt-3.1.1", "MQTT-3-8.3-4")]
    public void In_3_1_1_a_subscription_has_a_QoS_and_nothing_else(string hex) =>
        Assert.Equal(ReasonCode.MalformedPacket, Bytes.FaultOf(Bytes.Hex(hex), MqttVersion.V311));

    [Fact]
    [Trait("mqtt-3.1.1", "MQTT-3-8.3-4")]
    public void And_that_QoS_is_not_3() =>
        Assert.Equal(ReasonCode.ProtocolError, Bytes.FaultOf(Bytes.Hex("82 06 00 01 00 01 61 03"), MqttVersion.V311));

    [Fact]
    [Trait("mqtt", "MQTT-3.1.2-3")]
    [Trait("mqtt-3.1.1", "MQTT-3.1.2-3")]
    public void The_reserved_flag_of_CONNECT_is_0()
    {
        Assert.Equal(ReasonCode.MalformedPacket, Bytes.FaultOf(Connect("04 03 00 00 00 01 61"), null));
        Assert.Equal(ReasonCode.MalformedPacket, Bytes.FaultOf(Connect("05 03 00 00 00 00 01 61"), null));
    }

    [Theory]
    [Trait("mqtt", "MQTT-3.1.2-9")]
    [Trait("mqtt", "MQTT-3.1.2-11")]
    [Trait("mqtt", "MQTT-3.1.2-12")]
    [Trait("mqtt", "MQTT-3.1.2-13")]
    [Trait("mqtt-3.1.1", "MQTT-3.1.2-9")]
    [Trait("mqtt-3.1.1", "MQTT-3.1.2-11")]
    [Trait("mqtt-3.1.1", "MQTT-3.1.2-13")]
    [Trait("mqtt-3.1.1", "MQTT-3.1.2-14")]
    [Trait("mqtt-3.1.1", "MQTT-3.1.2-15")]
    [InlineData("04 1E 00 00 00 01 61 00 01 61 00 00")] // will QoS 3
    [InlineData("04 0A 00 00 00 01 61")] // will QoS without a will
    [InlineData("04 22 00 00 00 01 61")] // will retain without a will
    [InlineData("04 06 00 00 00 01 61")] // a will, but no topic
    [InlineData("04 06 00 00 00 01 61 00 01 61")] // a will, but no message
    [InlineData("04 02 00 00 00 01 61 00 01 61 00 00")] // no will, but a topic and a message
    [InlineData("05 1E 00 00 00 00 00 00 00 01 61 00 00")]
    [InlineData("05 0A 00 00 00 00 00")]
    [InlineData("05 22 00 00 00 00 00")]
    [InlineData("05 06 00 00 00 00 00")] // a will, but no properties
    [InlineData("05 06 00 00 00 00 00 00")]
    [InlineData("05 06 00 00 00 00 00 00 00 01 61")]
    [InlineData("05 02 00 00 00 00 00 00 00 01 61 00 00")]
    public void A_will_is_there_with_all_that_belongs_to_it_or_not_at_all(string rest) =>
        Assert.Equal(ReasonCode.MalformedPacket, Bytes.FaultOf(Connect(rest), null));

    [Theory]
    [Trait("mqtt", "MQTT-3.1.2-16")]
    [Trait("mqtt", "MQTT-3.1.2-17")]
    [Trait("mqtt", "MQTT-3.1.2-18")]
    [Trait("mqtt", "MQTT-3.1.2-19")]
    [Trait("mqtt-3.1.1", "MQTT-3.1.2-18")]
    [Trait("mqtt-3.1.1", "MQTT-3.1.2-19")]
    [Trait("mqtt-3.1.1", "MQTT-3.1.2-20")]
    [Trait("mqtt-3.1.1", "MQTT-3.1.2-21")]
    [InlineData("04 82 00 00 00 01 61")] // a user name, but none there
    [InlineData("04 02 00 00 00 01 61 00 01 75")] // none, but one there
    [InlineData("04 C2 00 00 00 01 61 00 01 75")] // a password, but none there
    [InlineData("04 82 00 00 00 01 61 00 01 75 00 01 70")] // none, but one there
    [InlineData("05 82 00 00 00 00 01 61")]
    [InlineData("05 02 00 00 00 00 01 61 00 01 75")]
    [InlineData("05 C2 00 00 00 00 01 61 00 01 75")]
    [InlineData("05 42 00 00 00 00 01 61")]
    [InlineData("05 82 00 00 00 00 01 61 00 01 75 00 01 70")]
    public void A_user_name_and_a_password_are_there_when_their_flags_say_so(string rest) =>
        Assert.Equal(ReasonCode.MalformedPacket, Bytes.FaultOf(Connect(rest), null));

    [Fact]
    [Trait("mqtt-3.1.1", "MQTT-3.1.2-22")]
    public void In_3_1_1_there_is_no_password_without_a_user_name() =>
        Assert.Equal(ReasonCode.MalformedPacket, Bytes.FaultOf(Connect("04 42 00 00 00 01 61 00 01 70"), null));

    [Theory]
    [Trait("mqtt", "MQTT-3.1.3-3")]
    [Trait("mqtt", "MQTT-3.1.3-4")]
    [Trait("mqtt", "MQTT-3.1.3-11")]
    [Trait("mqtt", "MQTT-3.1.3-12")]
    [Trait("mqtt-3.1.1", "MQTT-3.1.3-3")]
    [Trait("mqtt-3.1.1", "MQTT-3.1.3-4")]
    [Trait("mqtt-3.1.1", "MQTT-3.1.3-10")]
    [Trait("mqtt-3.1.1", "MQTT-3.1.3-11")]
    [InlineData("04 02 00 00")] // no client identifier
    [InlineData("04 02 00 00 00 01 FF")] // one that is no string
    [InlineData("04 06 00 00 00 00 00 01 FF 00 00")] // a will topic that is none
    [InlineData("04 82 00 00 00 00 00 01 FF")] // a user name that is none
    [InlineData("05 02 00 00 00")]
    [InlineData("05 02 00 00 00 00 01 FF")]
    [InlineData("05 06 00 00 00 00 00 00 00 01 FF 00 00")]
    [InlineData("05 82 00 00 00 00 00 00 01 FF")]
    [InlineData("05 82 00 00 00 00 00 00 01 00")]
    public void The_names_in_CONNECT_are_strings(string rest) =>
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
    [Trait("mqtt", "MQTT-3.1.2-1")]
    [Trait("mqtt", "MQTT-3.1.2-2")]
    [Trait("mqtt-3.1.1", "MQTT-3.1.2-1")]
    [Trait("mqtt-3.1.1", "MQTT-3.1.2-2")]
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

    private static byte[] SubscribeTo(string filter, MqttVersion version) =>
        Bytes.Of(new SubscribePacket { PacketId = 1, Subscriptions = [new(filter, Qos.AtLeastOnce)] }, version);

    /// <summary>What SUBSCRIBE and UNSUBSCRIBE both say.</summary>
    private static ReasonCode FaultOfFilter(string filter, MqttVersion version)
    {
        var fault = Bytes.FaultOf(SubscribeTo(filter, version), version);
        Assert.Equal(fault, Bytes.FaultOf(Bytes.Of(new UnsubscribePacket { PacketId = 1, Filters = [filter] }, version), version));
        return fault;
    }

    private static void AssertFaultInBoth(ReasonCode reason, string hex) =>
        Assert.All(Enum.GetValues<MqttVersion>(), version => Assert.Equal(reason, Bytes.FaultOf(Bytes.Hex(hex), version)));

    private static void AssertFault(ReasonCode reason, string hex) => Assert.Equal(reason, Bytes.FaultOf(Bytes.Hex(hex), MqttVersion.V500));
}
