using System.Diagnostics.Metrics;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Sessions;

namespace OrleansIoT.DeviceEdge;

/// <summary>What the edge counts.</summary>
internal sealed class DeviceEdgeMetrics
{
    public const string MeterName = "OrleansIoT.DeviceEdge";

    private readonly Meter _meter;
    private readonly Counter<int> _refusedConnections;
    private readonly Counter<int> _brokenConnections;
    private readonly Counter<int> _resumedConnections;
    private readonly Counter<int> _stored;
    private readonly Counter<int> _refused;
    private readonly Histogram<int> _batch;

    public DeviceEdgeMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MeterName);
        _refusedConnections = _meter.CreateCounter<int>("iot.edge.connections.refused", "{connection}", "Connections refused before or at CONNECT.");
        _brokenConnections = _meter.CreateCounter<int>("iot.edge.connections.broken", "{connection}", "Connections that were ended for what their client did.");
        _resumedConnections = _meter.CreateCounter<int>("iot.edge.connections.resumed", "{connection}", "Connections that went on when the silo of their client's grain ended or died.");
        _stored = _meter.CreateCounter<int>("iot.edge.messages.stored", "{message}", "Messages stored.");
        _refused = _meter.CreateCounter<int>("iot.edge.messages.refused", "{message}", "Messages not stored.");
        _batch = _meter.CreateHistogram<int>("iot.edge.batch.size", "{message}", "Messages in one call to a client's grain.");
    }

    public void Observe(LiveSessions live)
    {
        _meter.CreateObservableUpDownCounter("iot.edge.connections", () => live.Count, "{connection}", "Open MQTT connections, also those that have not signed in.");
        _meter.CreateObservableUpDownCounter("iot.edge.connections.paused", () => live.Paused, "{connection}", "Connections that are not read because the store is slow or they are too fast.");
    }

    public void ConnectionRefused(ReasonCode reason) => _refusedConnections.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void ConnectionBroken(ReasonCode? reason) => _brokenConnections.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void ConnectionResumed() => _resumedConnections.Add(1);

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
