using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;

namespace OrleansIoT.Fixtures;

/// <content>The receiver's side of a session: what is on its way from the server.</content>
public sealed partial class MqttClient
{
    private readonly List<PublishPacket> _received = [];

    /// <summary>Of QoS 2: taken, and not released by the server yet. Part of the session.</summary>
    private readonly HashSet<ushort> _taken = [];

    /// <summary>What counts against our Receive Maximum on this connection.</summary>
    private readonly HashSet<ushort> _unanswered = [];

    /// <summary>
    /// How many PUBCOMP answered a PUBREL of a message from an earlier connection: each adds one to the server's send quota
    /// (section 4.9), although its message did not take one from it.
    /// </summary>
    private int _quotaFromBefore;
    private readonly Dictionary<ushort, string> _serverAliases = [];
    private readonly List<AckPacket> _held = [];

    /// <summary>
    /// Asked before each PUBACK, PUBREC, PUBREL and PUBCOMP: those it is true for are not sent until <see cref="LetGo"/>, and
    /// are gone with the connection, as if the client had been about to send them.
    /// </summary>
    public Predicate<AckPacket> Holds { get; set; } = _ => false;

    /// <summary>
    /// Every message that has arrived, in this order, with the topic in place of its alias: QoS 2 once, and QoS 1 as often
    /// as it was sent.
    /// </summary>
    public IReadOnlyList<PublishPacket> Received
    {
        get
        {
            lock (_gate)
            {
                return [.. _received];
            }
        }
    }

    /// <summary>How many messages of QoS 2 are taken and not released by the server.</summary>
    public int Unreleased
    {
        get
        {
            lock (_gate)
            {
                return _taken.Count;
            }
        }
    }

    /// <summary>The acknowledgements that are held back, in the order in which they were due.</summary>
    public IReadOnlyList<AckPacket> Held
    {
        get
        {
            lock (_gate)
            {
                return [.. _held];
            }
        }
    }

    /// <summary>Sends the acknowledgements that are held back, and holds none from now on.</summary>
    public void LetGo()
    {
        lock (_gate)
        {
            Holds = _ => false;
            foreach (var ack in _held)
            {
                Respond(ack);
            }

            _held.Clear();
        }
    }

    private void HandlePublish(PublishPacket publish)
    {
        var message = WithTopic(publish);
        if (message.Qos != Qos.AtMostOnce && _unanswered.Add(message.PacketId) && _unanswered.Count > ReceiveMaximum + _quotaFromBefore)
        {
            Violate($"More than {ReceiveMaximum} messages are in flight."); // [MQTT-3.3.4-9]
        }

        switch (message.Qos)
        {
            case Qos.AtMostOnce:
                _received.Add(message);
                break;
            case Qos.AtLeastOnce:
                _received.Add(message);
                Respond(new AckPacket(PacketType.PubAck, message.PacketId));
                break;
            default:
                if (_taken.Add(message.PacketId))
                {
                    _received.Add(message);
                }
                else if (!message.Dup)
                {
                    Violate($"The packet identifier {message.PacketId} is in use."); // [MQTT-2.2.1-4]
                }

                Respond(new AckPacket(PacketType.PubRec, message.PacketId));
                break;
        }
    }

    private void HandlePubRel(AckPacket release)
    {
        var wasTaken = _taken.Remove(release.PacketId);
        Respond(new AckPacket(
            PacketType.PubComp, release.PacketId, wasTaken ? ReasonCode.Success : ReasonCode.PacketIdentifierNotFound));
    }

    private void Respond(AckPacket ack)
    {
        if (Holds(ack))
        {
            _held.Add(ack);
            return;
        }

        if (ack.Type is PacketType.PubAck or PacketType.PubComp && !_unanswered.Remove(ack.PacketId))
        {
            _quotaFromBefore++;
        }

        _connection?.Post(ack);
    }

    private PublishPacket WithTopic(PublishPacket publish)
    {
        if (publish.Properties.TopicAlias is not { } alias)
        {
            return publish;
        }

        if (alias > TopicAliasMaximum)
        {
            Violate($"The topic alias {alias} is above the maximum."); // [MQTT-3.1.2-26]
        }

        if (publish.Topic.Length > 0)
        {
            _serverAliases[alias] = publish.Topic;
            return publish;
        }

        if (!_serverAliases.TryGetValue(alias, out var topic))
        {
            Violate($"The topic alias {alias} stands for nothing.");
        }

        return new PublishPacket
        {
            Topic = topic ?? "",
            Payload = publish.Payload,
            Qos = publish.Qos,
            Retain = publish.Retain,
            Dup = publish.Dup,
            PacketId = publish.PacketId,
            Properties = publish.Properties,
        };
    }
}
