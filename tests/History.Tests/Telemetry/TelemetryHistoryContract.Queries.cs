using OrleansIoT.History.Numbers;
using OrleansIoT.Telemetry;
using OrleansIoT.Topics;
using static OrleansIoT.History.Tests.Telemetry.Readings;

namespace OrleansIoT.History.Tests.Telemetry;

public abstract partial class TelemetryHistoryContract
{
    private static readonly NumberQuery AllNumbers = new(DateTimeOffset.MinValue, DateTimeOffset.MaxValue, NumberField.Default);

    [Fact]
    public async Task A_descending_page_has_the_greatest_position_first()
    {
        await History.Append(Topic, 1, Some(Topic, 5));
        await History.Append(Topic, 6, [Reading(Topic, "twin", Noon.AddSeconds(4)), Reading(Topic, "late", Noon.AddSeconds(0.5))]);

        var page = await History.Read(Topic, All with { Descending = true });

        Assert.Equal(["twin", "4", "3", "2", "1", "late", "0"], page.Messages.Select(m => m.Text()));
        Assert.Null(page.Next);
    }

    [Fact]
    public async Task A_descending_range_is_half_open_too()
    {
        await History.Append(Topic, 1, Some(Topic, 10));

        var page = await History.Read(
            Topic, new TelemetryQuery(Noon.AddSeconds(3), Noon.AddSeconds(6), 100, Descending: true));

        Assert.Equal(["5", "4", "3"], page.Messages.Select(m => m.Text()));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(10)]
    [InlineData(11)]
    public async Task Descending_pages_join_and_are_the_ascending_ones_from_behind(int limit)
    {
        int[] seconds = [5, 1, 1, 1, 9, 1, 5, 5, 0, 1];
        await History.Append(
            Topic, 1, [.. seconds.Select((second, i) => Reading(Topic, $"{i}", Noon.AddSeconds(second)))]);

        var descending = new List<TelemetryMessage>();
        TelemetryPosition? after = null;
        do
        {
            var page = await History.Read(Topic, All with { Limit = limit, After = after, Descending = true });
            Assert.InRange(page.Messages.Length, 1, limit);
            descending.AddRange(page.Messages);
            after = page.Next;
        }
        while (after is not null);

        Assert.Equal((await History.ReadAll(Topic)).Describe().Reverse(), descending.Describe());
    }

    [Fact]
    public async Task A_descending_page_of_large_payloads_ends_early_and_the_next_one_goes_on()
    {
        await History.Append(
            Topic, 1, [.. Some(Topic, 5).Select(reading => reading with { Payload = new byte[TelemetryPage.MaxBytes / 3] })]);

        var first = await History.Read(Topic, All with { Descending = true });
        Assert.Equal([5, 4, 3, 2], first.Messages.Select(message => message.Seq));
        var second = await History.Read(Topic, All with { Descending = true, After = first.Next });
        Assert.Equal(1, Assert.Single(second.Messages).Seq);
        Assert.Null(second.Next);
    }

    [Fact]
    public async Task As_of_an_instant_only_what_had_arrived_by_then_is_read()
    {
        await History.Append(
            Topic, 1,
            [
                .. Enumerable.Range(0, 6).Select(i =>
                    Reading(Topic, $"{i}", Noon.AddSeconds(i)) with { ReceivedAt = Noon.AddHours(i % 3) }),
            ]);
        var asOf = Noon.AddHours(1);

        var page = await History.Read(Topic, All with { AsOf = asOf });
        Assert.Equal(["0", "1", "3", "4"], page.Messages.Select(m => m.Text()));
        Assert.Empty((await History.Read(Topic, All with { AsOf = Noon.AddTicks(-1) })).Messages);

        var first = await History.Read(Topic, All with { AsOf = asOf, Limit = 3, Descending = true });
        Assert.Equal(["4", "3", "1"], first.Messages.Select(m => m.Text()));
        var last = await History.Read(Topic, All with { AsOf = asOf, Limit = 1, Descending = true, After = first.Next });
        Assert.Equal("0", Assert.Single(last.Messages).Text());
        Assert.Null(last.Next);
    }

    [Fact]
    public async Task Numbers_come_in_order_of_position_and_what_is_none_is_left_out()
    {
        string[] payloads = ["3", "no", "{\"value\":1.5}", "", "{\"value\":\"2\"}", "-1e3", "[4]", "1e999", "{\"x\":{\"value\":9}}"];
        await History.Append(
            Topic, 1, [.. payloads.Select((payload, i) => Reading(Topic, payload, Noon.AddSeconds(-i)))]);

        var numbers = new Numbers();
        Assert.Null(await History.ReadNumbers(Topic, AllNumbers, numbers));
        Assert.Equal(
            [(Noon.AddSeconds(-5).UtcTicks, 6L, -1000d), (Noon.AddSeconds(-2).UtcTicks, 3L, 1.5), (Noon.UtcTicks, 1L, 3d)],
            numbers.Taken);

        numbers = new Numbers();
        await History.ReadNumbers(Topic, AllNumbers with { Field = NumberField.Parse("x.value") }, numbers);
        Assert.Equal((Noon.AddSeconds(-8).UtcTicks, 9L, 9d), Assert.Single(numbers.Taken));
    }

