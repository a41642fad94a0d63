using OrleansIoT.Failures;
using static OrleansIoT.History.Tests.Telemetry.Readings;

namespace OrleansIoT.History.Tests.Faults;

/// <summary>
/// Files that came back damaged. The store starts or refuses in a line that says what is wrong; what it then answers
/// was stored, in order, without a gap in the middle.
/// </summary>
public sealed class DamageTests
{
    /// <summary>How many samples of each kind of damage; more by the variable TEST_DAMAGES.</summary>
    private static readonly int Samples = TestVariable.Number("TEST_DAMAGES", 6);

    private static readonly int Seed = TestVariable.Number("TEST_SEED", 4711);

    [Fact]
    public async Task A_damaged_tail_of_the_write_ahead_log_costs_the_last_commits_and_no_others()
    {
        var (directory, acknowledged) = await Killed();
        var random = new Random(Seed);
        for (var i = 0; i < Samples * 4; i++)
        {
            var copy = Damage.Copy(directory);
            var log = Path.Combine(copy, "iot.db-wal");
            const int Tail = 64 << 10;
            var damage = (i % 4) switch
            {
                0 => Damage.FlipBit(log, random, Tail),
                1 => Damage.Truncate(log, random, Tail),
                2 => Damage.ZeroPage(log, random, Tail),
                _ => Damage.AddGarbage(log, random),
            };
            await AnswersNothingWrong(copy, acknowledged.Length, damage);
            if (i % 4 == 3)
            {
                await AppenderProcess.MustHold(copy, [.. acknowledged]); // behind the last commit nothing counts
            }

            Directory.Delete(copy, recursive: true);
        }

        Directory.Delete(directory, recursive: true);
    }

    private static async Task<(string Directory, long[] Acknowledged)> Killed()
    {
        var directory = TestStore.NewDirectory();
        var acknowledged = new long[3];
        using var appender = new AppenderProcess(directory, acknowledged);
        await appender.Store(300);
        await appender.Kill();
        return (directory, acknowledged);
    }

    private static async Task AnswersNothingWrong(string directory, int topics, string damage)
    {
        TestStore store;
        try
        {
            store = new TestStore(directory: directory);
        }
        catch (DataDirectoryException e)
        {
            Assert.DoesNotContain('\n', e.Message); // refused, and says so
            return;
        }

        await using (store)
        {
            for (var topic = 0; topic < topics; topic++)
            {
                try
                {
                    var stored = await store.History.ReadAll(Appender.TopicKey(topic));
                    Assert.True(
                        stored.OrderBy(m => m.Seq).Select(m => (m.Seq, m.Text())).SequenceEqual(
                            Enumerable.Range(1, stored.Count).Select(seq => ((long)seq, Appender.Payload(topic, seq)))),
                        $"topic {topic} after {damage} (TEST_SEED={Seed})");
                }
                catch (FailureException e) when (e.Failure == Failure.Unavailable)
                {
                    Assert.Contains(store.Log, line => line.StartsWith("Error", StringComparison.Ordinal));
                }
            }
        }
    }
}
