using System.Collections.Immutable;

namespace OrleansIoT.DeviceEdge.Mqtt.Packets;

/// <summary>SUBSCRIBE (section 3.8).</summary>
public sealed class SubscribePacket : MqttPacket
{
    public required ushort PacketId { get; init; }
    public required ImmutableArray<Subscription> Subscriptions { get; init; }
    public Properties Properties { get; init; } = Properties.None;

    public override PacketType Type => PacketType.Subscribe;

    internal static SubscribePacket Read(ref WireReader wire, MqttVersion version)
    {
        var id = wire.PacketId();
        var properties = version == MqttVersion.V500 ? Properties.Read(ref wire, PropertyPlace.Subscribe) : Properties.None;
        var subscriptions = ImmutableArray.CreateBuilder<Subscription>();
        do // [MQTT-3.8.3-2] at least one
        {
            subscriptions.Add(ReadSubscription(ref wire, version));
        }
        while (!wire.AtEnd);

        return new SubscribePacket { PacketId = id, Properties = properties, Subscriptions = subscriptions.DrainToImmutable() };
    }

    internal override void Write(WireWriter wire, MqttVersion version)
    {
        wire.UInt16(PacketId);
        if (version == MqttVersion.V500)
        {
            Properties.Write(wire);
        }

        foreach (var subscription in Subscriptions)
        {
            wire.String(subscription.Filter);
            wire.Byte((byte)((byte)subscription.MaximumQos
                | (subscription.NoLocal ? 0x04 : 0)
                | (subscription.RetainAsPublished ? 0x08 : 0)
                | ((byte)subscription.RetainHandling << 4)));
        }
    }

    private static Subscription ReadSubscription(ref WireReader wire, MqttVersion version)
    {
        if (wire.AtEnd)
        {
            throw MqttProtocolException.Protocol("SUBSCRIBE has at least one topic filter.");
        }

        var filter = TopicFilters.Read(ref wire, version);
        var options = wire.Byte();
        if ((options & (version == MqttVersion.V311 ? 0xFC : 0xC0)) != 0)
        {
            throw MqttProtocolException.Malformed("The reserved bits of the subscription options are 0."); // [MQTT-3.8.3-5]
        }

        var subscription = new Subscription(
            filter, (Qos)(options & 3), (options & 0x04) != 0, (options & 0x08) != 0, (RetainHandling)((options >> 4) & 3));
        if (subscription is { MaximumQos: > Qos.ExactlyOnce } or { RetainHandling: > RetainHandling.DoNotSend })
        {
            throw MqttProtocolException.Protocol("QoS and retain handling are 0, 1 or 2.");
        }

        return subscription.NoLocal && TopicFilters.IsShared(filter)
            ? throw MqttProtocolException.Protocol("A shared subscription does not have No Local.") // [MQTT-3.8.3-4]
            : subscription;
    }
}

/// <summary>SUBACK (section 3.9): a reason code for each filter of the SUBSCRIBE, in its order.</summary>
public sealed class SubAckPacket : MqttPacket
{
    public required ushort PacketId { get; init; }
    public required ImmutableArray<ReasonCode> Reasons { get; init; }
    public Properties Properties { get; init; } = Properties.None;

    public override PacketType Type => PacketType.SubAck;

    internal static SubAckPacket Read(ref WireReader wire, MqttVersion version)
    {
        var id = wire.PacketId();
        var properties = version == MqttVersion.V500 ? Properties.Read(ref wire, PropertyPlace.SubAck) : Properties.None;
        return new SubAckPacket { PacketId = id, Properties = properties, Reasons = ReadReasons(ref wire, version) };
    }

    internal override void Write(WireWriter wire, MqttVersion version)
    {
        wire.UInt16(PacketId);
        if (version == MqttVersion.V500)
        {
            Properties.Write(wire);
        }

        foreach (var reason in Reasons)
        {
            var isFailure = reason >= ReasonCode.UnspecifiedError;
            wire.Byte((byte)(version == MqttVersion.V311 && isFailure ? ReasonCode.UnspecifiedError : reason));
        }
    }

    internal override MqttPacket WithoutReasonString() =>
        new SubAckPacket { PacketId = PacketId, Reasons = Reasons, Properties = Properties.WithoutReasonString() };