    [Fact]
    public async Task Numbers_keep_to_their_range_and_to_what_had_arrived()
    {
        await History.Append(
            Topic, 1, [.. Some(Topic, 10).Select((reading, i) => reading with { ReceivedAt = Noon.AddHours(i) })]);

        var numbers = new Numbers();
        await History.ReadNumbers(
            Topic, new NumberQuery(Noon.AddSeconds(2), Noon.AddSeconds(8), NumberField.Default, Noon.AddHours(5)), numbers);

        Assert.Equal([2d, 3, 4, 5], numbers.Taken.Select(number => number.Value));
    }

    [Fact]
    public async Task A_sink_that_has_enough_gets_no_more()
    {
        await History.Append(Topic, 1, Some(Topic, 1_000));

        var numbers = new Numbers(enough: 3);
        await History.ReadNumbers(Topic, AllNumbers, numbers);

        Assert.Equal([0d, 1, 2], numbers.Taken.Select(number => number.Value));
    }

    [Fact]
    public async Task A_topic_without_readings_has_no_numbers()
    {
        var numbers = new Numbers();

        Assert.Null(await History.ReadNumbers(Topic, AllNumbers, numbers));

        Assert.Empty(numbers.Taken);
    }

    [Fact]
    public async Task A_failure_of_the_sink_is_its_own_and_the_history_goes_on()
    {
        await History.Append(Topic, 1, Some(Topic, 100));

        await Assert.ThrowsAsync<InvalidOperationException>(() => History.ReadNumbers(Topic, AllNumbers, new Broken()));

        Assert.Equal(100, (await History.ReadAll(Topic)).Count);
    }

    [Fact]
    public async Task A_topic_in_the_list_says_how_many_readings_it_has_and_from_when_to_when()
    {
        await History.Append(Topic, 1, Some(Topic, 3));
        await History.Append(Topic, 4, [Reading(Topic, "late", Noon.AddDays(-400)), Reading(Topic, "early", Noon.AddDays(400))]);

        var page = await History.ListTopics("default", "", 10, null);

        Assert.Equal(
            new TopicSummary("devices/meter-7/power", 5, Noon.AddDays(-400), Noon.AddDays(400)), Assert.Single(page.Topics));
        Assert.Null(page.Next);
    }

    [Fact]
    public async Task Topics_are_listed_by_the_bytes_of_their_names_in_pages_of_their_tenant()
    {
        // U+FF21 is less than U+1F321 by code point, and by bytes of UTF-8, but not by UTF-16.
        string[] names = ["A", "a", "a/b", "a0", "b", "ä", "\uFF21", "🌡"];
        foreach (var name in names.Reverse())
        {
            await History.Append($"default/{name}", 1, Some($"default/{name}", 1));
            await History.Append($"other/{name}", 1, Some($"other/{name}", 1));
        }

        var listed = new List<string>();
        string? after = null;
        do
        {
            var page = await History.ListTopics("default", "", 3, after);
            listed.AddRange(page.Topics.Select(topic => topic.Topic));
            after = page.Next;
        }
        while (after is not null);

        Assert.Equal(names, listed);
        Assert.Empty((await History.ListTopics("nobody", "", 3, null)).Topics);
        Assert.Empty((await History.ListTopics("defaul", "", 3, null)).Topics);
    }

    [Theory]
    [InlineData("", "a,a%b,a/b,a_b,aXb,b,🌡,🌡x")]
    [InlineData("a", "a,a%b,a/b,a_b,aXb")]
    [InlineData("a/", "a/b")]
    [InlineData("a_", "a_b")]
    [InlineData("a%", "a%b")]
    [InlineData("🌡", "🌡,🌡x")]
    [InlineData("A", "")]
    [InlineData("c", "")]
    public async Task A_prefix_is_taken_literally_and_need_not_end_a_level(string prefix, string expected)
    {
        foreach (var name in (string[])["a", "a/b", "a_b", "a%b", "aXb", "b", "🌡", "🌡x"])
        {
            await History.Append($"default/{name}", 1, Some($"default/{name}", 1));
        }

        var page = await History.ListTopics("default", prefix, 100, null);

        Assert.Equal(
            expected.Split(',', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal),
            page.Topics.Select(topic => topic.Topic).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_list_may_begin_before_or_behind_its_prefix()
    {
        foreach (var name in (string[])["a", "b/1", "b/2", "c"])
        {
            await History.Append($"default/{name}", 1, Some($"default/{name}", 1));
        }

        Assert.Equal(["b/1", "b/2"], (await History.ListTopics("default", "b", 10, "a")).Topics.Select(t => t.Topic));
        Assert.Equal(["b/2"], (await History.ListTopics("default", "b", 10, "b/1")).Topics.Select(t => t.Topic));
        Assert.Empty((await History.ListTopics("default", "b", 10, "c")).Topics);
    }

    [Fact]
    public async Task A_transient_topic_is_not_listed()
    {
        await History.Append(Topic, 1, Some(Topic, 1), new AppendEffects([], null, IsTransient: true));

        Assert.Empty((await History.ListTopics("default", "", 10, null)).Topics);
    }

    private sealed class Numbers(int enough = int.MaxValue) : INumberSink
    {
        public List<(long At, long Seq, double Value)> Taken { get; } = [];

        public bool Add(long at, long seq, double value)
        {
            Taken.Add((at, seq, value));
            return Taken.Count < enough;
        }
    }

    private sealed class Broken : INumberSink
    {
        public bool Add(long at, long seq, double value) => throw new InvalidOperationException("a bug");
    }
}
