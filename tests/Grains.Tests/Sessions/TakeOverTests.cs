using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Fixtures;
using OrleansIoT.Grains.Tests.Topics;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Tests.Sessions;

/// <summary>A client that connects anew gets in within bounds, whatever has become of the edge that it was connected to.</summary>
public sealed class TakeOverTests : StoreTest
{
    private readonly ManualClock _clock = new(Noon);

    protected override void Configure(WebApplicationBuilder builder)
    {
        base.Configure(builder);
        builder.Services.AddSingleton<TimeProvider>(_clock);
    }

    [Fact]
    public async Task An_edge_that_does_not_end_a_connection_is_waited_for_a_second()
    {
        var stuck = await Silent();
        var second = Connect("meter");
        await stuck.Asked;
        Assert.False(second.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(1));
        await second;
        Assert.Empty((await (await second).Publish(Timed("meter", 1))).Failures);
    }

    [Fact]
    public async Task Of_many_that_wait_the_last_one_gets_in_and_nobody_is_taken_over_from_in_vain()
    {
        var stuck = await Silent();
        var waiting = new List<Task<EdgeClient>> { Connect("meter") };
        await stuck.Asked;
        for (var i = 0; i < 20; i++)
        {
            waiting.Add(Connect("meter", Credential, conduct: EdgeConduct.Hangs));
            await Get("meter"); // which comes behind that to the grain, and does not wait for its turn
        }

        _clock.Advance(TimeSpan.FromSeconds(1));
        foreach (var superseded in waiting[..^1])
        {
            await Refused(Failure.Unavailable, () => superseded);
        }

        Assert.False((await waiting[^1]).HasEnded);
    }

    [Fact]
    public async Task Who_has_given_up_is_not_let_in()
    {
        var stuck = await Silent();
        var impatient = new EdgeClient(Grains, Grains.Device(Tenant, "meter"), Caller.Device(Tenant, "meter"));
        var connect = impatient.Connect(Caller.SigningIn(Tenant, "edge"), Credential, "meter", false, 0, null);
        await stuck.Asked;
        await impatient.Break();
        _clock.Advance(TimeSpan.FromSeconds(1));
        await Refused(Failure.Unavailable, () => connect);
        Assert.False((await Get("meter")).Connected);
    }

    [Fact]
    public async Task Who_has_waited_longer_than_any_client_does_is_not_let_in()
    {
        var client = await Connect("meter");
        var goesOn = new TaskCompletionSource();
        History.Stuck = goesOn.Task;
        var publish = client.Publish(Timed("meter", 1));
        await History.Begun;
        var late = Connect("meter");
        await Get("meter");
        _clock.Advance(TimeSpan.FromSeconds(11));
        goesOn.SetResult();
        await publish;
        await Refused(Failure.Unavailable, () => late);
        Assert.False(client.HasEnded);
    }

    [Fact]
    public async Task Somebody_with_a_wrong_credential_does_not_take_the_place_of_one_that_waits()
    {
        var stuck = await Silent();
        var second = Connect("meter");
        await stuck.Asked;
        await Refused(Failure.NotSignedIn, () => Connect("meter", new Credential(CredentialKind.Key, "guessed", [])));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.False((await second).HasEnded);
    }

    private Credential Credential => new(CredentialKind.Key, Keys["meter"], []);

    private Task<EdgeClient> Silent() => Connect("meter", Credential, conduct: EdgeConduct.Hangs);
}
