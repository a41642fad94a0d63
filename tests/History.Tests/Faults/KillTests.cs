using Xunit.Abstractions;

namespace OrleansIoT.History.Tests.Faults;

/// <summary>kill -9 at any moment: in the middle of appends, of a checkpoint, of the start.</summary>
public sealed class KillTests(ITestOutputHelper output)
{
    /// <summary>How often; more by the variable TEST_KILLS.</summary>
    private static readonly int Kills = TestVariable.Number("TEST_KILLS", 10);

    private static readonly int Seed = TestVariable.Number("TEST_SEED", 4711);

    /// <summary>Then it begins with an empty directory: the queues hold 10,000 messages each.</summary>
    private const int KillsPerDirectory = 10;

    [Fact]
    public async Task Killed_at_any_moment_the_store_has_what_it_acknowledged_once()
    {
        var random = new Random(Seed);
        var total = 0L;
        for (var kills = 0; kills < Kills;)
        {
            var directory = TestStore.NewDirectory();
            var acknowledged = new long[8];
            for (var i = 0; i < KillsPerDirectory && kills < Kills; i++, kills++)
            {
                using var appender = new AppenderProcess(directory, acknowledged);
                if (random.Next(4) == 0)
                {
                    // Also before it says anything, while it opens and repairs.
                    await Task.Delay(random.Next(1_000));
                }
                else
                {
                    await appender.Store(random.Next(1, 2_000));
                }

                await appender.Kill();
                await AppenderProcess.MustHold(directory, acknowledged);
            }

            total += acknowledged.Sum();
            Directory.Delete(directory, recursive: true);
        }

        output.WriteLine($"{Kills} kills (TEST_SEED={Seed}), {total} readings stored, none of the acknowledged lost");
        Assert.True(total > Kills * 100, $"only {total} readings in {Kills} lives (TEST_SEED={Seed})");
    }
}
