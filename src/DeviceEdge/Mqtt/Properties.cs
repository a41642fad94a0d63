using System.Collections.Immutable;
using OrleansIoT.Telemetry;

namespace OrleansIoT.DeviceEdge.Mqtt;

/// <summary>
/// The properties of one packet or of a will, in the order in which they stand on the wire. What is absent is null.
/// They are kept as the bytes that they are there, so that thousands of small ones take no more memory than the packet.
/// </summary>
public sealed class Properties
{
    public static readonly Properties None = new();

    // Making properties never waits, so one scratch a thread serves all.
    [ThreadStatic]
    private static WireWriter? _scratch;

    private byte[] _encoded = [];

    public bool? PayloadFormatIndicator { get => Flag(PropertyId.PayloadFormatIndicator); init => Set(PropertyId.PayloadFormatIndicator, value); }
    public uint? MessageExpiryInterval { get => Number(PropertyId.MessageExpiryInterval); init => Set(PropertyId.MessageExpiryInterval, value); }
    public string? ContentType { get => Text(PropertyId.ContentType); init => Set(PropertyId.ContentType, value); }
    public string? ResponseTopic { get => Text(PropertyId.ResponseTopic); init => Set(PropertyId.ResponseTopic, value); }
    public byte[]? CorrelationData { get => Data(PropertyId.CorrelationData); init => Set(PropertyId.CorrelationData, value); }
    public uint? SessionExpiryInterval { get => Number(PropertyId.SessionExpiryInterval); init => Set(PropertyId.SessionExpiryInterval, value); }
    public string? AssignedClientIdentifier { get => Text(PropertyId.AssignedClientIdentifier); init => Set(PropertyId.AssignedClientIdentifier, value); }
    public ushort? ServerKeepAlive { get => (ushort?)Number(PropertyId.ServerKeepAlive); init => Set(PropertyId.ServerKeepAlive, value); }
    public string? AuthenticationMethod { get => Text(PropertyId.AuthenticationMethod); init => Set(PropertyId.AuthenticationMethod, value); }
    public byte[]? AuthenticationData { get => Data(PropertyId.AuthenticationData); init => Set(PropertyId.AuthenticationData, value); }
    public bool? RequestProblemInformation { get => Flag(PropertyId.RequestProblemInformation); init => Set(PropertyId.RequestProblemInformation, value); }
    public uint? WillDelayInterval { get => Number(PropertyId.WillDelayInterval); init => Set(PropertyId.WillDelayInterval, value); }
    public bool? RequestResponseInformation { get => Flag(PropertyId.RequestResponseInformation); init => Set(PropertyId.RequestResponseInformation, value); }
    public string? ResponseInformation { get => Text(PropertyId.ResponseInformation); init => Set(PropertyId.ResponseInformation, value); }
    public string? ServerReference { get => Text(PropertyId.ServerReference); init => Set(PropertyId.ServerReference, value); }
    public string? ReasonString { get => Text(PropertyId.ReasonString); init => Set(PropertyId.ReasonString, value); }
    public ushort? ReceiveMaximum { get => (ushort?)Number(PropertyId.ReceiveMaximum); init => Set(PropertyId.ReceiveMaximum, value); }
    public ushort? TopicAliasMaximum { get => (ushort?)Number(PropertyId.TopicAliasMaximum); init => Set(PropertyId.TopicAliasMaximum, value); }
    public ushort? TopicAlias { get => (ushort?)Number(PropertyId.TopicAlias); init => Set(PropertyId.TopicAlias, value); }
    public Qos? MaximumQos { get => (Qos?)Number(PropertyId.MaximumQos); init => Set(PropertyId.MaximumQos, (uint?)value); }
    public bool? RetainAvailable { get => Flag(PropertyId.RetainAvailable); init => Set(PropertyId.RetainAvailable, value); }
    public uint? MaximumPacketSize { get => Number(PropertyId.MaximumPacketSize); init => Set(PropertyId.MaximumPacketSize, value); }
    public bool? WildcardSubscriptionAvailable { get => Flag(PropertyId.WildcardSubscriptionAvailable); init => Set(PropertyId.WildcardSubscriptionAvailable, value); }
    public bool? SubscriptionIdentifiersAvailable { get => Flag(PropertyId.SubscriptionIdentifiersAvailable); init => Set(PropertyId.SubscriptionIdentifiersAvailable, value); }
    public bool? SharedSubscriptionAvailable { get => Flag(PropertyId.SharedSubscriptionAvailable); init => Set(PropertyId.SharedSubscriptionAvailable, value); }

