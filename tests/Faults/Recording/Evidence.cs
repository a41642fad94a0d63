using OrleansIoT.Faults.Nemesis;
using OrleansIoT.Topics;

namespace OrleansIoT.Faults.Recording;

/// <summary>All that the checkers look at: what the clients did, and what was there in the end.</summary>
public sealed record Evidence
{
    public IReadOnlyList<Operation> Operations { get; init; } = [];

    /// <summary>The history of every topic, as it was read back.</summary>
    public IReadOnlyList<Reading> Stored { get; init; } = [];

    public IReadOnlyList<Subscriber> Subscribers { get; init; } = [];

    public IReadOnlyList<Resumption> Resumptions { get; init; } = [];

    /// <summary>What a newcomer is told of each topic with a retained message; without a number where it is told nothing.</summary>
    public IReadOnlyList<Retained> Retained { get; init; } = [];

    public IReadOnlyList<Injection> Faults { get; init; } = [];

    public IReadOnlyList<Recovery> Recoveries { get; init; } = [];

    public IReadOnlyList<Usage> Usages { get; init; } = [];

    /// <summary>What the processes logged.</summary>
    public IReadOnlyList<LogLine> Log { get; init; } = [];

    /// <summary>What the store's own checks found wrong.</summary>
    public IReadOnlyList<string> Damage { get; init; } = [];

    /// <summary>What clients were sent that MQTT forbids.</summary>
    public IReadOnlyList<string> Protocol { get; init; } = [];

    public IEnumerable<Publication> Publications => Operations.OfType<Publication>();

    /// <summary>Each message once, with all its publications in their order.</summary>
    public IEnumerable<IGrouping<MessageId, Publication>> Messages => Publications.GroupBy(publication => publication.Message);
}

/// <summary>A reading as the API gave it.</summary>
/// <param name="Tenant">Whose API was asked.</param>
/// <param name="Topic">Of which topic.</param>
/// <param name="Seq">Its number.</param>
/// <param name="Message">Which message it is; null for what is none of ours.</param>
/// <param name="IsIntact">Whether it is as it was sent.</param>
public sealed record Reading(string Tenant, string Topic, long Seq, MessageId? Message, bool IsIntact = true);

/// <summary>A client with subscriptions that it had before anything was published.</summary>
/// <param name="Name">Its client identifier.</param>
/// <param name="Tenant">Whose it is.</param>
/// <param name="Filters">What it has subscribed to.</param>
/// <param name="Granted">The QoS that it was granted.</param>
/// <param name="Group">Those with one group share what comes; null for none.</param>
/// <param name="Deliveries">What it got, in this order.</param>
public sealed record Subscriber(
    string Name, string Tenant, IReadOnlyList<string> Filters, Qos Granted, string? Group, IReadOnlyList<Arrival> Deliveries)
{
    public bool Wants(MessageId message) =>
        message.Tenant == Tenant && Filters.Any(filter => TopicFilter.Matches(filter, message.Topic));
}

/// <param name="Topic">On which topic it came.</param>
/// <param name="Message">Which message it is; null for what is none of ours.</param>
/// <param name="IsIntact">Whether it is as it was sent.</param>
public sealed record Arrival(string Topic, MessageId? Message, bool IsIntact = true);

/// <summary>A client with a durable session came back, or was not let in.</summary>
/// <param name="At">When.</param>
/// <param name="Client">Who.</param>
/// <param name="SessionPresent">Whether the server still had its session.</param>
/// <param name="Refusal">Why it was refused; null if it was not. A refusal that says "try again" is none.</param>
public sealed record Resumption(TimeSpan At, string Client, bool SessionPresent, string? Refusal = null);

/// <param name="Topic">Which topic.</param>
/// <param name="Message">What a newcomer is told; null for nothing.</param>
public sealed record Retained(string Tenant, string Topic, MessageId? Message);

/// <summary>What a process took, in the calm before the faults and in that after them.</summary>
public sealed record Usage(string Process, string What, long Before, long After);

/// <param name="Process">Whose log.</param>
public sealed record LogLine(string Process, string Text);
