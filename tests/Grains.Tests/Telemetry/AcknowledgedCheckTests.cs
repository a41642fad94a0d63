using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using OrleansIoT.Fixtures;
using OrleansIoT.Grains.Telemetry;
using OrleansIoT.Grains.Tests.Topics;
using OrleansIoT.Identity;
using OrleansIoT.Silo.Status;
using OrleansIoT.Status;

namespace OrleansIoT.Grains.Tests.Telemetry;

public sealed class AcknowledgedCheckTests : StoreTest
{
    [Fact]
    public async Task What_was_acknowledged_is_read_back_and_found()
    {
        await Publish("meter", Timed("meter", 1));
        await Check();
        Assert.Equal((1, 0), (Checked, Missing));
        await Check();
        Assert.Equal(1, Checked); // once
    }

    [Fact]
    public async Task What_was_acknowledged_and_is_not_there_is_missed()
    {
        History.IsLying = true; // it says that it has stored, and has not
        Assert.Empty((await Publish("meter", Timed("meter", 1))).Failures);
        await Check();
        Assert.Equal((1, 1), (Checked, Missing));
    }

    [Fact]
    public async Task A_process_reports_what_it_counts_and_everybody_may_hear_it()
    {
        await Publish("meter", Timed("meter", 1));
        await Eventually.IsAsync(async () =>
            await As(User(Roles.None, "other"), () => Grains.Status().Processes()) is [{ Roles: ["silo"], Engine: "embedded" or "orleans", Store: "sqlite" }]);
        await Refused(Failures.Failure.NotFound, () => As(User(Roles.Admin), () => Grains.Status().Report(null!)));
    }

    [Fact]
    public void Latencies_are_told_by_their_shares()
    {
        using var provider = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var factory = provider.GetRequiredService<IMeterFactory>();
        using var meters = new ProcessMeters(factory);
        var duration = factory.Create("OrleansIoT.History").CreateHistogram<double>("iot.history.append.duration");
        for (var i = 1; i <= 100; i++)
        {
            duration.Record(i / 1_000.0);
        }

        var latencies = meters.TakeLatencies(0.5, 0.95, 0.99);
        Assert.InRange(latencies[0], 50, 56);
        Assert.InRange(latencies[1], 95, 105);
        Assert.InRange(latencies[2], 99, 110);
        Assert.Equal([0, 0], meters.TakeLatencies(0.5, 0.99));
    }

    private int Checked => (int)Meters["iot.grains.acknowledged.checked"];

    private int Missing => (int)Meters["iot.grains.acknowledged.missing"];

    private ProcessMeters Meters => Host.Services.GetRequiredService<ProcessMeters>();

    private Task Check() => Host.Services.GetRequiredService<AcknowledgedCheck>().Check();
}
