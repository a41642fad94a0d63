using System.Diagnostics;
using System.Text;
using Xunit.Abstractions;

namespace OrleansIoT.EndToEnd.Tests.Sessions.Fuzz;

/// <summary>
/// Random but valid sessions of several clients, compared with a model of the specification. A mismatch is printed with its
/// seed and the fewest steps that were found to show it.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    /// <summary>For how long; more by the variable TEST_FUZZ_SECONDS.</summary>
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(TestVariable.Number("TEST_FUZZ_SECONDS", 20));

    /// <summary>Longer than any answer takes, unless it never comes.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private const int StepsOfARun = 60;

    /// <summary>How often a mismatch is played again to find fewer steps that show it.</summary>
    private const int MostReplays = 60;

    private int _runs;

    [Fact]
    public async Task Every_client_gets_what_the_specification_says()
    {
        await using var broker = await Broker.Start();
        var clock = Stopwatch.StartNew();

        // With a seed of the environment the first run is that one, and then the next ones.
        for (var seed = TestVariable.Number("TEST_SEED", 1); clock.Elapsed < Duration; seed++)
        {
            var generator = new StepGenerator(seed);
            var steps = generator.Steps(StepsOfARun);
            if (await Mismatch(broker, generator.Clients, steps, Patience) is { } mismatch)
            {
                var (fewer, why) = await Shrink(broker, generator.Clients, steps, mismatch);
                Assert.Fail(Report(seed, generator.Clients, fewer, why));
            }
        }

        output.WriteLine($"{_runs} runs of {StepsOfARun} steps in {clock.Elapsed.TotalSeconds:F0} s.");
    }

    /// <returns>What was otherwise than expected, or null.</returns>
    private async Task<string?> Mismatch(Broker broker, IReadOnlyList<ClientTraits> clients, List<Step> steps, TimeSpan patience)
    {
        try
        {
            await SessionPlayer.Play(broker.Port, clients, steps, $"{++_runs}", isOurs: broker.Iot is not null, patience);
            return null;
        }
        catch (Exception e)
        {
            return e.Message;
        }
    }

    /// <summary>Leaves out steps as long as what is left still shows a mismatch: first many at a time, then one by one.</summary>
    private async Task<(List<Step> Steps, string Why)> Shrink(
        Broker broker, IReadOnlyList<ClientTraits> clients, List<Step> steps, string why)
    {
        var replays = 0;
        for (var size = steps.Count / 2; size > 0; size /= 2)
        {
            for (var at = 0; at < steps.Count && replays < MostReplays; replays++)
            {
                List<Step> fewer = [.. steps.Take(at), .. steps.Skip(at + size)];
                if (await Mismatch(broker, clients, fewer, Patience / 5) is { } mismatch)
                {
                    (steps, why) = (fewer, mismatch);
                }
                else
                {
                    at += size;
                }
            }
        }

        return (steps, why);
    }

    private static string Report(int seed, IReadOnlyList<ClientTraits> clients, List<Step> steps, string why)
    {
        var report = new StringBuilder($"{why}\n\nTEST_SEED={seed}; the clients:\n");
        report.AppendJoin('\n', clients).Append("\n\nthe steps:\n").AppendJoin('\n', steps);
        return report.ToString();
    }
}
