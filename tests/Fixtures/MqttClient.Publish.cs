using System.Text;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;

namespace OrleansIoT.Fixtures;

/// <content>The sender's side of a session: what is on its way to the server.</content>
public sealed partial class MqttClient
{
    /// <summary>Not acknowledged yet, in the order in which they are to be published.</summary>
    private readonly List<Outgoing> _outgoing = [];
    private readonly List<string> _aliases = [];
    private int _serverReceiveMaximum;
    private int _serverAliasMaximum;

    /// <summary>
    /// Publishes. With QoS 1 and 2 the task completes with the PUBACK or PUBCOMP (or the PUBREC that refuses), over as
    /// many connections as it takes; it is cancelled when the session that it belonged to is gone. The order of the calls
    /// is the order on the wire, whether they are awaited or not.
    /// </summary>
    public Task<ReasonCode> Publish(
        string topic, string payload, Qos qos = Qos.AtLeastOnce, bool retain = false, Properties? properties = null)
    {
        lock (_gate)
        {
            var message = new Outgoing(new PublishPacket
            {
                Topic = topic,
                Payload = Encoding.UTF8.GetBytes(payload),
                Qos = qos,
                Retain = retain,
                PacketId = qos == Qos.AtMostOnce ? (ushort)0 : NextId(),
                Properties = version == MqttVersion.V311 ? Properties.None : properties ?? Properties.None,
            });
            if (qos == Qos.AtMostOnce)
            {
                _connection?.Post(OnTheWire(message.Packet, isAgain: false));
                return Task.FromResult(ReasonCode.Success);
            }

            _outgoing.Add(message);
            SendWhatMay();
            return message.Done.Task;
        }
    }

    private void ResumeSession(ConnAckPacket answer)
    {
        _serverReceiveMaximum = answer.Properties.ReceiveMaximum ?? ushort.MaxValue;
        _serverAliasMaximum = UsesTopicAliases ? answer.Properties.TopicAliasMaximum ?? 0 : 0;
        _aliases.Clear();
        _held.Clear();
        _unanswered.Clear();
        _quotaFromBefore = 0;
        _serverAliases.Clear();
        if (!answer.SessionPresent)
        {
            _taken.Clear();
            foreach (var lost in _outgoing.FindAll(message => message.IsSent))
            {
                lost.Done.TrySetCanceled();
                _outgoing.Remove(lost);
            }
        }

        // [MQTT-4.4.0-1], in the original order [MQTT-4.6.0-1]
        foreach (var message in _outgoing.Where(message => message.IsSent))
        {
            _connection!.Post(message.IsReceived
                ? new AckPacket(PacketType.PubRel, message.Packet.PacketId)
                : OnTheWire(message.Packet, isAgain: true));
        }

        SendWhatMay();
    }

    /// <summary>Sends what has not been sent yet, up to the server's Receive Maximum.</summary>
    private void SendWhatMay()
    {
        if (_connection is null)
        {
            return;
        }

        var inFlight = _outgoing.Count(message => message.IsSent);
        foreach (var message in _outgoing.Where(message => !message.IsSent).Take(_serverReceiveMaximum - inFlight))
        {
            message.IsSent = true;
            _connection.Post(OnTheWire(message.Packet, isAgain: false));
        }
    }

    private void HandleAck(AckPacket ack)
    {
        var message = _outgoing.Find(message => message.IsSent && message.Packet.PacketId == ack.PacketId);
        var isNext = ack.Type switch
        {
            PacketType.PubAck => message == _outgoing.Find(other => other.Packet.Qos == Qos.AtLeastOnce),
            PacketType.PubRec => message == _outgoing.Find(other => other.Packet.Qos == Qos.ExactlyOnce && !other.IsReceived),
            _ => message is { IsReceived: true },
        };
        if (message is null || !isNext)
        {
            Violate($"{ack.Type} {ack.PacketId} is not due."); // [MQTT-4.6.0-2], [MQTT-4.6.0-3]
        }
        else if (ack.Type == PacketType.PubRec && ack.Reason < ReasonCode.UnspecifiedError)
        {
            message.IsReceived = true;
            Respond(new AckPacket(PacketType.PubRel, ack.PacketId));
        }
        else
        {
            _outgoing.Remove(message);
            message.Done.TrySetResult(ack.Reason);
            SendWhatMay();
        }
    }

    /// <summary>The packet of a message on this connection: with DUP if it is a repetition, and with an alias for its topic.</summary>
    private PublishPacket OnTheWire(PublishPacket message, bool isAgain)
    {
        var alias = _aliases.IndexOf(message.Topic) + 1;
        var isKnown = alias > 0;
        if (!isKnown && _aliases.Count < _serverAliasMaximum)
        {
            _aliases.Add(message.Topic);
            alias = _aliases.Count;
        }

        return new PublishPacket
        {
            Topic = isKnown ? "" : message.Topic,
            Payload = message.Payload,
            Qos = message.Qos,
            Retain = message.Retain,
            Dup = isAgain,
            PacketId = message.PacketId,
            Properties = alias > 0 ? WithAlias(message.Properties, (ushort)alias) : message.Properties,
        };
    }

    private static Properties WithAlias(Properties properties, ushort alias) => new()
    {
        TopicAlias = alias,
        PayloadFormatIndicator = properties.PayloadFormatIndicator,
        MessageExpiryInterval = properties.MessageExpiryInterval,
        ContentType = properties.ContentType,
        ResponseTopic = properties.ResponseTopic,
        CorrelationData = properties.CorrelationData,
        UserProperties = properties.UserProperties,
    };

    private sealed class Outgoing(PublishPacket packet)
    {
        public PublishPacket Packet => packet;
        public TaskCompletionSource<ReasonCode> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public bool IsSent { get; set; }

        /// <summary>The server has said so with PUBREC, so that PUBREL is what it gets from now on.</summary>
        public bool IsReceived { get; set; }
    }
}
