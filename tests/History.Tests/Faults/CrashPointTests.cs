using OrleansIoT.Failures;

namespace OrleansIoT.History.Tests.Faults;

/// <summary>The store killed at each of its windows, by itself: <see cref="CrashPoint"/>.</summary>
public sealed class CrashPointTests
{
    public static TheoryData<string, int[]> Points => new()
    {
        { CrashPoint.AppendBefore, [1, 2, 60] },
        { CrashPoint.AppendWritten, [1, 2, 60] },
        { CrashPoint.AppendCommitted, [1, 2, 60] },
        { CrashPoint.CheckpointBefore, [1, 2] },
        { CrashPoint.CompactionBefore, [1, 5] },
        { CrashPoint.CompactionChunks, [1, 2, 5] },
        { CrashPoint.CompactionLog, [1, 5] },
    };

    [Theory]
    [MemberData(nameof(Points))]
    public async Task Killed_at_a_point_the_store_has_what_it_acknowledged_once_and_goes_on(string point, int[] times)
    {
        var directory = TestStore.NewDirectory();
        var acknowledged = new long[8];
        foreach (var nth in times)
        {
            using var appender = new AppenderProcess(directory, acknowledged, (CrashPoint.Variable, $"{point}:{nth}"));
            await appender.Die();
            Assert.True(appender.WasKilled);
            await AppenderProcess.MustHold(directory, acknowledged);
        }

        using (var appender = new AppenderProcess(directory, acknowledged))
        {
            await appender.Store(500);
            await appender.End();
        }

        await AppenderProcess.MustHold(directory, acknowledged);
        Directory.Delete(directory, recursive: true);
    }

    [Theory]
    [InlineData("append")]
    [InlineData("append.before:0")]
    [InlineData("append.before:x")]
    [InlineData("append.before:")]
    [InlineData("append.before:1:2")]
    public void What_is_no_point_is_refused_with_the_names(string plan)
    {
        var refusal = Assert.Throws<FormatException>(() => CrashPoint.Check(plan));
        Assert.All(CrashPoint.Names, name => Assert.Contains(name, refusal.Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("append.before")]
    [InlineData("ack.after:12")]
    public void No_plan_and_a_good_one_pass(string? plan) => CrashPoint.Check(plan);
}
