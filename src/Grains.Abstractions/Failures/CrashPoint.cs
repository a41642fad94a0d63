using System.Diagnostics;
using System.Globalization;

namespace OrleansIoT.Failures;

/// <summary>
/// Places where the process kills itself (SIGKILL) if the environment says so: <c>ORLEANSIOT_CRASH_AT=append.written:3</c>
/// is the third time that place is reached. Kills at random seldom hit a window of 100 µs; these hit each, every time.
/// </summary>
public static class CrashPoint
{
    public const string Variable = "ORLEANSIOT_CRASH_AT";

    /// <summary>A group of writes is taken, its transaction not begun.</summary>
    public const string AppendBefore = "append.before";

    /// <summary>Its rows are written, and not committed.</summary>
    public const string AppendWritten = "append.written";

    /// <summary>It is committed, and nobody knows.</summary>
    public const string AppendCommitted = "append.committed";

    /// <summary>The write-ahead log is about to be moved into the database.</summary>
    public const string CheckpointBefore = "checkpoint.before";

    /// <summary>Readings are about to be moved from the log into chunks.</summary>
    public const string CompactionBefore = "compaction.before";

    /// <summary>Some of the chunks are stored, between two transactions.</summary>
    public const string CompactionChunks = "compaction.chunks";

    /// <summary>All chunks are stored, the rows of the log not yet deleted.</summary>
    public const string CompactionLog = "compaction.log";

    /// <summary>Readings that are too old are about to be dropped.</summary>
    public const string RetentionBefore = "retention.before";

    /// <summary>Some of them are, between two transactions.</summary>
    public const string RetentionMiddle = "retention.middle";

    /// <summary>Messages are stored, their acknowledgements not sent.</summary>
    public const string AckBefore = "ack.before";

    /// <summary>The acknowledgements are with the kernel.</summary>
    public const string AckAfter = "ack.after";

    public static readonly IReadOnlyList<string> Names =
    [
        AppendBefore, AppendWritten, AppendCommitted, CheckpointBefore, CompactionBefore, CompactionChunks, CompactionLog,
        RetentionBefore, RetentionMiddle, AckBefore, AckAfter,
    ];

    private static readonly string? Plan = Environment.GetEnvironmentVariable(Variable);
    private static readonly bool IsArmed = !string.IsNullOrEmpty(Plan); // a constant to the compiler of hot code: unarmed, a point is no code
    private static int _reached;

    public static void Reach(string name)
    {
        if (IsArmed)
        {
            Count(name);
        }
    }

    /// <summary>For the start, which should not succeed with a plan that nothing comes of.</summary>
    /// <exception cref="FormatException">It is no plan; the message says what would be one.</exception>
    public static void Check(string? plan)
    {
        if (!string.IsNullOrEmpty(plan))
        {
            Read(plan);
        }
    }

    private static (string Name, int Nth) Read(string plan)
    {
        var colon = plan.IndexOf(':', StringComparison.Ordinal);
        var name = colon < 0 ? plan : plan[..colon];
        var nth = 1;
        return Names.Contains(name)
               && (colon < 0 || (int.TryParse(plan[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out nth) && nth > 0))
            ? (name, nth)
            : throw new FormatException(
                $"{Variable}={plan}: that is no crash point, which is name or name:nth; the names are {string.Join(", ", Names)}.");
    }

    private static void Count(string name)
    {
        var (chosen, nth) = Read(Plan!);
        if (name == chosen && Interlocked.Increment(ref _reached) == nth)
        {
            using var self = Process.GetCurrentProcess();
            self.Kill();
            Thread.Sleep(Timeout.Infinite);
        }
    }
}
