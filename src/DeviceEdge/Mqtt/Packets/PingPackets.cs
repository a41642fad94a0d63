namespace OrleansIoT.DeviceEdge.Mqtt.Packets;

/// <summary>PINGREQ (section 3.12).</summary>
public sealed class PingReqPacket : MqttPacket
{
    public static readonly PingReqPacket Instance = new();

    private PingReqPacket()
    {
    }

    public override PacketType Type => PacketType.PingReq;

    internal override void Write(WireWriter wire, MqttVersion version)
    {
    }
}

/// <summary>PINGRESP (section 3.13).</summary>
public sealed class PingRespPacket : MqttPacket
{
    public static readonly PingRespPacket Instance = new();

    private PingRespPacket()
    {
    }

    public override PacketType Type => PacketType.PingResp;

    internal override void Write(WireWriter wire, MqttVersion version)
    {
    }
}
