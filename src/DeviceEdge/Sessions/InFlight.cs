using OrleansIoT.DeviceEdge.Mqtt;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>What an acknowledgement leads to.</summary>
internal enum Answered
{
    /// <summary>To nothing: it says what is known.</summary>
    Nothing,

    /// <summary>Nothing was sent with this packet identifier.</summary>
    Unknown,

    /// <summary>The delivery is complete.</summary>
    Complete,

    /// <summary>The client has it, and is not sent it again once that is noted.</summary>
    Received,

    /// <summary>PUBREL is sent.</summary>
    Released,
}

/// <summary>
/// The messages of QoS 1 and 2 that are under way to a client, by packet identifier (MQTT 5.0 section 4.3). Numbers are
/// those of the durable queue; 0 for a message that stands in none. For one thread at a time.
/// </summary>
/// <param name="most">How many may be unanswered (section 4.9).</param>
internal sealed class InFlight(int most)
{
    private enum Step : byte
    {
        Sent,

        /// <summary>PUBREC has come, and its settlement is not durable.</summary>
        Received,

        /// <summary>PUBREL was sent.</summary>
        Released,

        /// <summary>Complete, and that is not durable: after a crash it would be sent again, so its identifier is not free.</summary>
        Complete,
    }

    private Dictionary<ushort, Entry>? _entries;
    private ushort _lastId;
    private int _unanswered;

    public bool HasRoom => _unanswered < most;

    /// <summary>The packet identifier of a message of the durable queue: the same whenever it is sent.</summary>
    public static ushort IdOf(long number) => (ushort)(((number - 1) % ushort.MaxValue) + 1);

    public bool IsFree(ushort id) => _entries?.ContainsKey(id) is not true;

    /// <summary>A packet identifier that is free; there is one as long as there is room.</summary>
    public ushort NextId()
    {
        do
        {
            _lastId = (ushort)((_lastId % ushort.MaxValue) + 1);
        }
        while (!IsFree(_lastId));
        return _lastId;
    }

    public void Sent(ushort id, long number, Qos qos)
    {
        (_entries ??= []).Add(id, new Entry(number, qos, Step.Sent, TakesRoom: true));
        _unanswered++;
    }

    /// <summary>It was released on a connection before this one. PUBREL takes no room (section 4.9).</summary>
    public void ReleasedBefore(long number) =>
        (_entries ??= []).Add(IdOf(number), new Entry(number, Qos.ExactlyOnce, Step.Released, TakesRoom: false));

    /// <exception cref="MqttProtocolException">It is no answer to what was sent.</exception>
    public Answered Acknowledge(PacketType type, ushort id, bool isRefusal, out long number)
    {
        number = 0;
        if (_entries is null || !_entries.TryGetValue(id, out var entry))
        {
            return Answered.Unknown;
        }

        number = entry.Number;
        switch (type, entry.Qos, entry.Step)
        {
            case (_, _, Step.Complete):
                return Answered.Unknown;
            case (PacketType.PubAck, Qos.AtLeastOnce, Step.Sent):
            case (PacketType.PubRec, Qos.ExactlyOnce, Step.Sent) when isRefusal: // section 4.3.3
            case (PacketType.PubComp, _, Step.Released):
                Complete(id, entry);
                return Answered.Complete;
            case (PacketType.PubRec, Qos.ExactlyOnce, Step.Sent):
                _entries[id] = entry with { Step = number == 0 ? Step.Released : Step.Received };
                return number == 0 ? Answered.Released : Answered.Received;
            case (PacketType.PubRec, _, Step.Received):
                return Answered.Nothing; // its PUBREL is to come
            case (PacketType.PubRec, _, Step.Released):
                return Answered.Released;
            default:
                throw MqttProtocolException.Protocol($"A {type} is no answer to what was sent with its packet identifier.");
        }
    }

    /// <summary>A settlement is durable.</summary>
    /// <returns>Whether PUBREL is to be sent now.</returns>
    public bool Settled(Settlement settlement)
    {
        var id = IdOf(settlement.Number);
        if (_entries is null || !_entries.TryGetValue(id, out var entry) || entry.Number != settlement.Number)
        {
            return false; // it was settled without having been sent
        }

        if (settlement.IsComplete)
        {
            _entries.Remove(id);
            return false;
        }

        _entries[id] = entry with { Step = Step.Released };
        return true;
    }

    private void Complete(ushort id, Entry entry)
    {
        _unanswered -= entry.TakesRoom ? 1 : 0;
        if (entry.Number == 0)
        {
            _entries!.Remove(id);
        }
        else
        {
            _entries![id] = entry with { Step = Step.Complete };
        }
    }

    private readonly record struct Entry(long Number, Qos Qos, Step Step, bool TakesRoom);
}