    /// <summary>One in SUBSCRIBE; in PUBLISH one for each subscription that matched.</summary>
    public ImmutableArray<uint> SubscriptionIdentifiers
    {
        get
        {
            var ids = ImmutableArray.CreateBuilder<uint>();
            for (var wire = new WireReader(_encoded); Next(ref wire, PropertyId.SubscriptionIdentifier);)
            {
                ids.Add(wire.VarInt());
            }

            return ids.DrainToImmutable();
        }

        init
        {
            var wire = Begin();
            foreach (var id in value)
            {
                wire.Byte((byte)PropertyId.SubscriptionIdentifier);
                wire.VarInt(id);
            }

            End(wire);
        }
    }

    public ImmutableArray<UserProperty> UserProperties
    {
        get
        {
            var properties = ImmutableArray.CreateBuilder<UserProperty>();
            for (var wire = new WireReader(_encoded); Next(ref wire, PropertyId.UserProperty);)
            {
                properties.Add(new UserProperty(wire.String(), wire.String()));
            }

            return properties.DrainToImmutable();
        }

        init
        {
            var wire = Begin();
            foreach (var (name, text) in value)
            {
                wire.Byte((byte)PropertyId.UserProperty);
                wire.String(name);
                wire.String(text);
            }

            End(wire);
        }
    }

    public bool IsEmpty => _encoded.Length == 0;

    internal static Properties Because(string? reason) =>
        reason is null ? None : new Properties { ReasonString = reason };

    /// <summary>The same without what [MQTT-3.2.2-19] and its like say to leave out when a packet would be too large.</summary>
    internal Properties WithoutReasonString()
    {
        var wire = new WireReader(_encoded);
        if (!Next(ref wire, PropertyId.ReasonString))
        {
            return this;
        }

        var start = _encoded.Length - wire.Left - 1; // the identifier is one byte, as all of them
        wire.Prefixed();
        return new Properties { _encoded = [.. _encoded[..start], .. wire.Rest()] };
    }

    /// <summary>Reads the length and the properties of a packet's, or a will's, property field.</summary>
    internal static Properties Read(ref WireReader packet, PropertyPlace place)
    {
        var encoded = packet.Slice(packet.VarInt()).Rest();
        if (encoded.IsEmpty)
        {
            return None;
        }

        ulong seen = 0;
        for (var wire = new WireReader(encoded); !wire.AtEnd;)
        {
            var number = wire.VarInt();
            var rule = PropertyRule.Of(number);
            if ((rule.Places & place) == 0)
            {
                throw MqttProtocolException.Malformed("The packet has a property that does not belong into it."); // section 2.2.2.2
            }

            var id = (PropertyId)number;
            var bit = 1UL << (int)id;
            if ((seen & bit) != 0 && !rule.MayRepeatIn(place))
            {
                throw MqttProtocolException.Protocol($"The property {id} stands there twice.");
            }

            seen |= bit;
            CheckValue(ref wire, id, rule.Type);
        }

        return new Properties { _encoded = encoded.ToArray() };
    }

    /// <summary>In bytes on the wire, without the length in front.</summary>
    internal int Size => _encoded.Length;

    internal void Write(WireWriter wire)
    {
        wire.VarInt((uint)_encoded.Length);
        wire.Bytes(_encoded);
    }

