namespace OrleansIoT.Faults.Recording;

/// <summary>What came of an operation, as its client knows it.</summary>
public enum Outcome
{
    /// <summary>Acknowledged.</summary>
    Ok,

    /// <summary>Refused for good: it has not happened and never will.</summary>
    Fail,

    /// <summary>Unknown: no answer, a connection that ended, or a refusal that says "try again".</summary>
    Info,
}

/// <summary>Something that a client did. Times are from the beginning of the run.</summary>
public abstract record Operation
{
    /// <summary>Who did it.</summary>
    public required string Client { get; init; }

    public TimeSpan Begun { get; init; }

    /// <summary>When its client knew what came of it; null for never.</summary>
    public TimeSpan? Ended { get; init; }

    public Outcome Outcome { get; init; } = Outcome.Info;

    /// <summary>What the server said: a reason code, a status, or what went wrong.</summary>
    public string? Answer { get; init; }
}

/// <summary>A message on its way to the server. Sent anew under another packet identifier, it is another publication of the same message.</summary>
/// <param name="Message">Which one.</param>
/// <param name="Qos">How.</param>
/// <param name="IsRetained">Whether it is to be retained.</param>
public sealed record Publication(MessageId Message, Qos Qos, bool IsRetained = false) : Operation;

/// <summary>A request to a gateway.</summary>
/// <param name="Gateway">Which one.</param>
/// <param name="Route">Method and path.</param>
/// <param name="Status">Of the answer; null if there was none.</param>
public sealed record Request(string Gateway, string Route, int? Status = null) : Operation;

/// <summary>A read or a write of a value that one client writes, with ever greater numbers, and others read.</summary>
/// <param name="Register">Which value.</param>
/// <param name="IsWrite">Whether it was written.</param>
/// <param name="Value">What was written, or what was read.</param>
public sealed record RegisterOperation(string Register, bool IsWrite, long Value) : Operation;

/// <summary>A look at the latest reading of a topic after some had been acknowledged.</summary>
/// <param name="Topic">Which one.</param>
/// <param name="AtLeast">The greatest number that was acknowledged when it was asked.</param>
/// <param name="Seen">The number that the answer had; null where it had none.</param>
public sealed record Look(string Topic, long AtLeast, long? Seen) : Operation;
