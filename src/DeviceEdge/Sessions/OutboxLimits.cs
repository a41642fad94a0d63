using OrleansIoT.DeviceEdge.Mqtt.Packets;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>How much may wait for, and be under way to, one client.</summary>
/// <param name="InFlight">Messages of QoS 1 and 2 that are sent and not answered.</param>
/// <param name="TopicAliases">The client's Topic Alias Maximum; 0 for none.</param>
/// <param name="Messages">Messages that wait in memory; of more the oldest are dropped.</param>
/// <param name="Bytes">The memory that they take.</param>
internal sealed record OutboxLimits(int InFlight = 1_000, int TopicAliases = 0, int Messages = 10_000, long Bytes = 16 * 1024 * 1024)
{
    /// <summary>The same, and no more than the client asked for in its CONNECT [MQTT-3.3.4-9], [MQTT-3.1.2-26].</summary>
    public OutboxLimits For(ConnectPacket connect) => this with
    {
        InFlight = Math.Min(InFlight, connect.Properties.ReceiveMaximum ?? ushort.MaxValue),
        TopicAliases = connect.Properties.TopicAliasMaximum ?? 0,
    };
}
