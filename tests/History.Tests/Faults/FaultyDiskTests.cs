using OrleansIoT.Shims;

namespace OrleansIoT.History.Tests.Faults;

/// <summary>A disk that fails now and then: what it did not take is refused, and what was acknowledged survives a power cut.</summary>
public sealed class FaultyDiskTests
{
    private const int Eio = 5;
    private const int Enospc = 28;

    [Theory]
    [InlineData("sync fails")]
    [InlineData("write fails")]
    [InlineData("write finds no space")]
    [InlineData("write is torn")]
    [InlineData("everything")]
    public async Task What_a_failing_disk_did_not_take_is_never_acknowledged(string fault)
    {
        using var disk = new UnreliableDisk(TestStore.NewDirectory());
        var acknowledged = new long[4];
        using (var appender = new AppenderProcess(disk.Directory, acknowledged, disk.Environment))
        {
            await appender.Store(200);
            Break(disk, fault);
            if (fault == "write is torn")
            {
                await appender.Store(500); // SQLite writes the other half
            }
            else
            {
                await appender.BeRefused(20);
            }

            Mend(disk);
            await appender.Store(200); // it goes on by itself
            Break(disk, fault);
            await appender.Store(50);
            await appender.Kill();
        }

        disk.CutPower(seed: 7);
        await AppenderProcess.MustHold(disk.Directory, acknowledged);
    }

    private static void Break(UnreliableDisk disk, string fault)
    {
        var isAll = fault == "everything";
        disk.WriteError = fault == "write finds no space" ? Enospc : Eio;
        disk.SyncFailsEvery = isAll || fault == "sync fails" ? 11 : 0;
        disk.WriteFailsEvery = isAll || fault.StartsWith("write f", StringComparison.Ordinal) ? 97 : 0;
        disk.WriteIsTornEvery = isAll || fault == "write is torn" ? 7 : 0;
    }

    private static void Mend(UnreliableDisk disk)
    {
        disk.SyncFailsEvery = 0;
        disk.WriteFailsEvery = 0;
        disk.WriteIsTornEvery = 0;
    }
}
