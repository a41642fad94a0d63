using OrleansIoT.Failures;

namespace OrleansIoT.EndToEnd.Tests.Faults;

/// <summary>The product killed at its windows, by itself, while devices publish: <see cref="CrashPoint"/>.</summary>
public sealed class CrashPointTests
{
    [Theory]
    [InlineData(CrashPoint.AppendWritten, 30)]
    [InlineData(CrashPoint.AppendCommitted, 30)]
    [InlineData(CrashPoint.AckBefore, 1)]
    [InlineData(CrashPoint.AckBefore, 20)]
    [InlineData(CrashPoint.AckAfter, 20)]
    public async Task Killed_at_a_point_the_product_has_what_it_acknowledged_once_and_goes_on(string point, int nth)
    {
        await using var iot = await IotProcess.StartIn([(CrashPoint.Variable, $"{point}:{nth}")]);
        var ledgers = Enumerable.Range(0, 3).Select(i => new Ledger($"d{i}")).ToList();
        await Task.WhenAll(ledgers.Select(ledger => ledger.Publish(iot, 100_000)));
        await iot.Ends(); // which is why they have ended
        Assert.False(iot.IsAlive);

        iot.Environment = [];
        await iot.StartAgain();
        foreach (var ledger in ledgers)
        {
            await ledger.MustBeStored(iot);
            await ledger.PublishUntilDone(iot, 20);
            await ledger.MustBeStored(iot);
        }
    }

    [Fact]
    public async Task An_unknown_point_is_one_clear_line_and_exit_code_2()
    {
        var (exitCode, output, error) = await IotProcess.Run(
            [], new Dictionary<string, string> { [CrashPoint.Variable] = "append.never" });
        Assert.Equal(2, exitCode);
        Assert.Empty(output);
        Assert.Contains("ack.before", Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }
}
