using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.DeviceEdge.Telemetry;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>PUBLISH: from the packet to the next batch, with everything that can be seen without the client's grain.</summary>
internal sealed partial class DeviceSession
{
    private TopicAliases? _aliases;
    private ReceivedIds? _received;
    private TokenBucket? _rate;
    private int _unacknowledged;

    private void HandlePublish(PublishPacket publish)
    {
        var topic = TopicOf(publish);
        if (!IsNew(publish))
        {
            lock (_gate)
            {
                Next().Acks.Add(new PendingAck(PacketType.PubRec, publish.PacketId, ChangesNothing: true)); // [MQTT-4.3.3-10]
            }

            return;
        }

        var isInTime = IsInTime();
        var message = _edge.Messages.Read(publish, topic, _claim!.Publisher, _arrived, out var refusal);
        if (!isInTime)
        {
            refusal = new Refusal(ReasonCode.QuotaExceeded, $"A device publishes at most {_edge.Options.DeviceRate} messages a second.");
        }

        var type = publish.Qos == Qos.ExactlyOnce ? PacketType.PubRec : PacketType.PubAck;
        if (refusal is null)
        {
            // 3.1.1 cannot say that a topic of the server's is not for everybody: answered, and thrown away (section 4.7.2).
            var isDiscarded = _outgoing.Version == MqttVersion.V311 && topic[0] == '$';
            var bytes = publish.Payload.Length + publish.Properties.Size;
            _edge.Unstored.Take(bytes);
            lock (_gate)
            {
                Next().Add(message!, new PendingAck(type, publish.PacketId), bytes, isDiscarded);
            }

            return;
        }

        lock (_gate)
        {
            // In the order of the batch, though no grain will see it.
            Next().Acks.AddRefused(new PendingAck(type, publish.Qos == Qos.AtMostOnce ? (ushort)0 : publish.PacketId), topic, refusal);
        }

        if (publish.Qos > Qos.AtMostOnce && _outgoing.Version == MqttVersion.V311)
        {
            End(Ending.NotStored); // what came before it is still stored and acknowledged, what follows is not read
        }
    }

    private string TopicOf(PublishPacket publish)
    {
        if (publish.Properties.IsEmpty)
        {
            return publish.Topic;
        }

        if (!publish.Properties.SubscriptionIdentifiers.IsEmpty)
        {
            throw MqttProtocolException.Protocol("A client's PUBLISH has no subscription identifier."); // [MQTT-3.3.4-6]
        }

        return publish.Properties.TopicAlias is { } alias
            ? (_aliases ??= new TopicAliases(_edge.Options.TopicAliasMaximum)).Resolve(publish, alias)
            : publish.Topic;
    }

    /// <summary>Whether its message is not there already; and whether there are not too many of them.</summary>
    private bool IsNew(PublishPacket publish)
    {
        var (isNew, counts) = (true, publish.Qos > Qos.AtMostOnce);
        if (publish.Qos == Qos.ExactlyOnce)
        {
            lock (_gate)
            {
                isNew = (_received ??= new ReceivedIds()).Add(publish.PacketId, out counts);
            }
        }

        if (counts && Interlocked.Increment(ref _unacknowledged) > _edge.Options.ReceiveMaximum && _outgoing.Version == MqttVersion.V500)
        {
            // [MQTT-3.3.4-7], [MQTT-3.3.4-8]; 3.1.1 knows no such limit, there reading pauses while so many wait for an answer
            throw new MqttProtocolException(
                ReasonCode.ReceiveMaximumExceeded, $"At most {_edge.Options.ReceiveMaximum} publishes may wait for their acknowledgement.");
        }

        return isNew;
    }

    /// <summary>In 3.1.1 always: there nothing is read while there is no token.</summary>
    private bool IsInTime() =>
        (_rate ??= _edge.Rates.Borrow(_claim!.Publisher)) is not { } rate || rate.Take() || _outgoing.Version == MqttVersion.V311;
}
