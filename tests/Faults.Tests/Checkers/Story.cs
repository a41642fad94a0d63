using OrleansIoT.Faults.Checkers;
using OrleansIoT.Faults.Recording;

namespace OrleansIoT.Faults.Tests.Checkers;

/// <summary>A run in which everything is as it should be, and in which each test makes one thing wrong.</summary>
internal static class Story
{
    public const string Topic = "devices/d1/t";
    public const string State = "devices/d1/state";
    public const string Command = "devices/d1/cmd";
    public const string Forged = "devices/d2/forged-by-d1";

    public static Evidence Good { get; } = new()
    {
        Operations =
        [
            Sent(Topic, 1, 1), Sent(Topic, 2, 2), Sent(Topic, 3, 3, Outcome.Info),
            Sent(State, 1, 4) with { IsRetained = true }, Sent(State, 2, 5) with { IsRetained = true },
            Sent(Command, 1, 6), Sent(Forged, 1, 7, Outcome.Fail),
            Sent("devices/d1/log", 1, 8), Sent("devices/d1/log", 1, 9), // the same message once more
            Saw(2, 2), Saw(1, 2),
            Wrote(1, 10), Read(1, 12), Wrote(2, 14), Read(2, 16),
            Asked(200), Asked(503), Asked(429), Asked(504),
        ],
        Stored =
        [
            Stored(Topic, 1, 1), Stored(Topic, 2, 2), Stored(Topic, 3, 3), Stored(State, 1, 1), Stored(State, 2, 2),
            Stored(Command, 1, 1), Stored("devices/d1/log", 1, 1),
        ],
        Subscribers =
        [
            Listening("exact", Qos.ExactlyOnce, null, 1, 2, 3),
            Listening("least", Qos.AtLeastOnce, null, 1, 1, 2, 1, 2),
            Listening("a", Qos.ExactlyOnce, "g", 1), Listening("b", Qos.ExactlyOnce, "g", 2),
            new Subscriber("d1", "default", [Command], Qos.AtLeastOnce, null, [Arrived(Command, 1)]),
        ],
        Resumptions = [new Resumption(Second(1), "default/d1", SessionPresent: true)],
        Retained = [new Retained("default", State, Id(State, 2))],
        Usages = [new Usage("silo-1", Usages.Memory, 200 << 20, 250 << 20)],
        Log = [new LogLine("silo-1", "2026-01-01T00:00:00.000Z warn: PostgreSQL is away")],
    };

    /// <summary>What a checker says of it.</summary>
    public static IReadOnlyList<string> Broken(string checker, Evidence evidence) =>
        [.. Checker.All.Single(one => one.Id == checker).Check(evidence)];

    /// <summary>The same with something else in it.</summary>
    public static Evidence With(params Operation[] operations) => Good with { Operations = [.. Good.Operations, .. operations] };

    public static Evidence With(params Reading[] readings) => Good with { Stored = [.. Good.Stored, .. readings] };

    /// <summary>The same without the readings of a topic with these numbers, and with others.</summary>
    public static Evidence Instead(string topic, params Reading[] readings) =>
        Good with { Stored = [.. Good.Stored.Where(reading => reading.Topic != topic), .. readings] };

    public static Evidence WithSubscriber(Subscriber subscriber) =>
        Good with { Subscribers = [.. Good.Subscribers.Where(other => other.Name != subscriber.Name), subscriber] };

    public static MessageId Id(string topic, long number) => new("default", topic, number);

    public static Publication Sent(string topic, long number, int at, Outcome outcome = Outcome.Ok) => new(Id(topic, number), Qos.ExactlyOnce)
    {
        Client = "default/d1",
        Begun = Second(at),
        Ended = Second(at) + TimeSpan.FromMilliseconds(10),
        Outcome = outcome,
    };

    public static Reading Stored(string topic, long seq, long number) => new("default", topic, seq, Id(topic, number));

    public static Subscriber Listening(string name, Qos granted, string? group, params long[] numbers) =>
        new(name, "default", [Topic], granted, group, [.. numbers.Select(number => Arrived(Topic, number))]);

    public static Arrival Arrived(string topic, long number) => new(topic, Id(topic, number));

    public static Look Saw(long? seen, long atLeast, Outcome outcome = Outcome.Ok) =>
        new(Topic, Math.Min(atLeast, seen ?? atLeast), seen) { Client = "reader", Outcome = outcome, Ended = Second(1) };

    public static RegisterOperation Wrote(long value, int at, Outcome outcome = Outcome.Ok) => Register(true, value, at, outcome);

    public static RegisterOperation Read(long value, int at) => Register(false, value, at, Outcome.Ok);

    public static Request Asked(int? status, int at = 1) => new("127.0.0.1:8080", "GET /users/1", status)
    {
        Client = "reader",
        Begun = Second(at),
        Ended = Second(at),
        Outcome = status is 200 ? Outcome.Ok : status is null or 503 or 429 or 504 ? Outcome.Info : Outcome.Fail,
    };

    public static TimeSpan Second(int second) => TimeSpan.FromSeconds(second);

    private static RegisterOperation Register(bool isWrite, long value, int at, Outcome outcome) => new("user", isWrite, value)
    {
        Client = "one",
        Begun = Second(at),
        Ended = Second(at) + TimeSpan.FromMilliseconds(10),
        Outcome = outcome,
    };
}
