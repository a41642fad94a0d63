using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Identity;
using OrleansIoT.Telemetry;
using OrleansIoT.Topics;

namespace OrleansIoT.Grains.Tests.Identity;

/// <summary>Users who are narrowed to topics (API1:2023, M09).</summary>
public sealed class TopicGrantsTests : AccountTest
{
    private static readonly Caller Narrowed = User(Roles.Viewer, id: "narrow") with { Grants = ["devices/meter-7/#", "!devices/meter-7/secret"] };

    [Theory]
    [InlineData("a/b", "a/b", "a/b")]
    [InlineData("a/+", "+/b", "a/b")]
    [InlineData("a/#", "a/b/+", "a/b/+")]
    [InlineData("a/#", "+/#", "a/#")]
    [InlineData("a/#", "a", "a")]
    [InlineData("#", "a/+", "a/+")]
    [InlineData("+/#", "a", "a")]
    [InlineData("a/b", "a/c", null)]
    [InlineData("a/+", "a", null)]
    [InlineData("a/+", "a/b/c", null)]
    [InlineData("#", "$x/a", null)]
    [InlineData("$x/#", "$x/+", "$x/+")]
    public void An_intersection_matches_what_both_match(string one, string other, string? both)
    {
        Assert.Equal(both, TopicFilter.Intersection(one, other));
        Assert.Equal(both, TopicFilter.Intersection(other, one));
        foreach (var topic in new[] { "a", "a/b", "a/c", "a/b/c", "b", "$x", "$x/a", "/a", "a/" })
        {
            Assert.Equal(
                TopicFilter.Matches(one, topic) && TopicFilter.Matches(other, topic), both is not null && TopicFilter.Matches(both, topic));
        }
    }

    [Fact]
    public void What_two_share_is_what_each_grants_and_nothing_else()
    {
        string[][] lists = [[], ["a/#"], ["a/+", "b/#"], ["!a/b"], ["#", "!a/#"], ["c"], ["!#"], ["+/b", "!b/b"]];
        string[] topics = ["a", "a/b", "a/c", "b/b", "b/c", "c", "$x/b"];
        foreach (var one in lists)
        {
            foreach (var other in lists)
            {
                var both = TopicGrants.Intersect([.. one], [.. other]);
                Assert.All(topics, topic => Assert.Equal(
                    TopicGrants.Allow([.. one], topic) && TopicGrants.Allow([.. other], topic), TopicGrants.Allow(both, topic)));
            }
        }
    }

    [Fact]
    public async Task A_topic_that_is_not_granted_is_one_that_does_not_exist()
    {
        await StoreReadings();
        var query = new TelemetryQuery(DateTimeOffset.MinValue, DateTimeOffset.MaxValue, 10);
        Assert.True(BucketWidth.TryParse("1d", out var day, out _));
        var aggregate = new AggregateQuery(Noon.AddDays(-1), Noon.AddDays(1), day, "UTC", null, 10);
        var points = new PointQuery(Noon.AddDays(-1), Noon.AddDays(1), 10, null);
        ITopicGrain Topic(string name) => Grains.Topic(Tenant, name);

        foreach (var name in new[] { "devices/meter-8/t", "devices/meter-7/secret", "devices/nobody/t" })
        {
            Assert.Null(await As(Narrowed, () => Topic(name).Latest()));
            Assert.Null(await As(Narrowed, () => Topic(name).Read(query)));
            Assert.Null(await As(Narrowed, () => Topic(name).Aggregate(aggregate)));
            Assert.Null(await As(Narrowed, () => Topic(name).Points(points)));
        }

        Assert.NotNull(await As(Narrowed, () => Topic("devices/meter-7/t").Latest()));
        Assert.NotNull(await As(Narrowed, () => Topic("devices/meter-7/t").Read(query)));
        Assert.NotNull(await As(Narrowed, () => Topic("devices/meter-7/t").Aggregate(aggregate)));
        Assert.NotNull(await As(User(Roles.Viewer), () => Topic("devices/meter-8/t").Latest()));
    }

    [Fact]
    public async Task A_list_has_what_is_granted_whatever_the_page_and_the_prefix()
    {
        await StoreReadings();
        Assert.Equal(["devices/meter-7/t", "devices/meter-7/u"], await List(Narrowed, "", 10));
        Assert.Equal(["devices/meter-7/t", "devices/meter-7/u"], await List(Narrowed, "devices/", 1));
        Assert.Equal(["devices/meter-7/u"], await List(Narrowed, "devices/meter-7/u", 1));
        Assert.Empty(await List(Narrowed, "devices/meter-8", 10));
        Assert.Equal(
            ["devices/meter-7/t", "devices/meter-8/t"], await List(Narrowed with { Grants = ["devices/+/t", "devices/meter-8/#"] }, "", 1));
        Assert.Equal(
            ["devices/meter-7/t", "devices/meter-7/u", "devices/meter-8/t"], await List(Narrowed with { Grants = ["!+/+/secret"] }, "", 2));
        Assert.Equal(4, (await List(User(Roles.Viewer), "", 2)).Count);
    }

    [Fact]
    public async Task Who_is_narrowed_gives_no_device_more_than_it_has()
    {
        var caller = User(Roles.Operator, id: "narrow") with { Grants = ["devices/meter-7/#", "plant/#", "!plant/secret"] };
        await Register("meter-8");
        Task<string> Make(string device, params string[] publish) =>
            As(caller, () => Grains.Device(Tenant, device).Register(new DeviceRegistration("", [.. publish], [])));

        await Refused(Failure.Forbidden, () => Make("meter-9"));
        await Refused(Failure.Forbidden, () => Make("meter-7", "#"));
        await Refused(Failure.Forbidden, () => Make("meter-7", "plant/#")); // it would publish to plant/secret
        await Refused(Failure.Forbidden, () => As(caller, () => Grains.Device(Tenant, "meter-8").RenewKey()));
        await Refused(Failure.Forbidden, () => As(caller, () => Grains.Device(Tenant, "meter-8").CredentialId()));
        await Make("meter-7", "plant/a/#");
        await As(caller, () => Grains.Device(Tenant, "meter-7").RenewKey());
    }

    [Fact]
    public async Task A_narrowed_token_does_not_continue_the_mqtt_session_of_a_wider_one()
    {
        await Register("meter-8");
        var wide = await ConnectUser(User(Roles.Viewer, id: "ada"), expiry: 3_600);
        await wide.Subscribe("devices/#");
        await wide.Leave();
        await Publish("meter-8", Said("meter-8", "devices/meter-8/t", "1"));

        var narrow = await ConnectUser(User(Roles.Viewer, id: "ada") with { Grants = ["devices/meter-7/#"] }, expiry: 3_600);

        Assert.False(narrow.Session.IsPresent);
        Assert.Empty(await narrow.Queue());
    }

    private async Task<List<string>> List(Caller caller, string prefix, int limit)
    {
        var topics = new List<string>();
        string? after = null;
        do
        {
            var page = await As(caller, () => Grains.Topics(Tenant).List(prefix, limit, after));
            topics.AddRange(page.Topics.Select(topic => topic.Topic));
            after = page.Next;
        }
        while (after is not null);
        return topics;
    }

    private async Task StoreReadings()
    {
        await Register("meter-7");
        await Register("meter-8");
        await Publish("meter-7", Timed("meter-7", 0), Timed("meter-7", 1, topic: "devices/meter-7/u"), Timed("meter-7", 2, topic: "devices/meter-7/secret"));
        await Publish("meter-8", Timed("meter-8", 0));
    }
}
