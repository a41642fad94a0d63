using OrleansIoT.DeviceEdge.Mqtt;

namespace OrleansIoT.EndToEnd.Tests.Faults;

/// <summary>A real file system that is full, or that the kernel has made read-only.</summary>
public sealed class FullDiskTests
{
    [Fact]
    public async Task On_a_full_disk_messages_are_refused_and_read_and_with_space_again_it_goes_on_by_itself()
    {
        using var disk = new SmallDisk();
        await using var iot = await IotProcess.StartIn([], disk.Data);
        var (modern, old) = (new Ledger("modern"), new Ledger("old"));
        await modern.PublishUntilDone(iot, 200);
        await old.PublishUntilDone(iot, 200);
        using var reader = await IotClient.Administrator(iot);
        disk.Fill(but: 1 << 20);

        while (modern.Refusals.Count == 0)
        {
            await modern.Publish(iot, 1_000, padding: 2_000);
        }

        Assert.All(modern.Refusals, reason =>
            Assert.True(reason is ReasonCode.ImplementationSpecificError or ReasonCode.QuotaExceeded, $"{reason}"));

        // 3.1.1 has no word for it: the connection ends.
        while (await old.Publish(iot, 1, MqttVersion.V311, padding: 60_000))
        {
        }

        Assert.Empty(old.Refusals);
        Assert.True(iot.IsAlive);
        await modern.MustBeStored(iot, reader); // over HTTP, which goes on
        await old.MustBeStored(iot, reader);

        disk.Empty();
        await modern.PublishUntilDone(iot, 200);
        await old.PublishUntilDone(iot, 200);
        await iot.Kill();
        await iot.StartAgain(); // which checks the database, as it was not closed
        await modern.MustBeStored(iot);
        await old.MustBeStored(iot);
        await iot.Kill();
    }

    [Fact]
    public async Task On_a_file_system_that_became_read_only_messages_are_refused_and_read_and_none_is_lost()
    {
        using var disk = new SmallDisk();
        await using var iot = await IotProcess.StartIn([], disk.Data);
        var ledger = new Ledger("meter");
        await ledger.PublishUntilDone(iot, 500);
        using var reader = await IotClient.Administrator(iot);
        disk.BecomeReadOnly();

        while (ledger.Refusals.Count == 0)
        {
            await ledger.Publish(iot, 1_000);
        }

        Assert.True(iot.IsAlive);
        await ledger.MustBeStored(iot, reader);
        await iot.Kill();
        disk.Repair();
        await iot.StartAgain();
        await ledger.MustBeStored(iot);
        await ledger.PublishUntilDone(iot, 100);
        await iot.Kill();
    }
}
