using System.Text.RegularExpressions;
using OrleansIoT.Faults.Nemesis;
using OrleansIoT.Faults.Recording;

namespace OrleansIoT.Faults.Checkers;

/// <summary>How the processes bore it.</summary>
internal static partial class Processes
{
    /// <summary>What a process of .NET may take more before that is growth: its heap is not made smaller at once.</summary>
    private const double Growth = 1.5;

    /// <summary>And what makes no difference however small it was: bytes of memory, and open files.</summary>
    private const long MemorySlack = 96 << 20;
    private const long FileSlack = 100;

    /// <summary>C12: from the end of a fault, as long as it lasts itself others have to go on.</summary>
    public static IEnumerable<string> TooLate(Evidence evidence) =>
        from recovery in evidence.Recoveries
        let fault = recovery.Injection.Fault
        let budget = fault.Plan.Budget + LengthOf(recovery.Injection)
        let took = recovery.Messages > recovery.Requests ? recovery.Messages : recovery.Requests
        where took > budget
        select $"{fault} at {recovery.Injection.Began:c}: until {took.TotalSeconds:0.0} s something waited, and {budget.TotalSeconds:0.0} s are promised";

    /// <summary>What ends a process several times takes as long as that process takes to come back.</summary>
    private static TimeSpan LengthOf(Injection injection) => injection is { Fault.Plan.Kind: FaultKind.Roll or FaultKind.KillAgain or FaultKind.Crash, Ended: { } ended }
        ? ended - injection.Began
        : injection.Fault.Duration;

    /// <summary>C13.</summary>
    public static IEnumerable<string> Growing(Evidence evidence) =>
        from usage in evidence.Usages
        where usage.After > (usage.Before * Growth) + (usage.What == Usages.Memory ? MemorySlack : FileSlack)
        select $"{usage.Process}: {usage.What} {usage.Before} before, {usage.After} after";

    /// <summary>C14. A bug is logged as one, and ends in a stack; an outage that was made here is expected.</summary>
    public static IEnumerable<string> Unexpected(Evidence evidence) =>
    [
        .. evidence.Log.Where(line => Bug().IsMatch(line.Text)).Select(line => $"{line.Process}: {line.Text}"),
        .. evidence.Damage,
    ];

    /// <summary>
    /// Of .NET: an exception that nobody caught, or that only a mistake throws, and a crash of the runtime; but a silo that was
    /// stopped for so long that the others took it for dead ends itself when it hears so, and what Orleans itself only warns of
    /// (a probe that fails in a silo that is cut off, with whatever exception) it gets over. Of PostgreSQL: damage.
    /// </summary>
    [GeneratedRegex(@"^(?!\S+ warn: Orleans\.).*(?:Unhandled exception|Fatal error\.|PANIC: (?!.*terminat)|invalid page|could not read block|NullReferenceException|ObjectDisposedException|InvalidCastException|IndexOutOfRangeException|KeyNotFoundException|StackOverflow)|^FATAL EXCEPTION from (?!.*told I am dead)|^\S+ crit: ")]
    private static partial Regex Bug();
}