    private static ImmutableArray<ReasonCode> ReadReasons(ref WireReader wire, MqttVersion version)
    {
        var reasons = ImmutableArray.CreateBuilder<ReasonCode>();
        do
        {
            var reason = (ReasonCode)wire.Byte();
            reasons.Add(MayHave(version, reason)
                ? reason
                : throw MqttProtocolException.Protocol("SUBACK does not have this reason code.")); // [MQTT-3.9.3-2]
        }
        while (!wire.AtEnd);

        return reasons.DrainToImmutable();
    }

    private static bool MayHave(MqttVersion version, ReasonCode reason) => reason
        is ReasonCode.Success or ReasonCode.GrantedQos1 or ReasonCode.GrantedQos2 or ReasonCode.UnspecifiedError
        || (version == MqttVersion.V500 && reason
            is ReasonCode.ImplementationSpecificError or ReasonCode.NotAuthorized or ReasonCode.TopicFilterInvalid
            or ReasonCode.PacketIdentifierInUse or ReasonCode.QuotaExceeded or ReasonCode.SharedSubscriptionsNotSupported
            or ReasonCode.SubscriptionIdentifiersNotSupported or ReasonCode.WildcardSubscriptionsNotSupported);
}

/// <summary>UNSUBSCRIBE (section 3.10).</summary>
public sealed class UnsubscribePacket : MqttPacket
{
    public required ushort PacketId { get; init; }
    public required ImmutableArray<string> Filters { get; init; }
    public Properties Properties { get; init; } = Properties.None;

    public override PacketType Type => PacketType.Unsubscribe;

    internal static UnsubscribePacket Read(ref WireReader wire, MqttVersion version)
    {
        var id = wire.PacketId();
        var properties = version == MqttVersion.V500 ? Properties.Read(ref wire, PropertyPlace.Unsubscribe) : Properties.None;
        var filters = ImmutableArray.CreateBuilder<string>();
        do
        {
            filters.Add(!wire.AtEnd
                ? TopicFilters.Read(ref wire, version)
                : throw MqttProtocolException.Protocol("UNSUBSCRIBE has at least one topic filter.")); // [MQTT-3.10.3-2]
        }
        while (!wire.AtEnd);

        return new UnsubscribePacket { PacketId = id, Properties = properties, Filters = filters.DrainToImmutable() };
    }

    internal override void Write(WireWriter wire, MqttVersion version)
    {
        wire.UInt16(PacketId);
        if (version == MqttVersion.V500)
        {
            Properties.Write(wire);
        }

        foreach (var filter in Filters)
        {
            wire.String(filter);
        }
    }
}

/// <summary>UNSUBACK (section 3.11). In 3.1.1 it has no reason codes.</summary>
public sealed class UnsubAckPacket : MqttPacket
{
    public required ushort PacketId { get; init; }
    public ImmutableArray<ReasonCode> Reasons { get; init; } = [];
    public Properties Properties { get; init; } = Properties.None;

    public override PacketType Type => PacketType.UnsubAck;

    internal static UnsubAckPacket Read(ref WireReader wire, MqttVersion version)
    {
        var id = wire.PacketId();
        if (version == MqttVersion.V311)
        {
            return new UnsubAckPacket { PacketId = id };
        }

        var properties = Properties.Read(ref wire, PropertyPlace.UnsubAck);
        var reasons = ImmutableArray.CreateBuilder<ReasonCode>();
        do
        {
            var reason = (ReasonCode)wire.Byte();
            reasons.Add(reason
                is ReasonCode.Success or ReasonCode.NoSubscriptionExisted or ReasonCode.UnspecifiedError
                or ReasonCode.ImplementationSpecificError or ReasonCode.NotAuthorized or ReasonCode.TopicFilterInvalid
                or ReasonCode.PacketIdentifierInUse
                ? reason
                : throw MqttProtocolException.Protocol("UNSUBACK does not have this reason code.")); // [MQTT-3.11.3-2]
        }
        while (!wire.AtEnd);

        return new UnsubAckPacket { PacketId = id, Properties = properties, Reasons = reasons.DrainToImmutable() };
    }

    internal override void Write(WireWriter wire, MqttVersion version)
    {
        wire.UInt16(PacketId);
        if (version == MqttVersion.V500)
        {
            Properties.Write(wire);
            foreach (var reason in Reasons)
            {
                wire.Byte((byte)reason);
            }
        }
    }

    internal override MqttPacket WithoutReasonString() =>
        new UnsubAckPacket { PacketId = PacketId, Reasons = Reasons, Properties = Properties.WithoutReasonString() };
}
