namespace OrleansIoT.DeviceEdge.Mqtt.Packets;

/// <summary>DISCONNECT (section 3.14): the last packet of either side; in 3.1.1 only the client has one, without a reason.</summary>
public sealed class DisconnectPacket : MqttPacket
{
    public ReasonCode Reason { get; init; }
    public Properties Properties { get; init; } = Properties.None;

    public override PacketType Type => PacketType.Disconnect;

    internal static DisconnectPacket Read(ref WireReader wire, MqttVersion version)
    {
        if (version == MqttVersion.V311 || wire.AtEnd)
        {
            return new DisconnectPacket();
        }

        var reason = (ReasonCode)wire.Byte();
        if (!MayHave(reason))
        {
            throw MqttProtocolException.Protocol("DISCONNECT does not have this reason code."); // [MQTT-3.14.2-1]
        }

        return new DisconnectPacket
        {
            Reason = reason,
            Properties = wire.AtEnd ? Properties.None : Properties.Read(ref wire, PropertyPlace.Disconnect),
        };
    }

    internal override void Write(WireWriter wire, MqttVersion version)
    {
        if (version == MqttVersion.V500 && !(Reason == ReasonCode.Success && Properties.IsEmpty))
        {
            wire.Byte((byte)Reason);
            Properties.Write(wire);
        }
    }

    internal override MqttPacket WithoutReasonString() =>
        new DisconnectPacket { Reason = Reason, Properties = Properties.WithoutReasonString() };

    private static bool MayHave(ReasonCode reason) => reason
        is ReasonCode.Success or ReasonCode.DisconnectWithWillMessage
        or (>= ReasonCode.UnspecifiedError and <= ReasonCode.ImplementationSpecificError)
        or ReasonCode.NotAuthorized or ReasonCode.ServerBusy or ReasonCode.ServerShuttingDown or ReasonCode.BadAuthenticationMethod
        or (>= ReasonCode.KeepAliveTimeout and <= ReasonCode.TopicNameInvalid)
        or (>= ReasonCode.ReceiveMaximumExceeded and <= ReasonCode.WildcardSubscriptionsNotSupported);
}

/// <summary>AUTH (section 3.15, 5.0 only): a step of an enhanced authentication.</summary>
public sealed class AuthPacket : MqttPacket
{
    public ReasonCode Reason { get; init; }
    public Properties Properties { get; init; } = Properties.None;

    public override PacketType Type => PacketType.Auth;

    internal static AuthPacket Read(ref WireReader wire)
    {
        if (wire.AtEnd)
        {
            return new AuthPacket();
        }

        var reason = (ReasonCode)wire.Byte();
        if (reason is not (ReasonCode.Success or ReasonCode.ContinueAuthentication or ReasonCode.ReAuthenticate))
        {
            throw MqttProtocolException.Protocol("AUTH does not have this reason code."); // [MQTT-3.15.2-1]
        }

        var properties = Properties.Read(ref wire, PropertyPlace.Auth);
        return reason == ReasonCode.Success || properties.AuthenticationMethod is not null
            ? new AuthPacket { Reason = reason, Properties = properties }
            : throw MqttProtocolException.Protocol("AUTH names its authentication method."); // section 3.15.2.2.2
    }

    internal override void Write(WireWriter wire, MqttVersion version)
    {
        if (!(Reason == ReasonCode.Success && Properties.IsEmpty))
        {
            wire.Byte((byte)Reason);
            Properties.Write(wire);
        }
    }

    internal override MqttPacket WithoutReasonString() =>
        new AuthPacket { Reason = Reason, Properties = Properties.WithoutReasonString() };
}
