using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OrleansIoT.Devices;
using OrleansIoT.Fixtures;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Tests.Sessions;

/// <summary>With a clock that the test moves, which Orleans' silos do not start under: on the embedded engine only.</summary>
public sealed class WillTests : GrainTest
{
    private const string Topic = "devices/meter/will";

    private readonly ManualClock _clock = new(Noon);
    private EdgeClient _viewer = null!;

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        await Register("meter");
        _viewer = await Watch();
    }

    [Fact]
    public async Task A_connection_that_breaks_has_its_will_published_at_once_and_one_that_leaves_has_not()
    {
        var client = await Connect("meter", will: Gone("1"));
        await client.Leave();
        client = await Connect("meter", will: Gone("2"));
        await client.Break();
        Assert.Equal("2", await Heard());
        var stored = Assert.Single(await Stored(Topic));
        Assert.Equal(("2", _clock.GetUtcNow()), (Text(stored), stored.At));
    }

    [Fact]
    public async Task A_delayed_will_is_published_when_its_delay_has_passed()
    {
        var client = await ConnectDurably("meter", will: Gone("late", delay: 60));
        await client.Break();
        _clock.Advance(TimeSpan.FromSeconds(58));
        Assert.Empty(await Stored(Topic));
        await Pass(TimeSpan.FromSeconds(3), () => _viewer.HasNext);
        Assert.Equal("late", await Heard());
        Assert.True((await ConnectDurably("meter")).Session.IsPresent);
    }

    [Fact]
    public async Task Who_comes_back_within_the_delay_keeps_the_will_unsaid()
    {
        var client = await ConnectDurably("meter", will: Gone("not said", delay: 60));
        await client.Break();
        client = await ConnectDurably("meter");
        _clock.Advance(TimeSpan.FromSeconds(100));
        await client.Break();
        Assert.Empty(await Stored(Topic));
    }

    [Fact]
    public async Task The_will_does_not_wait_longer_than_the_session_lives()
    {
        var client = await Connect("meter", expiry: 10, will: Gone("at the end", delay: 1_000));
        await client.Break();
        await Pass(TimeSpan.FromSeconds(12), () => _viewer.HasNext);
        Assert.Equal("at the end", await Heard());
        Assert.False((await ConnectDurably("meter")).Session.IsPresent);
    }

    [Fact]
    public async Task A_clean_start_ends_the_session_and_so_says_its_will()
    {
        var client = await ConnectDurably("meter", will: Gone("ended", delay: 1_000));
        await client.Break();
        await Connect("meter", cleanStart: true);
        Assert.Equal("ended", await Heard());
    }

    [Fact]
    public async Task A_takeover_says_the_will_unless_the_session_goes_on_and_the_will_has_a_delay()
    {
        await ConnectDurably("meter", will: Gone("delayed", delay: 60));
        await ConnectDurably("meter", will: Gone("at once"));
        await ConnectDurably("meter");
        Assert.Equal("at once", await Heard());
        Assert.Single(await Stored(Topic));
    }

    [Fact]
    public async Task A_session_ends_when_its_time_has_come()
    {
        var client = await Connect("meter", expiry: 10);
        await client.Break();
        _clock.Advance(TimeSpan.FromSeconds(11));
        while (!(await Get("meter")).Sessions.IsEmpty)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.False((await Connect("meter", expiry: 10)).Session.IsPresent);
    }

    [Fact]
    public async Task After_a_restart_the_will_of_who_does_not_come_back_is_published_after_a_grace()
    {
        await Connect("meter", will: Gone("dead"));
        await Host.Restart();
        _viewer = await Watch();
        Assert.Empty(await Stored(Topic));
        await Pass(TimeSpan.FromSeconds(6), () => _viewer.HasNext);
        Assert.Equal("dead", await Heard());
    }

    [Fact]
    public async Task After_a_restart_who_comes_back_within_the_grace_keeps_its_will_unsaid()
    {
        await Connect("meter", will: Gone("dead"));
        await Host.Restart();
        await Connect("meter");
        _clock.Advance(TimeSpan.FromSeconds(20));
        await (await Connect("meter", will: Gone("later"))).Break();
        Assert.Equal("later", Text(Assert.Single(await Stored(Topic))));
    }

    [Fact]
    public async Task A_removed_device_says_no_will()
    {
        await Connect("meter", will: Gone("removed"));
        await As(User(Roles.Operator), () => Grains.Device(Tenant, "meter").Remove());
        Assert.Empty(await Stored(Topic));
    }

    [Fact]
    public async Task A_users_delayed_will_is_said_with_the_roles_that_the_user_has_then()
    {
        var user = await As(
            Caller.System(Tenant, "test"),
            () => Grains.User(Tenant, "otto@example.org").Register("Otto", "correct horse battery", Roles.Operator));
        var client = await ConnectUser(
            user.Id, Roles.Operator, expiry: 100, will: new Will(Said($"users/{user.Id}", Topic, "bye"), 10));
        await client.Break();
        var stranger = await ConnectUser("stranger", Roles.Operator, will: new Will(Said("users/stranger", Topic, "no"), 0));
        await stranger.Break();
        await Pass(TimeSpan.FromSeconds(12), () => _viewer.HasNext);
        Assert.Equal("bye", await Heard());
        Assert.Single(await Stored(Topic));
    }

    protected override void Configure(WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<TimeProvider>(_clock);
        base.Configure(builder);
    }

    private static Will Gone(string text, uint delay = 0) => new(Said("meter", Topic, text, packetId: 0), delay);

    private async Task<string> Heard() => Text(Assert.Single((await _viewer.Next()).Messages));

    private async Task<EdgeClient> Watch()
    {
        var viewer = await ConnectUser("vera", Roles.Viewer);
        await viewer.Subscribe(Topic);
        return viewer;
    }

    /// <summary>Moves the clock on, and then by seconds until what has to happen has.</summary>
    private async Task Pass(TimeSpan time, Func<bool> until)
    {
        _clock.Advance(time);
        await Eventually.Is(() =>
        {
            _clock.Advance(TimeSpan.FromMilliseconds(1));
            return until();
        });
    }
}
