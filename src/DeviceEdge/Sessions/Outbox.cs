using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Telemetry;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>What one session is sent, from any thread; nobody who delivers waits for the client.</summary>
internal sealed class Outbox(Outgoing outgoing, OutboxLimits limits, SessionOpened session, SessionGrain grain, TimeProvider time)
{
    /// <summary>
    /// Something went wrong that the session cannot live on with: a grain did not settle or give what is queued, or the socket
    /// failed. Called once at most; the connection is to end.
    /// </summary>
    public required Action<Exception> OnFailure { get; init; }

    /// <summary>Messages that a full memory queue has dropped.</summary>
    public long Dropped => throw new NotImplementedException();

    /// <summary>After CONNACK: whatever waits is sent, first what was sent or released before.</summary>
    public void Start() => throw new NotImplementedException();

    /// <summary>A message that stands in no durable queue; it leaves with the next <see cref="Flush"/>.</summary>
    public void Deliver(in Outbound message) => throw new NotImplementedException();

    /// <summary>A message of the session's durable queue; it leaves with the next <see cref="Flush"/>.</summary>
    public void DeliverQueued(Addressed addressed, TelemetryMessage message) => throw new NotImplementedException();

    /// <summary>Sends what may be sent. Returns at once.</summary>
    public void Flush() => throw new NotImplementedException();

    /// <summary>The session's durable queue reaches to this number (after SUBSCRIBE).</summary>
    public void QueueGrew(long last) => throw new NotImplementedException();

    /// <summary>Fetches the retained messages of a subscription and sends them.</summary>
    public void SendRetained(Subscription subscription) => throw new NotImplementedException();

    /// <summary>PUBACK, PUBREC or PUBCOMP; complete when the next packet may be handled.</summary>
    /// <exception cref="Mqtt.MqttProtocolException">It does not answer what it says it does.</exception>
    public ValueTask Handle(AckPacket ack) => throw new NotImplementedException();

    /// <summary>Nothing more is sent from here on, already before this returns; complete when what the client has answered is settled.</summary>
    /// <returns>The greatest number of the durable queue that was sent.</returns>
    public ValueTask<long> Close() => throw new NotImplementedException();
}
