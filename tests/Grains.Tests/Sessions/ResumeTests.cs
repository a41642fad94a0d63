using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Fixtures;
using OrleansIoT.Grains.Tests.Topics;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Tests.Sessions;

/// <summary>
/// A connection that is there goes on with an activation that did not know it. With a clock that the test moves, which Orleans'
/// silos do not start under: on the embedded engine only.
/// </summary>
public sealed class ResumeTests : StoreTest
{
    private const string Topic = "devices/meter/will";

    private static readonly DateTimeOffset Since = Noon.AddHours(-1);

    private readonly ManualClock _clock = new(Noon);

    protected override void Configure(WebApplicationBuilder builder)
    {
        base.Configure(builder);
        builder.Services.AddSingleton<TimeProvider>(_clock);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3_600)]
    public async Task It_publishes_and_is_connected_for_as_long_as_it_was(uint expiry)
    {
        var before = await Connect("meter", expiry: expiry);
        await before.Publish(Timed("meter", 1));
        await Host.Restart();

        var after = await GoOn(before, expiry);
        await after.Publish(Timed("meter", 1), Timed("meter", 2));

        Assert.Equal(Since, (await Get("meter")).ConnectedSince);
        Assert.Equal(2, (await Stored("devices/meter/t")).Length);
        await after.Leave();
        Assert.False((await Get("meter")).Connected);
    }

    [Fact]
    public async Task A_durable_session_goes_on_with_its_subscriptions_and_is_told_of_what_was_queued_meanwhile()
    {
        var before = await ConnectDurably("meter");
        await before.Subscribe("devices/meter/cmd", Qos.AtLeastOnce);
        await Host.Restart();
        await Register("other", "devices/meter/cmd");
        await Publish("other", Said("other", "devices/meter/cmd", "meanwhile"));

        var after = await GoOn(before, 3_600);
        var last = await after.Routed();
        Assert.Equal("meanwhile", Text(Assert.Single(await after.Queue()).Message!));
        Assert.Equal(1, last);

        await Publish("other", Said("other", "devices/meter/cmd", "later", packetId: 2));
        Assert.Equal("later", Text(Assert.Single((await after.Next()).Messages)));
    }

    [Fact]
    public async Task A_session_that_was_thrown_away_meanwhile_does_not_go_on()
    {
        var before = await ConnectDurably("meter");
        await Host.Restart();
        await (await Connect("meter", cleanStart: true)).Leave();

        await Refused(Failure.Conflict, () => GoOn(before, 3_600));

        Assert.False((await ConnectDurably("meter")).Session.IsPresent);
    }

    [Fact]
    public async Task A_session_that_subscribes_to_more_than_its_device_may_now_does_not_go_on()
    {
        await Register("reader", [], ["plant/#"]);
        var before = await ConnectDurably("reader");
        await before.Subscribe("plant/1");
        await Host.Restart();
        await As(User(Roles.Operator), () => Grains.Device(Tenant, "reader").Change(new DeviceChange(null, null, [])));

        await Refused(Failure.Conflict, () => GoOn(before, 3_600, device: "reader"));
    }

    [Fact]
    public async Task Its_will_is_said_when_it_ends_and_not_before()
    {
        var before = await Connect("meter", will: Gone("gone"));
        await Host.Restart();
        var after = await GoOn(before, will: Gone("gone"));

        _clock.Advance(TimeSpan.FromMinutes(10));
        await after.Publish(Timed("meter", 1));
        Assert.Empty(await Stored(Topic));

        await after.Break();
        Assert.Single(await Stored(Topic));
    }

    [Fact]
    public async Task A_grain_that_knows_it_all_the_time_says_so_however_often()
    {
        var client = await Connect("meter", expiry: 60);
        for (var i = 0; i < 3; i++)
        {
            Assert.True((await GoOn(client, 60)).Session.IsPresent);
        }

        Assert.Empty((await client.Publish(Timed("meter", 1))).Failures);
        Assert.False(client.HasEnded);
    }

    [Fact]
    public async Task A_call_of_before_that_is_late_or_comes_twice_is_not_heard()
    {
        var before = await Connect("meter");
        await Host.Restart();
        var after = await GoOn(before);
        var late = new EdgeClient(Host.Grains, Grains.Device(Tenant, "meter"), Caller.Device(Tenant, "meter")) { Id = before.Id };

        await Refused(Failure.NotSignedIn, () => late.Publish(Timed("meter", 1)));

        await after.Publish(Timed("meter", 2));
        Assert.Single(await Stored("devices/meter/t"));
    }

    [Theory]
    [InlineData("meter")]
    [InlineData("another client identifier of a device that may have one connection")]
    public async Task Who_has_connected_anew_is_not_taken_over_from(string clientId)
    {
        var before = await Connect("meter");
        await Host.Restart();
        var newer = await Connect("meter", clientId);

        await Refused(Failure.Conflict, () => GoOn(before));

        Assert.Empty((await newer.Publish(Timed("meter", 1))).Failures);
        Assert.False(newer.HasEnded);
    }

    [Fact]
    public async Task Nor_is_who_waits_to_get_in()
    {
        var client = await Connect("meter");
        var goesOn = new TaskCompletionSource();
        History.Stuck = goesOn.Task;
        var publish = client.Publish(Timed("meter", 1));
        await History.Begun;
        var waiting = Connect("meter");
        await Get("meter"); // which comes behind that to the grain, and does not wait for its turn

        await Refused(Failure.Conflict, () => GoOn(new EdgeClient(Grains, Grains.Device(Tenant, "meter"), Caller.Device(Tenant, "meter"))));

        goesOn.SetResult();
        await publish;
        Assert.False((await waiting).HasEnded);
    }

    [Fact]
    public async Task A_key_that_is_good_no_more_does_not_let_it_go_on()
    {
        var key = Keys["meter"];
        var before = await Connect("meter");
        await Host.Restart();
        await As(User(Roles.Operator), () => Grains.Device(Tenant, "meter").RenewKey());

        await Refused(Failure.NotSignedIn, () => GoOn(before, key: key));
    }

    private static Will Gone(string text) => new(Said("meter", Topic, text, packetId: 0), 0);

    private Task<EdgeClient> GoOn(EdgeClient before, uint expiry = 0, Will? will = null, string? key = null, string device = "meter")
    {
        var client = new EdgeClient(Host.Grains, Grains.Device(Tenant, device), Caller.Device(Tenant, device)) { Id = before.Id };
        return client.Connect(
            Caller.SigningIn(Tenant, "edge"), new Credential(CredentialKind.Key, key ?? Keys[device], []), device, false, expiry, will, Since);
    }
}
