using OrleansIoT.DeviceEdge.Mqtt;

namespace OrleansIoT.EndToEnd.Tests.Faults;

/// <summary>Somebody deletes the database under the running product: into a file that nobody will find nothing is stored.</summary>
public sealed class DeletedFileTests
{
    [Theory]
    [InlineData("iot.db")]
    [InlineData("iot.db-wal")]
    public async Task Nothing_is_acknowledged_into_a_file_that_was_deleted(string file)
    {
        await using var iot = await IotProcess.StartIn([]);
        var ledger = new Ledger("meter");
        await ledger.PublishUntilDone(iot, 100);
        File.Delete(Path.Combine(iot.Data, file));

        Assert.False(await ledger.Publish(iot, 10));
        Assert.Equal(100, ledger.Acknowledged);
        Assert.All(ledger.Refusals, reason => Assert.Equal(ReasonCode.ImplementationSpecificError, reason));
    }
}
