using System.Collections.Immutable;
using Microsoft.AspNetCore.Http;
using OrleansIoT.Fixtures;
using OrleansIoT.Gateway.Live;
using OrleansIoT.Identity;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Gateway.Tests.Live;

public sealed class TopicFeedTests
{
    private readonly FeedBudget _budget = new(100_000_000);
    private readonly TopicFeed _feed;

    public TopicFeedTests() => _feed = new TopicFeed("default", "t", _budget);

    [Fact]
    public void What_everybody_has_taken_takes_no_memory()
    {
        var (fast, slow) = (Follow(), Follow());
        Append(1, 100);
        Assert.Equal(100, Take(fast).Count);
        Append(101, 100);
        Assert.Equal(100, Take(fast).Count);
        Assert.InRange(_budget.Bytes, 200 * 200, 300 * 200);
        Assert.Equal(200, Take(slow).Count);
        Append(201, 1);
        Assert.InRange(_budget.Bytes, 1, 300);
        _feed.Remove(fast);
        _feed.Remove(slow);
        Assert.Equal(0, _budget.Bytes);
    }

    [Fact]
    public void Who_is_too_slow_is_told_what_it_has_missed_and_nobody_else_notices()
    {
        var (fast, slow) = (Follow(), Follow());
        Take(slow);
        var taken = 0;
        for (var i = 0; i < 10; i++)
        {
            Append(1 + i * 1_000, 1_000);
            taken += Take(fast).Count;
        }

        Assert.Equal(10_000, taken);
        Assert.Equal(Found.Skipped, _feed.Take(slow, [], int.MaxValue, out var skipped));
        Assert.Equal((1, 10_000 - TopicFeed.MaxReadings), skipped);
        Assert.Equal(Enumerable.Range(10_001 - TopicFeed.MaxReadings, TopicFeed.MaxReadings).Select(i => (long)i), Take(slow));
    }

    [Fact]
    public void Large_readings_are_kept_up_to_so_many_bytes()
    {
        var slow = Follow();
        Take(slow);
        for (var i = 0; i < 100; i++)
        {
            Append(i + 1, 1, new byte[64 * 1024]);
        }

        Assert.InRange(_budget.Bytes, 1, TopicFeed.MaxBytes);
    }

    [Fact]
    public void When_the_budget_of_all_is_spent_the_slow_ones_miss_some()
    {
        var feed = new TopicFeed("default", "t", new FeedBudget(1_000));
        var slow = Follow(feed);
        Assert.Equal(Found.Nothing, feed.Take(slow, [], 10, out _));
        feed.Append(1, Some(100));
        Assert.Equal(Found.Skipped, feed.Take(slow, [], 10, out var skipped));
        Assert.Equal(1, skipped.From);
    }

    [Fact]
    public void Who_still_reads_the_history_misses_nothing_however_slow_it_is()
    {
        var fast = Follow();
        Append(1, 100);
        Take(fast);
        Append(101, 1); // lets go of what was taken
        var late = Follow(after: 0);
        Assert.Equal(Found.History, _feed.Take(late, [], 10, out _));
        Append(102, TopicFeed.MaxReadings + 49);
        Assert.Equal(Found.History, _feed.Take(late, [], 10, out _));
        _feed.Replayed(late, 100);
        Assert.Equal(Found.History, _feed.Take(late, [], 10, out _)); // what was kept for it was too much
        _feed.Replayed(late, 150);
        Assert.Equal(151, Take(late)[0]);
    }

    [Fact]
    public void A_gap_shows_and_what_fills_it_comes_in_order()
    {
        var follower = Follow();
        Append(1, 2);
        Append(5, 1);
        Assert.True(_feed.IsBehind);
        Assert.Equal([1, 2], Take(follower));
        Assert.Equal((2, 5), _feed.Missing());
        _feed.CatchUp([.. Some(3).Select((reading, i) => reading with { Seq = i + 3 })], 5);
        Assert.False(_feed.IsBehind);
        Append(5, 2); // a part of it was heard before
        Assert.Equal([3, 4, 5, 6], Take(follower));
    }

    [Fact]
    public void Of_a_long_silence_only_the_end_is_caught_up_with()
    {
        var follower = Follow();
        Take(follower);
        _feed.Answered(1_000_000);
        Assert.Equal((1_000_000 - TopicFeed.MaxReadings, 1_000_000), _feed.Missing());
        Assert.Equal(Found.Skipped, _feed.Take(follower, [], 10, out var skipped));
        Assert.Equal((1, 1_000_000 - TopicFeed.MaxReadings), skipped);
    }

    [Fact]
    public void A_cursor_beyond_the_end_is_the_end()
    {
        _feed.Answered(10);
        Assert.Equal(10, Follow(after: 99, last: 10).Cursor);
    }

    private static ImmutableArray<TelemetryMessage> Some(int count, byte[]? payload = null) =>
    [
        .. Enumerable.Range(0, count).Select(_ => new TelemetryMessage
        {
            Topic = "t", Device = "d", Payload = payload ?? "1"u8.ToArray(), At = default, ReceivedAt = default,
        }),
    ];

    private Follower Follow(TopicFeed? feed = null, long? after = null, long last = 0)
    {
        feed ??= _feed;
        var caller = new Caller("default", "somebody", CallerKind.User, Roles.Viewer, null, DateTimeOffset.MaxValue);
        var follower = new Follower(new LiveStream(new DefaultHttpContext(), caller, () => false, null!, new ManualClock(default)), "t");
        feed.Add(follower);
        feed.Begin(follower, Math.Max(last, feed.Last), after);
        return follower;
    }

    private void Append(long first, int count, byte[]? payload = null) => _feed.Append(first, Some(count, payload));

    private List<long> Take(Follower follower)
    {
        var readings = new List<TelemetryMessage>();
        _feed.Take(follower, readings, int.MaxValue, out _);
        return readings.ConvertAll(reading => reading.Seq);
    }
}
