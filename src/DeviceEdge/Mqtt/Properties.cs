using System.Collections.Immutable;
using System.Text;

namespace OrleansIoT.DeviceEdge.Mqtt;

/// <summary>A name and a value of the sender's own; names may repeat, and their order counts.</summary>
public readonly record struct UserProperty(string Name, string Value);

/// <summary>
/// The properties of one packet or of a will, in the order in which they stand on the wire. What is absent is null.
/// </summary>
public sealed class Properties
{
    public static readonly Properties None = new();

    private readonly List<Entry> _entries = [];

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
        get => [.. from entry in _entries where entry.Id == PropertyId.SubscriptionIdentifier select entry.Number];
        init
        {
            foreach (var id in value)
            {
                Set(PropertyId.SubscriptionIdentifier, id);
            }
        }
    }

    public ImmutableArray<UserProperty> UserProperties
    {
        get => [.. from entry in _entries where entry.Id == PropertyId.UserProperty select new UserProperty(entry.Name!, entry.Text!)];
        init
        {
            foreach (var (name, text) in value)
            {
                _entries.Add(new Entry(PropertyId.UserProperty, Text: text, Name: name));
            }
        }
    }

    public bool IsEmpty => _entries.Count == 0;

    internal static Properties Because(string? reason) =>
        reason is null ? None : new Properties { ReasonString = reason };

    /// <summary>The same without what [MQTT-3.2.2-19] and its like say to leave out when a packet would be too large.</summary>
    internal Properties WithoutReasonString()
    {
        var rest = new Properties();
        rest._entries.AddRange(_entries.Where(entry => entry.Id != PropertyId.ReasonString));
        return rest;
    }

    /// <summary>Reads the length and the properties of a packet's, or a will's, property field.</summary>
    internal static Properties Read(ref WireReader packet, PropertyPlace place)
    {
        var wire = packet.Slice(packet.VarInt());
        if (wire.AtEnd)
        {
            return None;
        }

        var properties = new Properties();
        ulong seen = 0;
        while (!wire.AtEnd)
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
            properties._entries.Add(Entry.Read(ref wire, id, rule.Type));
        }

        return properties;
    }

    internal void Write(WireWriter wire)
    {
        var size = 0;
        foreach (var entry in _entries)
        {
            size += entry.Size;
        }

        wire.VarInt((uint)size);
        foreach (var entry in _entries)
        {
            entry.Write(wire);
        }
    }

    private Entry? Find(PropertyId id)
    {
        foreach (var entry in _entries)
        {
            if (entry.Id == id)
            {
                return entry;
            }
        }

        return null;
    }

    private uint? Number(PropertyId id) => Find(id)?.Number;

    private bool? Flag(PropertyId id) => Find(id)?.Number switch { null => null, var number => number == 1 };

    private string? Text(PropertyId id) => Find(id)?.Text;

    private byte[]? Data(PropertyId id) => Find(id)?.Data;

    private void Set(PropertyId id, uint? value)
    {
        if (value is { } number)
        {
            _entries.Add(new Entry(id, number));
        }
    }

    private void Set(PropertyId id, bool? value) => Set(id, value switch { null => null, true => 1u, false => 0u });

    private void Set(PropertyId id, string? value)
    {
        if (value is not null)
        {
            _entries.Add(new Entry(id, Text: value));
        }
    }

    private void Set(PropertyId id, byte[]? value)
    {
        if (value is not null)
        {
            _entries.Add(new Entry(id, Data: value));
        }
    }

    private readonly record struct Entry(PropertyId Id, uint Number = 0, string? Text = null, string? Name = null, byte[]? Data = null)
    {
        public int Size => 1 + PropertyRule.Of(Id).Type switch
        {
            PropertyType.Flag => 1,
            PropertyType.UInt16 => 2,
            PropertyType.UInt32 => 4,
            PropertyType.VarInt => WireWriter.VarIntSize(Number),
            PropertyType.Data => 2 + Data!.Length,
            PropertyType.Pair => 2 + Encoding.UTF8.GetByteCount(Name!) + 2 + Encoding.UTF8.GetByteCount(Text!),
            _ => 2 + Encoding.UTF8.GetByteCount(Text!),
        };

        public static Entry Read(ref WireReader wire, PropertyId id, PropertyType type) => type switch
        {
            PropertyType.Flag => Check(id, wire.Byte()),
            PropertyType.UInt16 => Check(id, wire.UInt16()),
            PropertyType.UInt32 => Check(id, wire.UInt32()),
            PropertyType.VarInt => Check(id, wire.VarInt()),
            PropertyType.Data => new Entry(id, Data: wire.Prefixed().ToArray()),
            PropertyType.Pair => new Entry(id, Name: wire.String(), Text: wire.String()),
            _ => new Entry(id, Text: wire.String()),
        };

        public void Write(WireWriter wire)
        {
            wire.Byte((byte)Id);
            switch (PropertyRule.Of(Id).Type)
            {
                case PropertyType.Flag:
                    wire.Byte((byte)Number);
                    break;
                case PropertyType.UInt16:
                    wire.UInt16((ushort)Number);
                    break;
                case PropertyType.UInt32:
                    wire.UInt32(Number);
                    break;
                case PropertyType.VarInt:
                    wire.VarInt(Number);
                    break;
                case PropertyType.Data:
                    wire.Prefixed(Data);
                    break;
                case PropertyType.Pair:
                    wire.String(Name!);
                    wire.String(Text!);
                    break;
                default:
                    wire.String(Text!);
                    break;
            }
        }

        private static Entry Check(PropertyId id, uint number) => (id, number) switch
        {
            (PropertyId.TopicAlias, 0) =>
                throw new MqttProtocolException(ReasonCode.TopicAliasInvalid, "A topic alias is not zero."), // [MQTT-3.3.2-8]
            (PropertyId.ReceiveMaximum or PropertyId.MaximumPacketSize or PropertyId.SubscriptionIdentifier, 0) =>
                throw MqttProtocolException.Protocol($"The property {id} is not zero."),
            (_, > 1) when PropertyRule.Of(id).Type is PropertyType.Flag =>
                throw MqttProtocolException.Protocol($"The property {id} is 0 or 1."),
            _ => new Entry(id, number),
        };
    }
}
