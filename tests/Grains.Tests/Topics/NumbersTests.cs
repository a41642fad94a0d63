using OrleansIoT.Failures;
using OrleansIoT.Identity;
using OrleansIoT.Telemetry;
using OrleansIoT.Topics;

namespace OrleansIoT.Grains.Tests.Topics;

/// <summary>Aggregates, points and lists of topics, out of the real store.</summary>
public sealed class NumbersTests : GrainTest
{
    private const string Topic = "devices/meter/t";

    private static readonly AggregateQuery Hourly = new(Noon, Noon.AddDays(1), new BucketWidth(1, BucketUnit.Hour), "UTC", null, 10);

    [Fact]
    public async Task Numbers_are_summed_up_by_the_hour_and_what_is_no_number_is_left_out()
    {
        await Register("meter");
        await Publish("meter", Timed("meter", 0, "1"), Timed("meter", 59, "{\"value\": 4}"), Timed("meter", 30, "on"), Timed("meter", 61, "7"));

        var page = await Aggregate(Hourly);

        Assert.Equal([(2L, 5.0, 1.0, 4.0), (1, 7, 7, 7)], page!.Buckets.Select(bucket => (bucket.Count, bucket.Sum, bucket.First, bucket.Last)));
        Assert.Equal([Noon, Noon.AddHours(1)], page.Buckets.Select(bucket => bucket.Start));
        Assert.Null(page.Next);
    }

    [Fact]
    public async Task As_of_an_instant_what_came_later_does_not_count()
    {
        await Register("meter");
        await Publish("meter", Timed("meter", 0, "1") with { ReceivedAt = Noon.AddHours(1) });
        await Publish("meter", Timed("meter", 1, "2") with { ReceivedAt = Noon.AddHours(2) });
        var query = new TelemetryQuery(Noon, Noon.AddDays(1), 10);

        async Task<int> Read(DateTimeOffset asOf) =>
            (await As(User(Roles.Viewer), () => Grains.Topic(Tenant, Topic).Read(query with { AsOf = asOf })))!.Messages.Length;

        Assert.Equal(1, await Read(Noon.AddHours(1)));
        Assert.Equal(2, await Read(Noon.AddHours(2)));
        Assert.Equal(1, (await Aggregate(Hourly with { AsOf = Noon.AddHours(1) }))!.Buckets.Single().Count);
        Assert.Equal(2, (await Aggregate(Hourly with { AsOf = Noon.AddHours(2) }))!.Buckets.Single().Count);
        Assert.Single((await Points(new PointQuery(Noon, Noon.AddDays(1), 10, null, Noon.AddHours(1))))!.Points);
    }

    [Fact]
    public async Task A_chart_gets_the_peaks_of_what_is_stored()
    {
        await Register("meter");
        await Publish("meter", [.. Enumerable.Range(0, 100).Select(minute => Timed("meter", minute, minute == 42 ? "99" : "20"))]);

        var page = await Points(new PointQuery(Noon, Noon.AddMinutes(100), 10, null));

        Assert.Equal(100, page!.Readings);
        Assert.Equal(11, page.Points.Length);
        Assert.Equal(new NumberPoint(Noon.AddMinutes(42), 43, 99), page.Points.MaxBy(point => point.Value));
    }

    [Fact]
    public async Task A_topic_that_never_had_readings_has_no_numbers()
    {
        Assert.Null(await Aggregate(Hourly));
        Assert.Null(await Points(new PointQuery(Noon, Noon.AddDays(1), 10, null)));
    }

    [Fact]
    public async Task Senseless_questions_are_refused_and_so_are_strangers()
    {
        await Refused(Failure.Invalid, () => Aggregate(Hourly with { End = Noon }));
        await Refused(Failure.Invalid, () => Aggregate(Hourly with { Limit = AggregateQuery.MaxLimit + 1 }));
        await Refused(Failure.Invalid, () => Aggregate(Hourly with { Every = new BucketWidth(7, BucketUnit.Minute) }));
        await Refused(Failure.Invalid, () => Aggregate(Hourly with { TimeZone = "Europe/Atlantis" }));
        await Refused(Failure.Invalid, () => Points(new PointQuery(Noon, Noon.AddDays(1), 0, null)));
        await Refused(Failure.Forbidden, () => As(User(Roles.None), () => Grains.Topic(Tenant, Topic).Aggregate(Hourly)));
        await Refused(Failure.NotFound, () => As(User(Roles.Admin, "other"), () => Grains.Topic(Tenant, Topic).Aggregate(Hourly)));
        await Refused(Failure.NotFound, () => As(User(Roles.Admin, "other"), () => Grains.Topics(Tenant).List("", 10, null)));
        await Refused(Failure.Forbidden, () => As(User(Roles.None), () => Grains.Topics(Tenant).List("", 10, null)));
        await Refused(Failure.Invalid, () => List("", ITopicListGrain.MaxLimit + 1, null));
    }

    [Fact]
    public async Task Topics_are_listed_by_prefix_page_by_page()
    {
        await Register("meter", "plant/#");
        await Publish("meter", Timed("meter", 0), Timed("meter", 5), Timed("meter", 1, topic: "plant/b"), Timed("meter", 1, topic: "plant/a"));

        var first = await List("", 2, null);
        var second = await List("", 2, first.Next);

        Assert.Equal(["devices/meter/t", "plant/a", "plant/b"], first.Topics.Concat(second.Topics).Select(topic => topic.Topic));
        Assert.Equal(new TopicSummary("devices/meter/t", 2, Noon, Noon.AddMinutes(5)), first.Topics[0]);
        Assert.Null(second.Next);
        Assert.Equal(["plant/a", "plant/b"], (await List("plant/", 10, null)).Topics.Select(topic => topic.Topic));
    }

    private Task<AggregatePage?> Aggregate(AggregateQuery query) =>
        As(User(Roles.Viewer), () => Grains.Topic(Tenant, Topic).Aggregate(query));

    private Task<PointPage?> Points(PointQuery query) => As(User(Roles.Viewer), () => Grains.Topic(Tenant, Topic).Points(query));

    private Task<TopicPage> List(string prefix, int limit, string? after) =>
        As(User(Roles.Viewer), () => Grains.Topics(Tenant).List(prefix, limit, after));
}
