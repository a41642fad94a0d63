using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Shims;

namespace OrleansIoT.EndToEnd.Tests.Faults;

/// <summary>The whole product on a disk that is slow, that fails, and that forgets at a power cut what was not fsynced.</summary>
public sealed class UnreliableDiskTests
{
    private static readonly int Cuts = TestVariable.Number("TEST_CUTS", 3);
    private static readonly int Seed = TestVariable.Number("TEST_SEED", 4711);

    [Fact]
    public async Task After_power_cuts_the_product_starts_with_everything_that_it_acknowledged()
    {
        var random = new Random(Seed);
        using var disk = new UnreliableDisk(IotProcess.NewDataDirectory());
        await using var iot = await IotProcess.StartIn(disk.Environment, disk.Directory);
        var ledger = new Ledger("meter");
        for (var cut = 0; cut < Cuts; cut++)
        {
            await ledger.PublishUntilDone(iot, random.Next(1, 2_000));
            await iot.Kill();
            disk.CutPower(random.Next(), cut % 3 * random.Next(10, 90), isTorn: cut % 2 == 1);
            iot.Environment = disk.Environment;
            await iot.StartAgain();
            await ledger.MustBeStored(iot);
        }
    }

    [Fact]
    public async Task A_power_cut_right_after_the_first_start_leaves_what_starts_again()
    {
        using var disk = new UnreliableDisk(IotProcess.NewDataDirectory());
        await using var iot = await IotProcess.StartIn(disk.Environment, disk.Directory);
        await iot.Kill();
        disk.CutPower(Seed);
        iot.Environment = disk.Environment;
        await iot.StartAgain();
        var ledger = new Ledger("meter");
        await ledger.PublishUntilDone(iot, 10);
        await ledger.MustBeStored(iot);
    }

    [Fact]
    public async Task On_a_slow_disk_acknowledgements_wait_and_the_answer_to_a_ping_does_not()
    {
        using var disk = new UnreliableDisk(IotProcess.NewDataDirectory());
        await using var iot = await IotProcess.StartIn(disk.Environment, disk.Directory);
        var ledger = new Ledger("meter");
        await using var device = await ledger.Connect(iot);
        await using var other = await new Ledger("other").Connect(iot);

        disk.SyncDelay = TimeSpan.FromSeconds(2);
        await device.Send(device.Message("slow/1", "1"));
        for (var i = 0; i < 3; i++)
        {
            await device.Send(PingReqPacket.Instance);
            Assert.IsType<PingRespPacket>(await device.Receive());
            await other.Send(PingReqPacket.Instance);
            Assert.IsType<PingRespPacket>(await other.Receive());
        }

        Assert.True(Assert.IsType<AckPacket>(await device.Receive()).Reason < ReasonCode.UnspecifiedError);
        disk.SyncDelay = TimeSpan.FromMilliseconds(100);
        Assert.True(await ledger.Publish(device, 500)); // no time-out: by groups
        disk.SyncDelay = TimeSpan.Zero;
        Assert.True(await ledger.Publish(device, 500));
        await ledger.MustBeStored(iot);
    }

    [Theory]
    [InlineData("sync")]
    [InlineData("write")]
    public async Task What_a_failing_disk_did_not_take_is_refused_and_the_product_lives(string failing)
    {
        using var disk = new UnreliableDisk(IotProcess.NewDataDirectory());
        await using var iot = await IotProcess.StartIn(disk.Environment, disk.Directory);
        var ledger = new Ledger("meter");
        await ledger.PublishUntilDone(iot, 200);
        using var reader = await IotClient.Administrator(iot);
        (disk.SyncFailsEvery, disk.WriteFailsEvery) = failing == "sync" ? (3, 0) : (0, 20);
        while (ledger.Refusals.Count < 20)
        {
            await ledger.Publish(iot, 500);
        }

        Assert.All(ledger.Refusals, reason => Assert.True(reason is ReasonCode.ImplementationSpecificError or ReasonCode.QuotaExceeded));
        await ledger.MustBeStored(iot, reader); // reads go on
        (disk.SyncFailsEvery, disk.WriteFailsEvery) = (0, 0);
        await ledger.PublishUntilDone(iot, 200);
        await iot.Kill();
        disk.CutPower(Seed);
        iot.Environment = disk.Environment;
        await iot.StartAgain();
        await ledger.MustBeStored(iot);
    }
}
