namespace OrleansIoT.DeviceEdge.Mqtt.Packets;

/// <summary>The message that the server publishes when the connection ends badly (section 3.1.2.5).</summary>
public sealed record ConnectWill(string Topic, ReadOnlyMemory<byte> Payload, Qos Qos, bool Retain)
{
    public Properties Properties { get; init; } = Properties.None;
}

/// <summary>CONNECT (section 3.1): the client's first packet.</summary>
public sealed class ConnectPacket : MqttPacket
{
    private const byte Reserved = 0x01, CleanStartFlag = 0x02, WillFlag = 0x04, WillQos = 0x18, WillRetain = 0x20, PasswordFlag = 0x40, UserNameFlag = 0x80;

    public required MqttVersion Version { get; init; }

    /// <summary>Clean Session in 3.1.1.</summary>
    public bool CleanStart { get; init; } = true;

    /// <summary>Seconds; 0 for none.</summary>
    public ushort KeepAlive { get; init; }
    public string ClientId { get; init; } = "";
    public ConnectWill? Will { get; init; }
    public string? UserName { get; init; }
    public ReadOnlyMemory<byte>? Password { get; init; }
    public Properties Properties { get; init; } = Properties.None;

    public override PacketType Type => PacketType.Connect;

    /// <summary>
    /// The version in which the sender of this CONNECT understands a CONNACK, also when it asked for a version that is
    /// not spoken here; null if it does not speak MQTT.
    /// </summary>
    internal static MqttVersion? AnswerVersion(ReadOnlySpan<byte> body)
    {
        var wire = new WireReader(body);
        var name = wire.Prefixed();
        return (name.SequenceEqual("MQTT"u8), name.SequenceEqual("MQIsdp"u8)) switch
        {
            (true, _) => wire.Byte() < (byte)MqttVersion.V500 ? MqttVersion.V311 : MqttVersion.V500,
            (_, true) => MqttVersion.V311,
            _ => null,
        };
    }

    internal static ConnectPacket Read(ref WireReader wire)
    {
        var name = wire.Prefixed();
        var isMqtt = name.SequenceEqual("MQTT"u8); // [MQTT-3.1.2-1]
        var version = (MqttVersion)wire.Byte();
        if (!isMqtt || version is not (MqttVersion.V311 or MqttVersion.V500))
        {
            throw new MqttProtocolException(ReasonCode.UnsupportedProtocolVersion, "The protocol is MQTT 3.1.1 or 5.0."); // [MQTT-3.1.2-2]
        }

        var flags = wire.Byte();
        CheckFlags(flags, version);
        var keepAlive = wire.UInt16();
        var properties = version == MqttVersion.V500 ? ReadProperties(ref wire) : Properties.None;
        var clientId = wire.String();
        var will = (flags & WillFlag) != 0 ? ReadWill(ref wire, version, flags) : null;
        return new ConnectPacket
        {
            Version = version,
            CleanStart = (flags & CleanStartFlag) != 0,
            KeepAlive = keepAlive,
            Properties = properties,
            ClientId = clientId,
            Will = will,
            UserName = (flags & UserNameFlag) != 0 ? wire.String() : null,
            Password = (flags & PasswordFlag) != 0 ? wire.Prefixed().ToArray() : default(ReadOnlyMemory<byte>?),
        };
    }

    internal override void Write(WireWriter wire, MqttVersion version)
    {
        wire.Prefixed("MQTT"u8);
        wire.Byte((byte)Version);
        wire.Byte((byte)(
            (CleanStart ? CleanStartFlag : 0)
            | (Will is null ? 0 : WillFlag | ((byte)Will.Qos << 3) | (Will.Retain ? WillRetain : 0))
            | (Password is null ? 0 : PasswordFlag)
            | (UserName is null ? 0 : UserNameFlag)));
        wire.UInt16(KeepAlive);
        if (Version == MqttVersion.V500)
        {
            Properties.Write(wire);
        }

        wire.String(ClientId);
        if (Will is { } will)
        {
            if (Version == MqttVersion.V500)
            {
                will.Properties.Write(wire);
            }

            wire.String(will.Topic);
            wire.Prefixed(will.Payload.Span);
        }

        if (UserName is not null)
        {
            wire.String(UserName);
        }

        if (Password is { } password)
        {
            wire.Prefixed(password.Span);
        }
    }

    private static void CheckFlags(byte flags, MqttVersion version)
    {
        if ((flags & Reserved) != 0) // [MQTT-3.1.2-3]
        {
            throw MqttProtocolException.Malformed("The reserved flag of CONNECT is 0.");
        }

        if ((flags & WillQos) == WillQos) // [MQTT-3.1.2-12]
        {
            throw MqttProtocolException.Malformed("There is no QoS 3.");
        }

        if ((flags & WillFlag) == 0 && (flags & (WillQos | WillRetain)) != 0) // [MQTT-3.1.2-11], [MQTT-3.1.2-13]
        {
            throw MqttProtocolException.Malformed("Without a will, its QoS and its retain flag are 0.");
        }

        if (version == MqttVersion.V311 && (flags & (UserNameFlag | PasswordFlag)) == PasswordFlag) // 3.1.1 [MQTT-3.1.2-22]
        {
            throw MqttProtocolException.Malformed("In MQTT 3.1.1 there is no password without a user name.");
        }
    }

