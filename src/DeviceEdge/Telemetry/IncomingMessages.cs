using System.Text;
using System.Text.Unicode;
using OrleansIoT.DeviceEdge.Failures;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Failures;
using OrleansIoT.Telemetry;
using OrleansIoT.Topics;

namespace OrleansIoT.DeviceEdge.Telemetry;

/// <summary>Why a message is not taken, as PUBACK, PUBREC or CONNACK say it.</summary>
internal sealed record Refusal(ReasonCode Reason, string Why);

/// <summary>From what a client writes to the one message type: the only place of the edge that makes one.</summary>
internal sealed class IncomingMessages(DeviceEdgeOptions options)
{
    /// <param name="publish">As it came.</param>
    /// <param name="topic">Its topic name, which its alias may stand for.</param>
    /// <param name="publisher">Who publishes it.</param>
    /// <param name="arrived">When.</param>
    /// <param name="refusal">Why it cannot be stored, as far as can be seen without its publisher's grain.</param>
    /// <returns>Null if it is refused.</returns>
    public TelemetryMessage? Read(PublishPacket publish, string topic, string publisher, DateTimeOffset arrived, out Refusal? refusal)
    {
        refusal = Check(topic, publish.Payload, publish.Properties, out var ownTime);
        return refusal is not null
            ? null
            : new TelemetryMessage
            {
                Topic = topic,
                Device = publisher,
                Payload = publish.Payload,
                At = ownTime ?? arrived,
                ReceivedAt = arrived,
                HasOwnTime = ownTime is not null,
                PacketId = publish.PacketId,
                Dup = publish.Dup,
                Qos = publish.Qos,
                Retain = publish.Retain,
                Properties = Said(publish.Properties),
            };
    }

    /// <summary>A will is a message like any other, whose times are set when it is published, unless it brings its own.</summary>
    /// <exception cref="MqttProtocolException">It could not be published, which is better said at CONNECT.</exception>
    public Will? Read(ConnectWill? will, string publisher, DateTimeOffset now)
    {
        if (will is null)
        {
            return null;
        }

        var publish = new PublishPacket
        {
            Topic = will.Topic,
            Payload = will.Payload,
            Qos = will.Qos,
            Retain = will.Retain,
            Properties = will.Properties,
        };
        return Read(publish, will.Topic, publisher, now, out var refusal) is { } message
            ? new Will(message, will.Properties.WillDelayInterval ?? 0)
            : throw new MqttProtocolException(refusal!.Reason, refusal.Why);
    }

    /// <summary>Whether the options allow a topic name or filter that is one.</summary>
    public bool IsWithinLimits(string topic, out string why)
    {
        why = Encoding.UTF8.GetByteCount(topic) > options.MaxTopicBytes ? $"A topic has at most {options.MaxTopicBytes} bytes."
            : topic.AsSpan().Count('/') >= options.MaxTopicLevels ? $"A topic has at most {options.MaxTopicLevels} levels."
            : "";
        return why.Length == 0;
    }

    private Refusal? Check(string topic, ReadOnlyMemory<byte> payload, Properties properties, out DateTimeOffset? ownTime)
    {
        ownTime = null;
        if (!TopicName.IsValid(topic, out var why) || !IsWithinLimits(topic, out why))
        {
            return new Refusal(ReasonCode.TopicNameInvalid, why);
        }

        if (payload.Length > options.MaxPayloadSize)
        {
            return new Refusal(ReasonCodes.OfPublish(Failure.TooLarge), $"A payload has at most {options.MaxPayloadSize} bytes.");
        }

        if (properties.PayloadFormatIndicator is true && !Utf8.IsValid(payload.Span))
        {
            return new Refusal(ReasonCode.PayloadFormatInvalid, "The payload is not the UTF-8 that it is said to be."); // section 3.3.2.3.2
        }

        try
        {
            ownTime = EventTime.Of(properties, payload.Span);
            return null;
        }
        catch (FailureException failure)
        {
            return new Refusal(ReasonCodes.OfPublish(failure.Failure), failure.Message);
        }
    }

    private static MessageProperties? Said(Properties properties)
    {
        if (properties.IsEmpty)
        {
            return null;
        }

        var correlation = properties.CorrelationData;
        var said = new MessageProperties(
            properties.PayloadFormatIndicator,
            properties.MessageExpiryInterval,
            properties.ContentType,
            properties.ResponseTopic,
            correlation is null ? default(ReadOnlyMemory<byte>?) : correlation,
            properties.UserProperties);
        return said is { IsUtf8: null, ExpiresAfter: null, ContentType: null, ResponseTopic: null, CorrelationData: null, User.IsEmpty: true }
            ? null // an alias, or a will's delay
            : said;
    }
}
