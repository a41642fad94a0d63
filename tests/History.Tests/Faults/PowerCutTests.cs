using OrleansIoT.Shims;
using Xunit.Abstractions;

namespace OrleansIoT.History.Tests.Faults;

/// <summary>Power cuts: kill -9, and then what was not fsynced is taken back, all of it or a part, down to single sectors.</summary>
public sealed class PowerCutTests(ITestOutputHelper output)
{
    /// <summary>How often; more by the variable TEST_CUTS.</summary>
    private static readonly int Cuts = TestVariable.Number("TEST_CUTS", 6);

    private static readonly int Seed = TestVariable.Number("TEST_SEED", 4711);

    private const int CutsPerDirectory = 6;

    [Fact]
    public async Task After_a_power_cut_the_store_has_what_it_acknowledged_once()
    {
        var random = new Random(Seed);
        var total = 0L;
        for (var cuts = 0; cuts < Cuts;)
        {
            using var disk = new UnreliableDisk(TestStore.NewDirectory());
            var acknowledged = new long[8];
            for (var i = 0; i < CutsPerDirectory && cuts < Cuts; i++, cuts++)
            {
                using var appender = new AppenderProcess(disk.Directory, acknowledged, disk.Environment);
                await appender.Store(random.Next(1, 2_500));
                await appender.Kill();
                var said = acknowledged.Sum();
                var cut = CutPower(disk, random);
                await AppenderProcess.MustHold(disk.Directory, acknowledged);
                output.WriteLine($"cut {cuts}: {said} acknowledged, {acknowledged.Sum()} stored; {cut}");
                disk.Forget();
            }

            total += acknowledged.Sum();
        }

        output.WriteLine($"{Cuts} power cuts (TEST_SEED={Seed}), {total} readings stored, none of the acknowledged lost");
    }

    [Theory]
    [InlineData("append.written", 40)]
    [InlineData("append.committed", 40)]
    [InlineData("checkpoint.before", 1)]
    public async Task After_a_power_cut_at_a_point_the_store_has_what_it_acknowledged_once(string point, int nth)
    {
        using var disk = new UnreliableDisk(TestStore.NewDirectory());
        var acknowledged = new long[8];
        using var appender = new AppenderProcess(
            disk.Directory, acknowledged, [.. disk.Environment, (Failures.CrashPoint.Variable, $"{point}:{nth}")]);
        await appender.Die();
        Assert.True(appender.WasKilled);
        disk.CutPower(Seed);
        await AppenderProcess.MustHold(disk.Directory, acknowledged);
    }

    /// <summary>The proof of the method: it finds what is missing where somebody forgot to sync.</summary>
    [Theory]
    [InlineData("sqlite-full", false)]
    [InlineData("sqlite-normal", true)]
    [InlineData("sqlite-off", true)]
    [InlineData("file-synced", false)]
    [InlineData("file-unsynced", true)]
    [InlineData("file-unnamed", true)]
    public async Task A_writer_that_does_not_sync_loses_at_a_power_cut_what_one_that_does_keeps(string writer, bool loses)
    {
        using var disk = new UnreliableDisk(TestStore.NewDirectory());
        using var process = CarelessWriter.Start(writer, disk.Directory, disk.Environment);
        var acknowledged = 0L;
        while (acknowledged < 200)
        {
            acknowledged = long.Parse((await process.StandardOutput.ReadLineAsync())!);
        }

        process.Kill();
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            acknowledged = long.Parse(line);
        }

        await process.WaitForExitAsync();
        var copy = Directory.CreateDirectory(TestStore.NewDirectory()).FullName;
        foreach (var file in Directory.GetFiles(disk.Directory))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        Assert.True(CarelessWriter.Count(writer, copy) >= acknowledged); // a kill alone loses nothing
        disk.CutPower(Seed);
        Assert.Equal(loses, CarelessWriter.Count(writer, disk.Directory) < acknowledged);
        Directory.Delete(copy, recursive: true);
    }

    private static string CutPower(UnreliableDisk disk, Random random)
    {
        var (percent, isTorn) = random.Next(3) switch
        {
            0 => (0, false),
            1 => (random.Next(10, 90), false),
            _ => (random.Next(10, 90), true),
        };
        return $"{percent} %{(isTorn ? " torn" : "")}: {disk.CutPower(random.Next(), percent, isTorn)}";
    }
}