    private static Properties ReadProperties(ref WireReader wire)
    {
        var properties = Properties.Read(ref wire, PropertyPlace.Connect);
        return properties.AuthenticationData is null || properties.AuthenticationMethod is not null
            ? properties
            : throw MqttProtocolException.Protocol("There is no authentication data without a method."); // section 3.1.2.11.10
    }

    private static ConnectWill ReadWill(ref WireReader wire, MqttVersion version, byte flags)
    {
        var properties = version == MqttVersion.V500 ? Properties.Read(ref wire, PropertyPlace.Will) : Properties.None;
        var topic = wire.String();
        PublishPacket.CheckTopic(topic, properties, mayBeEmpty: false);
        return new ConnectWill(topic, wire.Prefixed().ToArray(), (Qos)((flags & WillQos) >> 3), (flags & WillRetain) != 0)
        {
            Properties = properties,
        };
    }
}

/// <summary>CONNACK (section 3.2): the server's first packet.</summary>
public sealed class ConnAckPacket : MqttPacket
{
    public bool SessionPresent { get; init; }
    public ReasonCode Reason { get; init; }
    public Properties Properties { get; init; } = Properties.None;

    public override PacketType Type => PacketType.ConnAck;

    /// <summary>
    /// The return code of 3.1.1 (its section 3.2.2.3) for a reason; null if none applies, and then the connection is
    /// closed without a CONNACK [3.1.1:MQTT-3.2.2-6].
    /// </summary>
    public static byte? ReturnCode(ReasonCode reason) => reason switch
    {
        ReasonCode.Success => 0,
        ReasonCode.UnsupportedProtocolVersion => 1,
        ReasonCode.ClientIdentifierNotValid => 2,
        ReasonCode.ServerUnavailable or ReasonCode.ServerBusy or ReasonCode.ServerShuttingDown
            or ReasonCode.QuotaExceeded or ReasonCode.ConnectionRateExceeded => 3,
        ReasonCode.BadUserNameOrPassword => 4,
        ReasonCode.NotAuthorized or ReasonCode.Banned => 5,
        _ => null,
    };

    internal static ConnAckPacket Read(ref WireReader wire, MqttVersion version)
    {
        var flags = wire.Byte();
        if (flags > 1)
        {
            throw MqttProtocolException.Malformed("The reserved flags of CONNACK are 0."); // [MQTT-3.2.2-1]
        }

        var code = wire.Byte();
        var reason = version == MqttVersion.V500 ? (ReasonCode)code : FromReturnCode(code);
        if (version == MqttVersion.V500 && reason is not (ReasonCode.Success or (>= ReasonCode.UnspecifiedError and <= ReasonCode.Banned)
            or ReasonCode.BadAuthenticationMethod
            or ReasonCode.TopicNameInvalid or ReasonCode.PacketTooLarge or ReasonCode.QuotaExceeded or ReasonCode.PayloadFormatInvalid
            or ReasonCode.RetainNotSupported or ReasonCode.QosNotSupported or ReasonCode.UseAnotherServer or ReasonCode.ServerMoved
            or ReasonCode.ConnectionRateExceeded))
        {
            throw MqttProtocolException.Protocol("CONNACK does not have this reason code."); // [MQTT-3.2.2-8]
        }

        return new ConnAckPacket
        {
            SessionPresent = flags == 1,
            Reason = reason,
            Properties = version == MqttVersion.V500 ? Properties.Read(ref wire, PropertyPlace.ConnAck) : Properties.None,
        };
    }

    internal override void Write(WireWriter wire, MqttVersion version)
    {
        wire.Byte(SessionPresent ? (byte)1 : (byte)0);
        if (version == MqttVersion.V500)
        {
            wire.Byte((byte)Reason);
            Properties.Write(wire);
        }
        else
        {
            wire.Byte(ReturnCode(Reason) ?? throw new InvalidOperationException($"MQTT 3.1.1 has no return code for {Reason}."));
        }
    }

    internal override MqttPacket WithoutReasonString() =>
        new ConnAckPacket { SessionPresent = SessionPresent, Reason = Reason, Properties = Properties.WithoutReasonString() };

    private static ReasonCode FromReturnCode(byte code) => code switch
    {
        0 => ReasonCode.Success,
        1 => ReasonCode.UnsupportedProtocolVersion,
        2 => ReasonCode.ClientIdentifierNotValid,
        3 => ReasonCode.ServerUnavailable,
        4 => ReasonCode.BadUserNameOrPassword,
        5 => ReasonCode.NotAuthorized,
        _ => throw MqttProtocolException.Protocol("CONNACK does not have this return code."),
    };
}