    private static void CheckValue(ref WireReader wire, PropertyId id, PropertyType type)
    {
        switch (type)
        {
            case PropertyType.Data:
                wire.Prefixed();
                break;
            case PropertyType.Pair:
                wire.CheckString();
                wire.CheckString();
                break;
            case PropertyType.Text:
                wire.CheckString();
                break;
            default:
                CheckNumber(id, type, ReadNumber(ref wire, type));
                break;
        }
    }

    private static void CheckNumber(PropertyId id, PropertyType type, uint number)
    {
        switch (id, number)
        {
            case (PropertyId.TopicAlias, 0):
                throw new MqttProtocolException(ReasonCode.TopicAliasInvalid, "A topic alias is not zero."); // [MQTT-3.3.2-8]
            case (PropertyId.ReceiveMaximum or PropertyId.MaximumPacketSize or PropertyId.SubscriptionIdentifier, 0):
                throw MqttProtocolException.Protocol($"The property {id} is not zero.");
            case (_, > 1) when type == PropertyType.Flag:
                throw MqttProtocolException.Protocol($"The property {id} is 0 or 1.");
        }
    }

    private static uint ReadNumber(ref WireReader wire, PropertyType type) => type switch
    {
        PropertyType.Flag => wire.Byte(),
        PropertyType.UInt16 => wire.UInt16(),
        PropertyType.UInt32 => wire.UInt32(),
        _ => wire.VarInt(),
    };

    /// <summary>Goes on to the value of the next property of this kind.</summary>
    private static bool Next(ref WireReader wire, PropertyId id)
    {
        while (!wire.AtEnd)
        {
            var found = (PropertyId)wire.Byte();
            if (found == id)
            {
                return true;
            }

            Skip(ref wire, PropertyRule.Of(found).Type);
        }

        return false;
    }

    private static void Skip(ref WireReader wire, PropertyType type)
    {
        switch (type)
        {
            case PropertyType.Pair:
                wire.Prefixed();
                wire.Prefixed();
                break;
            case PropertyType.Text or PropertyType.Data:
                wire.Prefixed();
                break;
            default:
                ReadNumber(ref wire, type);
                break;
        }
    }

    private uint? Number(PropertyId id)
    {
        var wire = new WireReader(_encoded);
        return Next(ref wire, id) ? ReadNumber(ref wire, PropertyRule.Of(id).Type) : null;
    }

    private bool? Flag(PropertyId id) => Number(id) switch { null => null, var number => number == 1 };

    private string? Text(PropertyId id)
    {
        var wire = new WireReader(_encoded);
        return Next(ref wire, id) ? wire.String() : null;
    }

    private byte[]? Data(PropertyId id)
    {
        var wire = new WireReader(_encoded);
        return Next(ref wire, id) ? wire.Prefixed().ToArray() : null;
    }

    private void Set(PropertyId id, uint? value)
    {
        if (value is not { } number)
        {
            return;
        }

        var wire = Begin();
        wire.Byte((byte)id);
        switch (PropertyRule.Of(id).Type)
        {
            case PropertyType.Flag:
                wire.Byte((byte)number);
                break;
            case PropertyType.UInt16:
                wire.UInt16((ushort)number);
                break;
            default:
                wire.UInt32(number);
                break;
        }

        End(wire);
    }

    private void Set(PropertyId id, bool? value) => Set(id, value switch { null => null, true => 1u, false => 0u });

    private void Set(PropertyId id, string? value)
    {
        if (value is not null)
        {
            var wire = Begin();
            wire.Byte((byte)id);
            wire.String(value);
            End(wire);
        }
    }

    private void Set(PropertyId id, byte[]? value)
    {
        if (value is not null)
        {
            var wire = Begin();
            wire.Byte((byte)id);
            wire.Prefixed(value);
            End(wire);
        }
    }

    private WireWriter Begin()
    {
        var wire = _scratch ??= new WireWriter();
        wire.Clear();
        wire.Bytes(_encoded);
        return wire;
    }

    private void End(WireWriter wire) => _encoded = wire.Written.ToArray();
}
