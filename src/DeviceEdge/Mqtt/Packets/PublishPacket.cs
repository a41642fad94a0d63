namespace OrleansIoT.DeviceEdge.Mqtt.Packets;

/// <summary>PUBLISH (section 3.3): a message, in either direction.</summary>
public sealed class PublishPacket : MqttPacket
{
    /// <summary>Empty when a topic alias stands for it.</summary>
    public required string Topic { get; init; }
    public ReadOnlyMemory<byte> Payload { get; init; }
    public Qos Qos { get; init; }
    public bool Retain { get; init; }

    /// <summary>This may be a redelivery.</summary>
    public bool Dup { get; init; }

    /// <summary>0 for QoS 0, which has none.</summary>
    public ushort PacketId { get; init; }
    public Properties Properties { get; init; } = Properties.None;

    public override PacketType Type => PacketType.Publish;

    internal override byte Flags => (byte)((Dup ? 0b1000 : 0) | ((byte)Qos << 1) | (Retain ? 1 : 0));

    internal override ReadOnlyMemory<byte> Tail => Payload;

    internal static PublishPacket Read(ref WireReader wire, MqttVersion version, byte first, TopicNames topics)
    {
        var qos = (Qos)((first >> 1) & 3);
        var dup = (first & 0b1000) != 0;
        if (qos > Qos.ExactlyOnce)
        {
            throw MqttProtocolException.Malformed("There is no QoS 3."); // [MQTT-3.3.1-4]
        }

        if (dup && qos == Qos.AtMostOnce)
        {
            throw MqttProtocolException.Malformed("There is no DUP with QoS 0."); // [MQTT-3.3.1-2]
        }

        var topic = topics.Get(wire.Prefixed());
        var id = qos == Qos.AtMostOnce ? (ushort)0 : wire.PacketId(); // [MQTT-2.2.1-2], [MQTT-2.2.1-3]
        var properties = version == MqttVersion.V500 ? Properties.Read(ref wire, PropertyPlace.Publish) : Properties.None;
        CheckTopic(topic, properties, mayBeEmpty: properties.TopicAlias is not null);
        return new PublishPacket
        {
            Topic = topic,
            Payload = wire.Rest().ToArray(),
            Qos = qos,
            Retain = (first & 1) != 0,
            Dup = dup,
            PacketId = id,
            Properties = properties,
        };
    }

    internal override void Write(WireWriter wire, MqttVersion version)
    {
        wire.String(Topic);
        if (Qos != Qos.AtMostOnce)
        {
            wire.UInt16(PacketId);
        }

        if (version == MqttVersion.V500)
        {
            Properties.Write(wire);
        }
    }

    /// <summary>The rules for the names in a message, also in a will.</summary>
    internal static void CheckTopic(string topic, Properties properties, bool mayBeEmpty)
    {
        if (topic.Length == 0 && !mayBeEmpty)
        {
            throw MqttProtocolException.Protocol("A topic name has at least one character."); // [MQTT-4.7.3-1]
        }

        if (topic.AsSpan().ContainsAny('+', '#'))
        {
            throw new MqttProtocolException(ReasonCode.TopicNameInvalid, "A topic name has no wildcards."); // [MQTT-3.3.2-2]
        }

        if (properties.ResponseTopic is { } response && (response.Length == 0 || response.AsSpan().ContainsAny('+', '#')))
        {
            throw MqttProtocolException.Protocol("A response topic is a topic name."); // [MQTT-3.3.2-14], [MQTT-4.7.3-1]
        }
    }
}
