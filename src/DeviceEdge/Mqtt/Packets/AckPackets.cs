namespace OrleansIoT.DeviceEdge.Mqtt.Packets;

/// <summary>
/// PUBACK, PUBREC, PUBREL and PUBCOMP (sections 3.4 to 3.7): the four acknowledgements of a PUBLISH, which differ in
/// nothing but their type and the reason codes they may have.
/// </summary>
public sealed class AckPacket(PacketType type, ushort packetId, ReasonCode reason = ReasonCode.Success) : MqttPacket
{
    public override PacketType Type => type;
    public ushort PacketId => packetId;
    public ReasonCode Reason => reason;
    public Properties Properties { get; init; } = Properties.None;

    internal static AckPacket Read(ref WireReader wire, MqttVersion version, PacketType type)
    {
        var id = wire.PacketId();
        if (version == MqttVersion.V311 || wire.AtEnd)
        {
            return new AckPacket(type, id);
        }

        var reason = (ReasonCode)wire.Byte();
        if (!MayHave(type, reason))
        {
            throw MqttProtocolException.Protocol($"{type} does not have this reason code."); // [MQTT-3.4.2-1] and its like
        }

        return new AckPacket(type, id, reason)
        {
            Properties = wire.AtEnd ? Properties.None : Properties.Read(ref wire, type.Place()),
        };
    }

    internal override void Write(WireWriter wire, MqttVersion version)
    {
        wire.UInt16(PacketId);
        if (version == MqttVersion.V311 || (Reason == ReasonCode.Success && Properties.IsEmpty))
        {
            return;
        }

        wire.Byte((byte)Reason);
        if (!Properties.IsEmpty)
        {
            Properties.Write(wire);
        }
    }

    internal override MqttPacket WithoutReasonString() =>
        new AckPacket(Type, PacketId, Reason) { Properties = Properties.WithoutReasonString() };

    private static bool MayHave(PacketType type, ReasonCode reason) => type is PacketType.PubAck or PacketType.PubRec
        ? reason is ReasonCode.Success or ReasonCode.NoMatchingSubscribers or ReasonCode.UnspecifiedError
            or ReasonCode.ImplementationSpecificError or ReasonCode.NotAuthorized or ReasonCode.TopicNameInvalid
            or ReasonCode.PacketIdentifierInUse or ReasonCode.QuotaExceeded or ReasonCode.PayloadFormatInvalid
        : reason is ReasonCode.Success or ReasonCode.PacketIdentifierNotFound;
}
