using OrleansIoT.DeviceEdge.Mqtt;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>
/// Packet identifiers of QoS 2 that the client has sent and not released (section 4.3.3): what comes under one of them is
/// the same message again. Not for use by two threads at a time.
/// </summary>
internal sealed class ReceivedIds
{
    private readonly Dictionary<ushort, Received> _ids = [];

    private enum Step : byte
    {
        /// <summary>Its message is with the grain.</summary>
        UnderWay,

        /// <summary>Its message is stored: PUBREC.</summary>
        Stored,

        /// <summary>PUBREL has come and PUBCOMP has not left.</summary>
        Releasing,
    }

    /// <summary>Those of an earlier connection.</summary>
    public void Restore(IEnumerable<ushort> ids)
    {
        foreach (var id in ids)
        {
            _ids[id] = new Received(Step.Stored, Counts: false);
        }
    }

    /// <param name="id">Of a PUBLISH.</param>
    /// <param name="counts">The PUBLISH counts towards the receive maximum until the identifier is free.</param>
    /// <returns>Whether its message is a new one.</returns>
    public bool Add(ushort id, out bool counts)
    {
        var isKnown = _ids.TryGetValue(id, out var received);
        counts = !received.Counts;
        _ids[id] = received with { Counts = true };
        return !isKnown;
    }

    /// <summary>It is known what became of a batch.</summary>
    /// <returns>How many identifiers no longer count.</returns>
    public int Settle(PendingAcks acks)
    {
        var freed = 0;
        for (var i = 0; i < acks.Count; i++)
        {
            var ack = acks.InOrder[i];
            if (ack.Type != PacketType.PubRec || ack.PacketId == 0)
            {
                continue;
            }

            if (ack.ChangesNothing)
            {
                if (!IsStored(ack.PacketId)) // the client did not wait for the answer to the first one
                {
                    acks.Refuse(i, ReasonCode.PacketIdentifierInUse, "The message that this one repeats was refused.");
                }
            }
            else if (ack.IsRefused)
            {
                freed += Forget(ack.PacketId); // the client may use it for another message [MQTT-4.3.3-9]
            }
            else
            {
                _ids[ack.PacketId] = _ids[ack.PacketId] with { Step = Step.Stored };
            }
        }

        return freed;
    }

    /// <summary>PUBREL.</summary>
    /// <param name="id">Of the PUBREL.</param>
    /// <param name="isFirst">It has not been released before, and is to be forgotten.</param>
    /// <returns>Whether there is such an identifier.</returns>
    public bool Release(ushort id, out bool isFirst)
    {
        isFirst = _ids.TryGetValue(id, out var received) && received.Step == Step.Stored;
        if (isFirst)
        {
            _ids[id] = received with { Step = Step.Releasing };
        }

        return received.Step > Step.UnderWay;
    }

    /// <summary>PUBCOMP is due: the identifier is free.</summary>
    /// <returns>1 if it counted until now.</returns>
    public int Forget(ushort id) => _ids.Remove(id, out var received) && received.Counts ? 1 : 0;

    private bool IsStored(ushort id) => _ids.TryGetValue(id, out var received) && received.Step > Step.UnderWay;

    private readonly record struct Received(Step Step, bool Counts);
}
