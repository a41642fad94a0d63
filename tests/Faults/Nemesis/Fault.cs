namespace OrleansIoT.Faults.Nemesis;

/// <summary>What is done to a process, or to the clients' connections.</summary>
public enum FaultKind
{
    /// <summary>SIGKILL.</summary>
    Kill,

    /// <summary>SIGTERM; SIGINT for PostgreSQL, which then ends at once and in order.</summary>
    Terminate,

    /// <summary>SIGSTOP, and after a while SIGCONT.</summary>
    Stop,

    /// <summary>SIGSTOP for 200 ms in every second.</summary>
    Pauses,

    /// <summary>SIGKILL to two processes at once.</summary>
    KillTwo,

    /// <summary>SIGKILL again and again, each time as soon as the process is there.</summary>
    KillAgain,

    /// <summary>The process kills itself at one of its named points.</summary>
    Crash,

    /// <summary>SIGQUIT to PostgreSQL: it ends without a checkpoint.</summary>
    Immediate,

    /// <summary>SIGKILL to one of PostgreSQL's backends, which makes it end all of them.</summary>
    KillBackend,

    /// <summary>Two processes do not hear each other; everybody else hears both.</summary>
    Split,

    /// <summary>What one process says does not reach another one, which is heard.</summary>
    SplitOneWay,

    /// <summary>Nobody hears a process, and it hears nobody, not even PostgreSQL.</summary>
    Isolate,

    /// <summary>All processes of a role, one after the other, with SIGTERM.</summary>
    Roll,

    /// <summary>New keys of tokens.</summary>
    RotateTokenKeys,

    /// <summary>A new key of the cluster.</summary>
    RotateClusterKey,

    /// <summary>A TCP reset of a part of the clients' connections.</summary>
    Reset,

    /// <summary>An end of clients' connections in the middle of a packet.</summary>
    Cut,

    /// <summary>A TCP reset of all clients' connections at once.</summary>
    Storm,
}

/// <summary>A fault that is to come.</summary>
/// <param name="At">When, from the beginning of the faults.</param>
/// <param name="Plan">Which one.</param>
/// <param name="Target">Whom it is done to: the name of a process, of two, or "clients".</param>
/// <param name="Duration">How long it lasts; zero for a moment.</param>
/// <param name="Detail">For a crash, the point.</param>
public sealed record Fault(TimeSpan At, FaultPlan Plan, string Target, TimeSpan Duration, string? Detail = null)
{
    public override string ToString() =>
        $"{Plan.Id} {Plan.Kind} {Target}{(Duration > TimeSpan.Zero ? $" for {Duration.TotalSeconds:0.0} s" : "")}{(Detail is null ? "" : $" at {Detail}")}";
}

/// <summary>A fault that was made. Times are those of the ledger.</summary>
/// <param name="Ended">When nothing was done any more: the process let go on, or started again.</param>
public sealed record Injection(Fault Fault, TimeSpan Began, TimeSpan? Ended = null);
