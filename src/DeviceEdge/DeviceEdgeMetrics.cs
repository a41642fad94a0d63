using System.Diagnostics.Metrics;
using OrleansIoT.DeviceEdge.Mqtt;

namespace OrleansIoT.DeviceEdge;

/// <summary>What the edge counts.</summary>
internal sealed class DeviceEdgeMetrics
{
    public const string MeterName = "OrleansIoT.DeviceEdge";

    private readonly UpDownCounter<int> _connections;
    private readonly Counter<int> _refusedConnections;
    private readonly Counter<int> _stored;
    private readonly Counter<int> _refused;
    private readonly Histogram<int> _batch;

    public DeviceEdgeMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _connections = meter.CreateUpDownCounter<int>("iot.edge.connections", "{connection}", "Open MQTT connections, also those that have not signed in.");
        _refusedConnections = meter.CreateCounter<int>("iot.edge.connections.refused", "{connection}", "Connections refused before or at CONNECT.");
        _stored = meter.CreateCounter<int>("iot.edge.messages.stored", "{message}", "Messages stored.");
        _refused = meter.CreateCounter<int>("iot.edge.messages.refused", "{message}", "Messages not stored.");
        _batch = meter.CreateHistogram<int>("iot.edge.batch.size", "{message}", "Messages in one call to a device's grain.");
    }

    public void ConnectionOpened() => _connections.Add(1);

    public void ConnectionClosed() => _connections.Add(-1);

    public void ConnectionRefused(ReasonCode reason) => _refusedConnections.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void BatchDone(int messages, int refused)
    {
        _batch.Record(messages);
        _stored.Add(messages - refused);
        if (refused > 0)
        {
            _refused.Add(refused);
        }
    }
}
