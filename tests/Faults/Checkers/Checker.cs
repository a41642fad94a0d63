using OrleansIoT.Faults.Recording;

namespace OrleansIoT.Faults.Checkers;

/// <summary>A promise, and what of the evidence breaks it: a sentence each.</summary>
public sealed record Checker(string Id, string Promise, Func<Evidence, IEnumerable<string>> Check)
{
    /// <summary>All of them, by their numbers in the list of checkers.</summary>
    public static IReadOnlyList<Checker> All { get; } =
    [
        new("C1", "what was acknowledged is stored", History.Lost),
        new("C1r", "what was acknowledged can be read at that moment", History.Unreadable),
        new("C2", "what is stored was sent, as it is", History.Invented),
        new("C3", "it is stored once", History.Doubled),
        new("C4", "it is stored in the order in which it was sent, with numbers that rise", History.Disordered),
        new("C5", "what was refused for good is not there", History.RefusedAndThere),
        new("C6", "subscribers get it: QoS 1 at least once, QoS 2 exactly once, in order", Deliveries.Wrong),
        new("C7", "a durable session is there when its client comes back", Sessions.Gone),
        new("C8", "what is retained is the last that was acknowledged, or a later one", Sessions.RetainedTooOld),
        new("C9", "a value that was written is read from then on, and never one before it", Values.WentBack),
        new("C10", "a command gets to its device and to no other", Deliveries.Astray),
        new("C11", "nothing of a tenant gets to another one", Deliveries.Trespassing),
        new("C12", "it goes on within its time", Processes.TooLate),
        new("C13", "no process takes more and more", Processes.Growing),
        new("C14", "nothing unexpected is in the logs, and the store finds itself sound", Processes.Unexpected),
        new("HTTP", "a request that is not served is told to try again", Requests.Unhelpful),
        new("MQTT", "the server keeps to the specification", evidence => evidence.Protocol),
    ];
}
