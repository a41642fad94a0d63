using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OrleansIoT.Fixtures;

namespace OrleansIoT.Grains.Tests.Topics;

/// <summary>With a clock that the test moves, which Orleans' silos do not start under: on the embedded engine only.</summary>
public sealed class StuckStoreTests : StoreTest
{
    private readonly ManualClock _clock = new(Noon);

    [Fact]
    public async Task What_is_sent_again_while_the_store_is_stuck_is_stored_once()
    {
        var goesOn = new TaskCompletionSource();
        History.Stuck = goesOn.Task;
        var first = Publish("meter", Untimed("meter", 1, "a", packetId: 5));
        await History.Begun;
        _clock.Advance(TimeSpan.FromSeconds(31));
        await Assert.ThrowsAsync<TimeoutException>(() => first);

        var again = Publish("meter", Untimed("meter", 2, "a", packetId: 5, dup: true));
        goesOn.SetResult();

        Assert.Empty((await again).Failures);
        Assert.Single(await Stored("devices/meter/t"));
    }

    protected override void Configure(WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<TimeProvider>(_clock);
        base.Configure(builder);
    }
}
