using System.Buffers;
using System.Collections.Immutable;
using OrleansIoT.Telemetry;

namespace OrleansIoT.DeviceEdge.Mqtt;

/// <summary>How a message is sent to one subscriber.</summary>
/// <param name="Qos">The quality of service.</param>
/// <param name="Retain">The RETAIN flag.</param>
/// <param name="Dup">The DUP flag.</param>
/// <param name="PacketId">0 for QoS 0.</param>
/// <param name="ExpiresIn">The Message Expiry Interval that is left, or null.</param>
/// <param name="SubscriptionIds">Of the subscriptions that matched.</param>
internal readonly record struct PublishHeader(
    Qos Qos, bool Retain, bool Dup, ushort PacketId, uint? ExpiresIn, ImmutableArray<uint> SubscriptionIds);

/// <summary>
/// Writes the PUBLISH packets of one connection straight from messages, because a server writes nothing as often as these.
/// For one thread at a time.
/// </summary>
/// <param name="version">What the client speaks; 3.1.1 gets neither properties nor aliases.</param>
/// <param name="maximumPacketSize">The client's.</param>
/// <param name="topicAliases">The client's Topic Alias Maximum.</param>
internal sealed class PublishWriter(MqttVersion version, uint maximumPacketSize, int topicAliases)
{
    /// <summary>More topic names are not kept for a client, however many it would take.</summary>
    private const int MostAliases = 64;

    // Writing never waits, so one scratch a thread serves all connections.
    [ThreadStatic]
    private static Scratch? _scratch;

    private readonly int _mostAliases = version == MqttVersion.V500 ? Math.Min(topicAliases, MostAliases) : 0;

    private Dictionary<string, ushort>? _aliases;

    /// <returns>The packet's size; 0 if the client does not take one so large, and then nothing was written [MQTT-3.1.2-24].</returns>
    public int Write(IBufferWriter<byte> output, TelemetryMessage message, in PublishHeader header)
    {
        var isKnown = false;
        var alias = _mostAliases > 0 ? AliasOf(message.Topic, out isKnown) : (ushort)0;
        var size = Write(output, message, header, alias, isKnown);
        if (alias != 0 && !isKnown)
        {
            if (size == 0)
            {
                return Write(output, message, header, 0, isKnown: false); // it may be the alias that was too much
            }

            _aliases!.Add(message.Topic, alias);
        }

        return size;
    }

    /// <returns>The topic's alias; 0 if there are no more.</returns>
    private ushort AliasOf(string topic, out bool isKnown)
    {
        _aliases ??= [];
        isKnown = _aliases.TryGetValue(topic, out var alias);
        return isKnown || _aliases.Count == _mostAliases ? alias : (ushort)(_aliases.Count + 1);
    }

    private int Write(IBufferWriter<byte> output, TelemetryMessage message, in PublishHeader header, ushort alias, bool isKnown)
    {
        var scratch = _scratch ??= new Scratch();
        var start = scratch.Start;
        var isPlain = header is { Qos: Qos.AtMostOnce, ExpiresIn: null, SubscriptionIds.IsEmpty: true } && alias == 0;
        if (!isPlain || !scratch.Holds(message, version))
        {
            WriteStart(scratch, message, header, alias, isKnown);
            scratch.Keep(isPlain ? message : null, version);
        }

        var remaining = (uint)(start.Written.Length + message.Payload.Length);
        var size = 1 + WireWriter.VarIntSize(remaining) + (int)remaining;
        if (size > maximumPacketSize)
        {
            return 0;
        }

        var target = output.GetSpan(size);
        target[0] = (byte)(((int)PacketType.Publish << 4) | (header.Dup ? 0b1000 : 0) | ((int)header.Qos << 1) | (header.Retain ? 1 : 0));
        target = target[(1 + WireWriter.VarInt(target[1..], remaining))..];
        start.Written.CopyTo(target);
        message.Payload.Span.CopyTo(target[start.Written.Length..]);
        output.Advance(size);
        return size;
    }

    private void WriteStart(Scratch scratch, TelemetryMessage message, in PublishHeader header, ushort alias, bool isKnown)
    {
        var start = scratch.Start;
        start.Clear();
        start.String(isKnown ? "" : message.Topic);
        if (header.Qos != Qos.AtMostOnce)
        {
            start.UInt16(header.PacketId);
        }

        if (version == MqttVersion.V500)
        {
            var properties = scratch.Properties;
            properties.Clear();
            WriteProperties(properties, message.Properties, header, alias);
            start.VarInt((uint)properties.Written.Length);
            start.Bytes(properties.Written);
        }
    }

    /// <summary>What the publisher said goes on unaltered and in its order [MQTT-3.3.2-4], [MQTT-3.3.2-15] to [MQTT-3.3.2-20].</summary>
    private static void WriteProperties(WireWriter wire, MessageProperties? properties, in PublishHeader header, ushort alias)
    {
        if (header.ExpiresIn is { } seconds)
        {
            wire.Byte((byte)PropertyId.MessageExpiryInterval);
            wire.UInt32(seconds);
        }

        if (alias != 0)
        {
            wire.Byte((byte)PropertyId.TopicAlias);
            wire.UInt16(alias);
        }

        foreach (var id in header.SubscriptionIds)
        {
            wire.Byte((byte)PropertyId.SubscriptionIdentifier);
            wire.VarInt(id);
        }

        if (properties is null)
        {
            return;
        }

        if (properties.IsUtf8 is { } isUtf8)
        {
            wire.Byte((byte)PropertyId.PayloadFormatIndicator);
            wire.Byte(isUtf8 ? (byte)1 : (byte)0);
        }

        if (properties.ContentType is { } contentType)
        {
            wire.Byte((byte)PropertyId.ContentType);
            wire.String(contentType);
        }

        if (properties.ResponseTopic is { } responseTopic)
        {
            wire.Byte((byte)PropertyId.ResponseTopic);
            wire.String(responseTopic);
        }

        if (properties.CorrelationData is { } correlationData)
        {
            wire.Byte((byte)PropertyId.CorrelationData);
            wire.Prefixed(correlationData.Span);
        }

        foreach (var (name, value) in properties.User)
        {
            wire.Byte((byte)PropertyId.UserProperty);
            wire.String(name);
            wire.String(value);
        }
    }

    private sealed class Scratch
    {
        private TelemetryMessage? _message;
        private MqttVersion _version;

        /// <summary>Everything before the payload, without the fixed header.</summary>
        public WireWriter Start { get; } = new();

        public WireWriter Properties { get; } = new();

        /// <summary>A message that goes to many who want nothing of their own with it is encoded once and copied.</summary>
        public bool Holds(TelemetryMessage message, MqttVersion version) => ReferenceEquals(_message, message) && _version == version;

        public void Keep(TelemetryMessage? message, MqttVersion version) => (_message, _version) = (message, version);
    }
}
