using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Identity;
using OrleansIoT.Telemetry;
using OrleansIoT.Topics;

namespace OrleansIoT.Grains.Tests.Topics;

public sealed class TopicGrainTests : GrainTest
{
    [Fact]
    public async Task Late_data_never_displaces_the_latest()
    {
        await Register("meter");
        await Publish("meter", Timed("meter", 10, "new"));
        await Publish("meter", Timed("meter", 5, "late"));
        Assert.Equal("new", Text((await Latest("devices/meter/t"))!));
        await Host.Restart();
        Assert.Equal("new", Text((await Latest("devices/meter/t"))!));
        Assert.Equal(["late", "new"], (await Stored("devices/meter/t")).Select(Text));
    }

    [Fact]
    public async Task Of_equal_times_the_one_stored_later_is_the_latest()
    {
        await Register("meter");
        await Publish("meter", Timed("meter", 10, "a"), Timed("meter", 10, "b"));
        Assert.Equal("b", Text((await Latest("devices/meter/t"))!));
    }

    [Fact]
    public async Task Numbers_have_no_gaps_when_many_devices_publish_to_one_topic_at_once()
    {
        const int devices = 20, batches = 10, size = 5;
        for (var d = 0; d < devices; d++)
        {
            await Register($"d{d}", "shared");
        }

        await Task.WhenAll(Enumerable.Range(0, devices).Select(async d =>
        {
            for (var b = 0; b < batches; b++)
            {
                var batch = Enumerable.Range(0, size).Select(i => Timed($"d{d}", (b * size) + i, topic: "shared"));
                Assert.Empty((await Publish($"d{d}", [.. batch])).Failures);
            }
        }));

        var stored = await Stored("shared");
        Assert.Equal(Enumerable.Range(1, devices * batches * size).Select(i => (long)i), stored.Select(m => m.Seq).Order());
        foreach (var ofDevice in stored.GroupBy(m => m.Device))
        {
            Assert.Equal(ofDevice.OrderBy(m => m.At), ofDevice.OrderBy(m => m.Seq));
        }
    }

    [Fact]
    public async Task A_caller_of_another_tenant_finds_nothing()
    {
        await Register("meter");
        await Publish("meter", Timed("meter", 1));
        var foreigner = User(Roles.Admin, tenant: "other");
        await Refused(Failure.NotFound, () => As(foreigner, () => Grains.Topic(Tenant, "devices/meter/t").Latest()));
        await Refused(Failure.NotFound, () => As(foreigner, () => Grains.Device(Tenant, "meter").Get()));
        await Refused(Failure.NotFound, () => As(foreigner, () => Grains.Devices(Tenant).List(null, 10, null)));
        Assert.Null(await As(foreigner, () => Grains.Topic("other", "devices/meter/t").Latest()));
    }

    [Fact]
    public async Task A_senseless_range_is_refused_with_what_would_be_right()
    {
        var backwards = new TelemetryQuery(Noon, Noon, 10);
        var tooMany = new TelemetryQuery(Noon, Noon.AddDays(1), TelemetryQuery.MaxLimit + 1);
        await Refused(Failure.Invalid, () => As(User(Roles.Viewer), () => Grains.Topic(Tenant, "t").Read(backwards)));
        await Refused(Failure.Invalid, () => As(User(Roles.Viewer), () => Grains.Topic(Tenant, "t").Read(tooMany)));
    }
}
