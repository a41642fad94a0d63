using System.Collections.Immutable;
using System.Text;
using OrleansIoT.Telemetry;
using OrleansIoT.Topics;
using static OrleansIoT.History.Tests.Telemetry.Readings;

namespace OrleansIoT.History.Tests.Sessions;

public abstract partial class SessionStoreContract
{
    private static readonly string[] Filters =
    [
        "#", "+", "+/#", "/#", "/+", "+/+", "a", "a/#", "a/+", "a/b", "a/+/c", "a/b/#", "a/b/+", "+/b", "$SYS/#", "$SYS/+", "$/+",
        "ä/#", "a!", "nothing/#", "devices/+/power", "devices/17/#", "devices/17/power", "+/17/+", "devices/#",
    ];

    [Fact]
    public async Task Retained_messages_are_found_by_every_filter_page_by_page_in_the_order_of_topics()
    {
        var topics = Enumerable.Range(0, 5_000).SelectMany(i => new[] { $"devices/{i}/power", $"devices/{i}/state" })
            .Concat(["a", "a/", "a/b", "a/b/", "a/b/c", "a/bb", "a/b!", "a!", "a0", "ab", "/", "/a", "//", "b", "b/b"])
            .Concat(["$SYS/a", "$SYS/a/b", "$", "$/a", "ä/ö", "ä", "a/\uFFFD", "a/🌡", "a/温度"])
            .ToArray();
        await Task.WhenAll(topics.Select(topic => Retain($"default/{topic}", topic)).Append(Retain("other/a/b", "theirs"))
            .Append(Retain("defaul/a/b", "theirs")).Append(Retain("default0/a/b", "theirs")));
        await Reopen();

        foreach (var filter in Filters)
        {
            var expected = topics.Where(topic => TopicFilter.Matches(filter, topic))
                .OrderBy(topic => Convert.ToHexString(Encoding.UTF8.GetBytes(topic)), StringComparer.Ordinal).ToList();
            foreach (var count in expected.Count > 1_000 ? [999] : new[] { 1, 2, 1_000 })
            {
                var found = await ReadRetained("default", filter, count);
                Assert.Equal(expected, found.Select(message => message.Topic));
                Assert.Equal(expected, found.Select(message => message.Text()));
            }
        }
    }

    [Fact]
    public async Task A_filter_that_few_of_very_many_topics_match_finds_them_in_several_pages()
    {
        await Task.WhenAll(Enumerable.Range(0, 25_000).Select(i => Retain($"default/t/{i:00000}/x", "x"))
            .Append(Retain("default/t/10000/y", "1")).Append(Retain("default/t/24999/y", "2")));

        var first = await Sessions.ReadRetained("default", "t/+/y", null, 1_000, 1 << 20, Noon);
        Assert.NotNull(first.Next);
        Assert.Equal(["1", "2"], (await ReadRetained("default", "t/+/y", 1_000)).Select(message => message.Text()));
    }

    [Fact]
    public async Task A_page_of_retained_messages_ends_with_its_bytes_and_has_at_least_one()
    {
        for (var i = 0; i < 4; i++)
        {
            await Retain($"default/t/{i}", new string('x', 1_000));
        }

        var first = await Sessions.ReadRetained("default", "t/#", null, 1_000, 2_500, Noon);
        Assert.Equal(["t/0", "t/1"], first.Messages.Select(message => message.Topic));
        var second = await Sessions.ReadRetained("default", "t/#", first.Next, 1_000, 1, Noon);
        Assert.Equal("t/2", Assert.Single(second.Messages).Topic);
        var third = await Sessions.ReadRetained("default", "t/#", second.Next, 1, 2_500, Noon);
        Assert.Equal("t/3", Assert.Single(third.Messages).Topic);
        Assert.Null(third.Next);
    }

    [Fact]
    public async Task A_retained_message_that_has_expired_is_left_out_and_one_that_replaces_it_is_not()
    {
        var expiring = Full with { Topic = "t/1", Retain = true, ReceivedAt = Noon, Properties = Full.Properties! with { ExpiresAfter = 60 } };
        await History.Append("default/t/1", 1, [expiring]);
        await Retain("default/t/2", "stays");

        Assert.Equal(["t/1", "t/2"], await Topics(Noon.AddSeconds(59)));
        Assert.Equal(["t/2"], await Topics(Noon.AddSeconds(60)));
        Assert.Empty((await Sessions.ReadRetained("default", "t/1", null, 10, 1 << 20, Noon.AddSeconds(60))).Messages);

        await History.Append("default/t/1", 2, [expiring with { Properties = null }]);
        Assert.Equal(["t/1", "t/2"], await Topics(DateTimeOffset.MaxValue));

        async Task<IEnumerable<string>> Topics(DateTimeOffset now) =>
            (await Sessions.ReadRetained("default", "t/#", null, 10, 1 << 20, now)).Messages.Select(message => message.Topic);
    }

    [Fact]
    public async Task The_topics_that_a_publisher_has_retained_are_those_whose_message_is_still_its_own()
    {
        await Retain("default/t/3", "3");
        await Retain("default/t/1", "1");
        await Retain("default/t/2", "2");
        await Retain("default/t/4", "4");
        await Retain("other/t/1", "theirs");
        await Retain("default/t/5", "another's", "meter-70");
        await Retain("default/t/2", "taken over", "users/42", firstSeq: 2);
        await Retain("default/t/4", "", firstSeq: 2);

        Assert.Equal(["t/1", "t/3"], await Sessions.ReadRetainedTopics(Publisher, 10));
        Assert.Equal(["t/1"], await Sessions.ReadRetainedTopics(Publisher, 1));
        Assert.Equal(["t/2"], await Sessions.ReadRetainedTopics("default/users/42", 10));
        Assert.Empty(await Sessions.ReadRetainedTopics("default/nobody", 10));
    }

    private Task<ImmutableArray<long>> Retain(string topic, string payload, string device = "meter-7", long firstSeq = 1) =>
        History.Append(topic, firstSeq, [Reading(topic, payload) with { Retain = true, Device = device }]);

    private async Task<List<TelemetryMessage>> ReadRetained(string tenant, string filter, int count)
    {
        var all = new List<TelemetryMessage>();
        string? from = null;
        do
        {
            var page = await Sessions.ReadRetained(tenant, filter, from, count, 1 << 20, Noon);
            Assert.InRange(page.Messages.Length, 0, count);
            all.AddRange(page.Messages);
            from = page.Next;
        }
        while (from is not null);

        return all;
    }
}
