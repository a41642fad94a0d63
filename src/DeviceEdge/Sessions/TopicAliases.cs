using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>The topic aliases that a client has set, for as long as its connection lasts (section 3.3.2.3.4).</summary>
internal sealed class TopicAliases(int most)
{
    private readonly string?[] _topics = new string?[most];

    /// <summary>The topic name of a message, which sets its alias if it has both.</summary>
    /// <exception cref="MqttProtocolException">There is no such alias.</exception>
    public string Resolve(PublishPacket publish, ushort alias)
    {
        if (alias > _topics.Length) // [MQTT-3.3.2-9]; that it is not zero [MQTT-3.3.2-8] was checked when it was read
        {
            throw new MqttProtocolException(ReasonCode.TopicAliasInvalid, $"Topic aliases are 1 to {_topics.Length}.");
        }

        ref var topic = ref _topics[alias - 1];
        if (publish.Topic.Length > 0)
        {
            topic = publish.Topic; // [MQTT-3.3.2-12]
        }

        return topic ?? throw MqttProtocolException.Protocol("The topic alias has not been set.");
    }
}
