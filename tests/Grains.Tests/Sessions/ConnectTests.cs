using OrleansIoT.Failures;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Tests.Sessions;

public sealed class ConnectTests : GrainTest
{
    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        await Register("meter");
    }

    [Fact]
    public async Task A_session_is_present_only_if_it_outlives_its_connection()
    {
        var first = await Connect("meter");
        Assert.Equal(("meter/meter", false, false), (first.Session.Session, first.Session.IsPresent, first.Session.IsDurable));
        await first.Leave();
        var second = await ConnectDurably("meter");
        Assert.False(second.Session.IsPresent);
        await second.Subscribe("devices/meter/c");
        await second.Leave();
        var third = await ConnectDurably("meter");
        Assert.True(third.Session.IsPresent);
        Assert.Equal("devices/meter/c", Assert.Single(third.Session.Subscriptions).Filter);
    }

    [Fact]
    public async Task A_session_survives_a_restart_with_its_subscriptions()
    {
        var client = await ConnectDurably("meter");
        await client.Subscribe(new Subscription("devices/meter/+", Qos.AtLeastOnce, Identifier: 7));
        await Host.Restart();
        var again = await ConnectDurably("meter");
        Assert.True(again.Session.IsPresent);
        Assert.Equal(7u, Assert.Single(again.Session.Subscriptions).Identifier);
    }

    [Fact]
    public async Task A_clean_start_throws_the_session_away()
    {
        var client = await ConnectDurably("meter");
        await client.Subscribe("devices/meter/c");
        await client.Break();
        var clean = await Connect("meter", cleanStart: true, expiry: 3_600);
        Assert.False(clean.Session.IsPresent);
        Assert.Empty(clean.Session.Subscriptions);
        await Host.Restart();
        Assert.Empty((await ConnectDurably("meter")).Session.Subscriptions);
    }

    [Fact]
    public async Task A_connection_that_shortens_its_session_at_the_end_ends_it()
    {
        var client = await ConnectDurably("meter");
        await client.Leave(expiry: 0);
        Assert.False((await ConnectDurably("meter")).Session.IsPresent);
    }

    [Fact]
    public async Task A_second_client_identifier_of_a_device_takes_the_place_of_the_first_and_of_its_session()
    {
        var first = await ConnectDurably("meter", "one");
        var second = await ConnectDurably("meter", "two");
        Assert.Equal(ConnectionEnd.TakenOver, await first.Ended);
        var session = Assert.Single((await Get("meter")).Sessions);
        Assert.Equal(("two", true), (session.ClientId, session.ConnectedSince is not null));
        await second.Leave();
        Assert.False((await ConnectDurably("meter", "one")).Session.IsPresent);
    }

    [Fact]
    public async Task Of_a_users_sessions_the_oldest_that_is_away_makes_room_first()
    {
        var connected = await ConnectUser("ada", Roles.Viewer, "first");
        var away = await ConnectUser("ada", Roles.Viewer, "away", expiry: 3_600);
        await away.Leave();
        for (var i = 3; i <= 21; i++)
        {
            await ConnectUser("ada", Roles.Viewer, $"{i}");
        }

        Assert.False(connected.HasEnded);
        var next = await ConnectUser("ada", Roles.Viewer, "one too many");
        Assert.Equal(ConnectionEnd.TakenOver, await connected.Ended);
        Assert.False(next.HasEnded);
        Assert.False((await ConnectUser("ada", Roles.Viewer, "away", expiry: 3_600)).Session.IsPresent);
    }

    [Fact]
    public async Task An_ended_connection_may_do_nothing_more()
    {
        var first = await Connect("meter");
        await Connect("meter");
        await Refused(Failure.NotSignedIn, () => first.Publish(Timed("meter", 1)));
        await Refused(Failure.NotSignedIn, () => first.Subscribe("devices/meter/c"));
        await Refused(Failure.NotSignedIn, () => first.Queue());
        await Refused(Failure.NotSignedIn, () => first.Settle(1));
    }

    [Fact]
    public async Task A_user_publishes_and_subscribes_by_its_roles()
    {
        var viewer = await ConnectUser("vera", Roles.Viewer);
        Assert.Null((await viewer.Subscribe("devices/#")).Outcomes[0].Failure);
        Assert.Equal(Failure.Forbidden, (await viewer.Publish(Said("users/vera", "a", "1"))).Failures[0].Failure);

        var operators = await ConnectUser("otto", Roles.Operator);
        Assert.Empty((await operators.Publish(Said("users/otto", "devices/meter/c", "on"))).Failures);
        Assert.Equal("on", Text((await viewer.Next()).Messages[0]));
        Assert.Equal("users/otto", Assert.Single(await Stored("devices/meter/c")).Device);
    }

    [Fact]
    public async Task Nobody_connects_as_another_user()
    {
        var client = new EdgeClient(Grains, Grains.UserClient(Tenant, "ada"), User(Roles.Admin, id: "eve"));
        await Refused(Failure.Forbidden, () => client.Connect(
            User(Roles.Admin, id: "eve"), new Credential(CredentialKind.Token, null, []), "web", false, 0, null));
    }

    [Fact]
    public async Task Filters_are_refused_one_by_one_and_with_the_reason()
    {
        await Register("picky", [], ["plant/#", "!plant/secret/#"]);
        var client = await Connect("picky");
        var result = await client.Subscribe(
            new Subscription("devices/picky/c", Qos.AtLeastOnce),
            new Subscription("plant/#", Qos.AtLeastOnce),
            new Subscription("plant/secret/a", Qos.AtLeastOnce),
            new Subscription("a/#/b", Qos.AtLeastOnce),
            new Subscription("devices/meter/c", Qos.AtLeastOnce),
            new Subscription("$share/g/plant/+", Qos.AtLeastOnce),
            new Subscription("$share/plant", Qos.AtLeastOnce));
        Assert.Equal(
            [null, null, Failure.Forbidden, Failure.Invalid, Failure.Forbidden, null, Failure.Invalid],
            result.Outcomes.Select(outcome => outcome.Failure));
        Assert.Equal(["plant/secret/#"], client.Session.Denied.AsEnumerable());
    }

    [Fact]
    public async Task One_subscription_more_than_allowed_is_refused_and_a_replacement_is_not()
    {
        var client = await Connect("meter");
        for (var i = 0; i < 100; i++)
        {
            Assert.Null((await client.Subscribe($"devices/meter/{i}")).Outcomes[0].Failure);
        }

        Assert.Equal(Failure.TooMany, (await client.Subscribe("devices/meter/100")).Outcomes[0].Failure);
        Assert.Null((await client.Subscribe("devices/meter/7")).Outcomes[0].Failure);
        Assert.Equal([true, false], (await client.Unsubscribe("devices/meter/7", "devices/meter/100")).AsEnumerable());
        Assert.Null((await client.Subscribe("devices/meter/100")).Outcomes[0].Failure);
    }

    [Fact]
    public async Task A_will_for_a_topic_that_the_client_may_not_publish_to_is_refused_at_connect() => await Refused(
        Failure.Forbidden, () => Connect("meter", will: new Will(Said("meter", "devices/other/t", "gone"), 0)));
}
