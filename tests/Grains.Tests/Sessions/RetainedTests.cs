using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OrleansIoT.Failures;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Grains.Tests.Sessions;

public sealed class RetainedTests : GrainTest
{
    protected override void Configure(WebApplicationBuilder builder) =>
        builder.Services.Configure<GrainsOptions>(options => options.RetainedPerPublisher = 3);

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        await Register("sensor");
    }

    [Fact]
    public async Task A_batch_does_not_get_past_the_limit_of_retained_messages()
    {
        var result = await Publish("sensor", [.. Enumerable.Range(0, 9).Select(topic => Retained(topic))]);
        Assert.Equal([3, 4, 5, 6, 7, 8], result.Failures.Select(failure => failure.Index));
        Assert.All(result.Failures, failure => Assert.Equal(Failure.TooMany, failure.Failure));
    }

    [Fact]
    public async Task At_the_limit_a_topic_changes_and_gives_its_place_away()
    {
        await Publish("sensor", Retained(0), Retained(1));
        var result = await Publish("sensor", Retained(2), Retained(3), Retained(0), Retained(1, ""), Retained(4), Retained(5));
        Assert.Equal([1, 5], result.Failures.Select(failure => failure.Index));
    }

    [Fact]
    public async Task What_another_client_has_replaced_is_no_longer_counted()
    {
        await Register("pump", ["devices/sensor/#"], []);
        await Publish("sensor", Retained(0), Retained(1), Retained(2));
        await Publish("pump", Retained(0) with { Device = "pump" });
        var result = await Publish("sensor", Retained(3), Retained(4));
        Assert.Equal([1], result.Failures.Select(failure => failure.Index));
    }

    private static TelemetryMessage Retained(int topic, string payload = "on") =>
        Said("sensor", $"devices/sensor/{topic}", payload, retain: true);
}
