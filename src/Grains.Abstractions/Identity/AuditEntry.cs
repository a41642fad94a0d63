using System.Collections.Immutable;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Identity;

/// <summary>Who did what is noted of.</summary>
public enum AuditActor
{
    /// <summary>Somebody who has not signed in; whom it claims to be may stand in <see cref="AuditEntry.Name"/>.</summary>
    Nobody = 1,
    User,
    Device,
    Service,
}

/// <summary>What became of it.</summary>
public enum AuditResult
{
    /// <summary>It was done.</summary>
    Ok = 1,

    /// <summary>It was refused, and changed nothing.</summary>
    Refused,

    /// <summary>It failed for a reason of the server's own; whether it was done may be unknown.</summary>
    Failed,
}

/// <summary>Who did what to which thing, when, from where, with which result. There are no secrets in it, and nothing is null.</summary>
[GenerateSerializer, Immutable, Alias("iot.AuditEntry")]
public sealed record AuditEntry
{
    /// <summary>The longest text of an entry, in characters; an email has at most 254.</summary>
    public const int MaxText = 256;

    /// <summary>Given by the store, increasing; 0 before.</summary>
    [Id(0)]
    public long Id { get; init; }

    /// <summary>When it was answered, by the clock of the process that answered.</summary>
    [Id(1)]
    public required DateTimeOffset At { get; init; }

    [Id(2)]
    public required string Tenant { get; init; }

    [Id(3)]
    public AuditActor Actor { get; init; } = AuditActor.Nobody;

    /// <summary>The user's or the device's id, or the service's name; empty for nobody, and while one signs in.</summary>
    [Id(4)]
    public string Subject { get; init; } = "";

    /// <summary>At a sign-in the email or the user name that was typed, if it has the form of one; else empty.</summary>
    [Id(5)]
    public string Name { get; init; } = "";

    /// <summary>The client's IP address.</summary>
    [Id(6)]
    public string Address { get; init; } = "";

    /// <summary>The name of the route in the OpenAPI document, as RegisterDevice; or MqttConnect.</summary>
    [Id(7)]
    public required string Action { get; init; }

    /// <summary>As device, user or topic; empty where there is no one thing.</summary>
    [Id(8)]
    public string ThingType { get; init; } = "";

    [Id(9)]
    public string ThingId { get; init; } = "";

    [Id(10)]
    public AuditResult Result { get; init; } = AuditResult.Ok;

    /// <summary>The HTTP status; of MqttConnect the reason code of CONNACK in MQTT 5.0.</summary>
    [Id(11)]
    public int Status { get; init; }

    /// <summary>The code of the failure, as not_signed_in; empty where there is none.</summary>
    [Id(12)]
    public string Failure { get; init; } = "";

    /// <summary>A sentence of ours; empty when it was done.</summary>
    [Id(13)]
    public string Reason { get; init; } = "";

    /// <summary>How many requests it stands for: 1, but for what sums refusals up.</summary>
    [Id(14)]
    public long Count { get; init; } = 1;

    /// <summary>The same with no text longer than <see cref="MaxText"/>.</summary>
    public AuditEntry Bounded() => this with
    {
        Subject = Cut(Subject),
        Name = Cut(Name),
        Address = Cut(Address),
        Action = Cut(Action),
        ThingType = Cut(ThingType),
        ThingId = Cut(ThingId),
        Failure = Cut(Failure),
        Reason = Cut(Reason),
    };

    private static string Cut(string text) =>
        text.Length <= MaxText ? text : text[..(char.IsHighSurrogate(text[MaxText - 1]) ? MaxText - 1 : MaxText)];
}

/// <summary>Which entries of a tenant. A filter that is null asks for nothing.</summary>
/// <param name="Start">The first instant that belongs to the range.</param>
/// <param name="End">The first instant that does not.</param>
/// <param name="Actor">The subject or the name.</param>
/// <param name="Action">The action.</param>
/// <param name="Thing">The thing's type, its id, or both as type/id.</param>
/// <param name="Result">What became of it.</param>
/// <param name="Limit">The most entries of the page, 1 to <see cref="MaxLimit"/>.</param>
/// <param name="After">The page begins behind this place, in the order that is asked for; null for the beginning.</param>
/// <param name="Ascending">The oldest first; else the newest.</param>
[GenerateSerializer, Immutable, Alias("iot.AuditQuery")]
public sealed record AuditQuery(
    [property: Id(0)] DateTimeOffset Start,
    [property: Id(1)] DateTimeOffset End,
    [property: Id(2)] string? Actor = null,
    [property: Id(3)] string? Action = null,
    [property: Id(4)] string? Thing = null,
    [property: Id(5)] AuditResult? Result = null,
    [property: Id(6)] int Limit = 100,
    [property: Id(7)] TelemetryPosition? After = null,
    [property: Id(8)] bool Ascending = false)
{
    public const int MaxLimit = 1_000;
}

/// <param name="Entries">In the order of time and then of id, or the other way round, as was asked for.</param>
/// <param name="Next">The place that the next page comes after, or null when this page ends the range.</param>
[GenerateSerializer, Immutable, Alias("iot.AuditPage")]
public sealed record AuditPage(
    [property: Id(0)] ImmutableArray<AuditEntry> Entries,
    [property: Id(1)] TelemetryPosition? Next);
