using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Sessions.Fuzz;

/// <summary>A delivery that a client has to get.</summary>
internal sealed class Expected(ClientTraits receiver, Message message, Qos qos, IEnumerable<uint> identifiers)
{
    private readonly List<uint> _identifiers = receiver.Is5 ? [.. identifiers.Order()] : [];

    public Message Message => message;

    public Qos Qos => qos;

    /// <summary>The retain flag, or null where the specification leaves it open.</summary>
    public bool? Retain { get; init; }

    /// <summary>Sent because of a new subscription, not because it was published.</summary>
    public bool IsFromTheRetained { get; init; }

    /// <summary>Whether it may also not come.</summary>
    public bool IsOptional { get; set; }

    /// <summary>Whether it has come before and was not acknowledged then.</summary>
    public bool IsAgain { get; init; }

    /// <summary>Where several clients may get it, and one of them does; or null.</summary>
    public SharedDelivery? Shared { get; init; }

    public bool IsMet(PublishPacket packet) =>
        packet.Topic == message.Topic
        && packet.Qos == qos
        && packet.Retain == (Retain ?? packet.Retain)
        && (packet.Dup || !IsAgain)
        && packet.Text() == message.Payload
        && packet.Properties.SubscriptionIdentifiers.Order().SequenceEqual(_identifiers)
        && (receiver.Is5 ? message.Extras : Extras.None).AreIn(packet.Properties);

    /// <summary>The same once more, because the connection ended before its acknowledgement.</summary>
    public Expected Again(bool isOptional) => new(receiver, message, qos, _identifiers)
    {
        Retain = Retain,
        IsFromTheRetained = IsFromTheRetained,
        IsAgain = true,
        IsOptional = isOptional,
    };

    public override string ToString() =>
        $"{receiver.Id}: {message.Topic} '{message.Number}' {qos} retain={Retain?.ToString() ?? "?"} ids=[{string.Join(',', _identifiers)}]"
        + (IsAgain ? " again" : "") + (IsOptional ? " optional" : "") + (Shared is null ? "" : " shared");
}

/// <summary>A message for a shared subscription: one of its clients gets it.</summary>
internal sealed class SharedDelivery(string filter)
{
    public string Filter => filter;

    public List<ModelSession> Candidates { get; } = [];

    /// <summary>Whether it may be lost with a candidate that is not there, or not any more.</summary>
    public bool IsOptional { get; set; }

    public bool IsDone { get; set; }

    /// <summary>All who may have it are there, so one of them must get it now.</summary>
    public bool IsDue => !IsDone && !IsOptional && Candidates.Count > 0 && Candidates.TrueForAll(candidate => candidate.Listens);
}
