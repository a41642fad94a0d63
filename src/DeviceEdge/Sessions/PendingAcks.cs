using System.Runtime.InteropServices;
using OrleansIoT.DeviceEdge.Failures;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Telemetry;
using OrleansIoT.Devices;
using OrleansIoT.Failures;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>What becomes of one PUBLISH or PUBREL.</summary>
/// <param name="Type">PUBACK, PUBREC or PUBCOMP.</param>
/// <param name="PacketId">0 for QoS 0, which is answered nothing.</param>
/// <param name="Reason">Success, or why not.</param>
/// <param name="Why">In words, for the log and for who may be told.</param>
/// <param name="ChangesNothing">A message of QoS 2 that was there already, or a release of what is not there.</param>
internal readonly record struct PendingAck(
    PacketType Type, ushort PacketId, ReasonCode Reason = ReasonCode.Success, string? Why = null, bool ChangesNothing = false)
{
    public bool IsRefused => Reason >= ReasonCode.UnspecifiedError;

    /// <summary>0x87 says it all, and there are clients that trip over words in a PUBACK.</summary>
    public string? WhyToSay => Reason == ReasonCode.NotAuthorized ? null : Why;
}

/// <summary>
/// What is owed for the PUBLISH packets of one batch, in their order [MQTT-4.6.0-2], [MQTT-4.6.0-3], or for PUBREL packets.
/// Nothing of it is sent before the batch is settled.
/// </summary>
internal sealed class PendingAcks
{
    private readonly List<PendingAck> _owed = [];

    /// <summary>The place among the owed of each message that went to the grain, and whether a refusal is kept to ourselves.</summary>
    private readonly List<(int Place, bool IsDiscarded)> _messages = [];

    public int Count => _owed.Count;

    /// <summary>How many of them are PUBACKs, after which the client may send another message.</summary>
    public int PubAcks { get; private set; }

    /// <summary>Messages that are not stored.</summary>
    public int Refused { get; private set; }

    /// <summary>The first message that the edge itself has refused, and why.</summary>
    public (string Topic, string Why)? FirstRefused { get; private set; }

    public ReadOnlySpan<PendingAck> InOrder => CollectionsMarshal.AsSpan(_owed);

    /// <summary>A message of the batch.</summary>
    /// <param name="ack">What to answer when it is stored.</param>
    /// <param name="isDiscarded">When its publisher may not publish it, that is what is answered too.</param>
    public void AddMessage(PendingAck ack, bool isDiscarded)
    {
        _messages.Add((_owed.Count, isDiscarded));
        Add(ack);
    }

    /// <summary>For what no grain will see.</summary>
    public void Add(PendingAck ack)
    {
        PubAcks += ack.Type == PacketType.PubAck && ack.PacketId != 0 ? 1 : 0;
        Refused += ack.IsRefused ? 1 : 0;
        _owed.Add(ack);
    }

    /// <summary>A message that no grain will see, because of what it is.</summary>
    public void AddRefused(PendingAck ack, string topic, Refusal refusal)
    {
        FirstRefused ??= (topic, refusal.Why);
        Add(ack with { Reason = refusal.Reason, Why = refusal.Why });
    }

    public void Clear()
    {
        _owed.Clear();
        _messages.Clear();
        PubAcks = Refused = 0;
        FirstRefused = null;
    }

    /// <summary>The grain has answered.</summary>
    public void Settle(PublishResult result)
    {
        foreach (var failure in result.Failures)
        {
            var (place, isDiscarded) = _messages[failure.Index];
            if (isDiscarded && failure.Failure == Failure.Forbidden)
            {
                Refused++;
            }
            else
            {
                Refuse(place, ReasonCodes.OfPublish(failure.Failure), failure.Message);
            }
        }
    }

    /// <summary>The grain has not answered, so nothing of the batch counts as stored.</summary>
    public void Fail(ReasonCode reason, string why)
    {
        foreach (var (place, _) in _messages)
        {
            Refuse(place, reason, why);
        }
    }

    public void Refuse(int place, ReasonCode reason, string? why)
    {
        Refused++;
        _owed[place] = _owed[place] with { Reason = reason, Why = why };
    }
}
