using OrleansIoT.DeviceEdge.Mqtt.Packets;

namespace OrleansIoT.DeviceEdge.Mqtt;

/// <summary>One control packet. Its class reads and writes it, one file a family, named as the specification does.</summary>
public abstract class MqttPacket
{
    public abstract PacketType Type { get; }

    /// <summary>The lower half of the first byte (section 2.1.3).</summary>
    internal virtual byte Flags => FlagsOf(Type);

    /// <summary>What follows the written body as it is, so that a payload is not copied twice.</summary>
    internal virtual ReadOnlyMemory<byte> Tail => default;

    internal abstract void Write(WireWriter wire, MqttVersion version);

    /// <summary>The same packet without a reason string, which is the first thing to go when a packet would be too large.</summary>
    internal virtual MqttPacket WithoutReasonString() => this;

    /// <summary>The one switch from type to packet.</summary>
    internal static MqttPacket Read(byte first, ReadOnlySpan<byte> body, MqttVersion version, TopicNames topics)
    {
        var wire = new WireReader(body);
        MqttPacket packet = (PacketType)(first >> 4) switch
        {
            PacketType.Connect => ConnectPacket.Read(ref wire),
            PacketType.ConnAck => ConnAckPacket.Read(ref wire, version),
            PacketType.Publish => PublishPacket.Read(ref wire, version, first, topics),
            (PacketType.PubAck or PacketType.PubRec or PacketType.PubRel or PacketType.PubComp) and var type =>
                AckPacket.Read(ref wire, version, type),
            PacketType.Subscribe => SubscribePacket.Read(ref wire, version),
            PacketType.SubAck => SubAckPacket.Read(ref wire, version),
            PacketType.Unsubscribe => UnsubscribePacket.Read(ref wire, version),
            PacketType.UnsubAck => UnsubAckPacket.Read(ref wire, version),
            PacketType.PingReq => PingReqPacket.Instance,
            PacketType.PingResp => PingRespPacket.Instance,
            PacketType.Disconnect => DisconnectPacket.Read(ref wire, version),
            PacketType.Auth => AuthPacket.Read(ref wire),
            _ => throw MqttProtocolException.Malformed("There is no such packet type."),
        };
        wire.ExpectEnd();
        return packet;
    }

    /// <summary>Refuses a first byte that no packet begins with, before anything else of it has arrived.</summary>
    internal static void CheckFirst(byte first, MqttVersion? version)
    {
        var type = (PacketType)(first >> 4);
        if (version is null && type != PacketType.Connect)
        {
            throw MqttProtocolException.Protocol("The first packet is a CONNECT."); // [MQTT-3.1.0-1]
        }

        if (type == 0 || (type == PacketType.Auth && version == MqttVersion.V311))
        {
            throw MqttProtocolException.Malformed("There is no such packet type.");
        }

        if (type != PacketType.Publish && (first & 0x0F) != FlagsOf(type))
        {
            throw MqttProtocolException.Malformed("The flags of the fixed header are the type's."); // [MQTT-2.1.3-1]
        }
    }

    internal static byte FlagsOf(PacketType type) =>
        type is PacketType.PubRel or PacketType.Subscribe or PacketType.Unsubscribe ? (byte)0b0010 : (byte)0;
}
