using OrleansIoT.Failures;

namespace OrleansIoT.Faults.Nemesis;

/// <summary>A fault that can be made.</summary>
/// <param name="Id">Its number in the list of faults.</param>
/// <param name="Kind">What is done.</param>
/// <param name="Role">To which kind of process.</param>
/// <param name="Budget">How long after its end some message may still be waiting.</param>
/// <param name="Least">How long it lasts at least; zero for a moment.</param>
/// <param name="Most">And at most.</param>
public sealed record FaultPlan(string Id, FaultKind Kind, string Role, TimeSpan Budget, TimeSpan Least = default, TimeSpan Most = default)
{
    public const string Clients = "clients";
    public const string Postgres = "postgres";

    /// <summary>The processes that have a network of their own, which can be cut (<c>./dev cluster --networks</c>).</summary>
    public const string Network = "network";

    /// <summary>One process that is everything.</summary>
    public const string Whole = "iot";

    /// <summary>Where a process that is killed at its own points is on the way of a message.</summary>
    public IReadOnlyList<string> Details => (Kind, Role) switch
    {
        (FaultKind.Crash, "edge") => [CrashPoint.AckBefore, CrashPoint.AckAfter],
        (FaultKind.Crash, "silo") => [CrashPoint.AppendBefore, CrashPoint.AppendWritten, CrashPoint.AppendCommitted],
        (FaultKind.Crash, _) =>
            [CrashPoint.AppendBefore, CrashPoint.AppendWritten, CrashPoint.AppendCommitted, CrashPoint.AckBefore, CrashPoint.AckAfter],
        _ => [],
    };

    /// <summary>
    /// All that there are. The budgets of a killed process are the promise (5 s for a process, and for a silo whose grains
    /// others have to take); PostgreSQL has to recover from its log first.
    /// </summary>
    public static IReadOnlyList<FaultPlan> Catalogue { get; } =
    [
        new("F01", FaultKind.Kill, "silo", Seconds(5)),
        new("F02", FaultKind.Kill, "gateway", Seconds(5)),
        new("F03", FaultKind.Kill, "edge", Seconds(5)),
        new("F04", FaultKind.Kill, Postgres, Seconds(15)),
        new("F04", FaultKind.Immediate, Postgres, Seconds(15)),
        new("F04", FaultKind.KillBackend, Postgres, Seconds(15)),
        new("F07", FaultKind.Terminate, Postgres, Seconds(15)),
        new("F15", FaultKind.Stop, Postgres, Seconds(5), Seconds(1), Seconds(20)),
        new("F05", FaultKind.KillTwo, "silo", Seconds(10)),
        new("F05", FaultKind.KillTwo, "edge", Seconds(10)),
        new("F05", FaultKind.KillAgain, "silo", Seconds(10)),
        new("F05", FaultKind.KillAgain, "edge", Seconds(10)),
        new("F06", FaultKind.Crash, "silo", Seconds(10)),
        new("F06", FaultKind.Crash, "edge", Seconds(10)),
        new("F07", FaultKind.Terminate, "silo", Seconds(5)),
        new("F07", FaultKind.Terminate, "gateway", Seconds(8)), // of which it serves for two and a half; no proxy is before it here
        new("F07", FaultKind.Terminate, "edge", Seconds(5)),
        new("F15", FaultKind.Stop, "silo", Seconds(5), Seconds(1), Seconds(20)),
        new("F15", FaultKind.Stop, "gateway", Seconds(5), Seconds(1), Seconds(20)),
        new("F15", FaultKind.Stop, "edge", Seconds(10), Seconds(1), Seconds(20)),
        new("F16", FaultKind.Pauses, "silo", Seconds(5), Seconds(5), Seconds(10)),
        new("F18", FaultKind.Split, Network, Seconds(15), Seconds(5), Seconds(20)),
        new("F18", FaultKind.SplitOneWay, Network, Seconds(15), Seconds(5), Seconds(20)),
        new("F18", FaultKind.Isolate, Network, Seconds(15), Seconds(2), Seconds(20)),
        new("F19", FaultKind.Reset, Clients, Seconds(5)),
        new("F19", FaultKind.Cut, Clients, Seconds(5)),
        new("F21", FaultKind.Storm, Clients, Seconds(30)),
        new("F27", FaultKind.RotateTokenKeys, "gateway", Seconds(5)),
        new("F27", FaultKind.RotateClusterKey, "silo", Seconds(5)),

        new("F01", FaultKind.Kill, Whole, Seconds(10)),
        new("F05", FaultKind.KillAgain, Whole, Seconds(15)),
        new("F06", FaultKind.Crash, Whole, Seconds(15)),
        new("F07", FaultKind.Terminate, Whole, Seconds(20)),
        new("F15", FaultKind.Stop, Whole, Seconds(10), Seconds(1), Seconds(3)),
        new("F16", FaultKind.Pauses, Whole, Seconds(5), Seconds(2), Seconds(4)),
        new("F27", FaultKind.RotateTokenKeys, Whole, Seconds(5)),

        // Only when they are asked for: they take minutes.
        new("F07", FaultKind.Roll, "silo", Seconds(5)),
        new("F28", FaultKind.Stop, Postgres, Seconds(15), Seconds(60), Seconds(60)),
    ];

    /// <summary>How many processes it is done to, where it is not all of a role.</summary>
    public int Targets => Kind is FaultKind.KillTwo or FaultKind.Split or FaultKind.SplitOneWay ? 2 : 1;

    /// <summary>Whether it is among what happens when nobody asks for anything in particular.</summary>
    public bool IsUsual => Kind != FaultKind.Roll && Id != "F28";

    private static TimeSpan Seconds(int seconds) => TimeSpan.FromSeconds(seconds);
}
