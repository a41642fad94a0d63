using System.Runtime.InteropServices;
using OrleansIoT.DeviceEdge.Failures;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.Devices;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>What becomes of one PUBLISH; its packet identifier is 0 for QoS 0, which is answered nothing.</summary>
internal record struct PendingAck(ushort PacketId, ReasonCode Reason, string? Why)
{
    public readonly bool IsRefused => Reason >= ReasonCode.UnspecifiedError;
}

/// <summary>
/// What is owed for the PUBLISH packets of one batch, in their order [MQTT-4.6.0-2]. Nothing of it is sent before
/// the batch is settled.
/// </summary>
internal sealed class PendingAcks
{
    private readonly List<PendingAck> _owed = [];

    /// <summary>The place among the owed of each message that went to the grain.</summary>
    private readonly List<int> _places = [];

    public int Count => _owed.Count;

    /// <summary>How many of them have a packet identifier, which the device may use again when it is acknowledged.</summary>
    public int Identifiers { get; private set; }

    public int Refused { get; private set; }

    public ReadOnlySpan<PendingAck> InOrder => CollectionsMarshal.AsSpan(_owed);

    /// <summary>A message of the batch.</summary>
    public void Add(ushort packetId)
    {
        _places.Add(_owed.Count);
        Owe(new PendingAck(packetId, ReasonCode.Success, null));
    }

    /// <summary>One that the edge refuses itself and that no grain will see.</summary>
    public void AddRefused(ushort packetId, ReasonCode reason, string why)
    {
        Refused++;
        Owe(new PendingAck(packetId, reason, why));
    }

    /// <summary>The grain has answered.</summary>
    public void Settle(PublishResult result)
    {
        foreach (var failure in result.Failures)
        {
            Refuse(_places[failure.Index], ReasonCodes.OfPublish(failure.Failure), failure.Message);
        }
    }

    /// <summary>The grain has not answered, so nothing of the batch counts as stored.</summary>
    public void Fail(ReasonCode reason, string why)
    {
        foreach (var place in _places)
        {
            Refuse(place, reason, why);
        }
    }

    private void Owe(PendingAck ack)
    {
        Identifiers += ack.PacketId != 0 ? 1 : 0;
        _owed.Add(ack);
    }

    private void Refuse(int place, ReasonCode reason, string why)
    {
        Refused++;
        _owed[place] = _owed[place] with { Reason = reason, Why = why };
    }
}
