using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansIoT.Topics;

namespace OrleansIoT.Gateway.Live;

/// <summary>
/// The topics that streams of this gateway follow. It is what topics tell of their readings, and every few seconds it tells
/// them that it still listens: a topic that has forgotten it, because its silo died or the network failed, is asked for what
/// was missed. It asks in the name of somebody who follows, so it hears nothing that nobody here may read.
/// </summary>
internal sealed partial class LiveTopics : BackgroundService, ITopicObserver
{
    /// <summary>Well within the lease, and the longest that a reading can be late after a failure.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private const int AtOnce = 16;
    private const int PageSize = 1_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<(string Tenant, string Topic), TopicFeed> _feeds = [];
    private readonly HashSet<TopicFeed> _catchingUp = [];
    private readonly IGrainFactory _grains;
    private readonly FeedBudget _budget;
    private readonly TimeProvider _clock;
    private readonly ILogger<LiveTopics> _logger;
    private readonly Lazy<ITopicObserver> _reference;

    public LiveTopics(IGrainFactory grains, FeedBudget budget, TimeProvider clock, ILogger<LiveTopics> logger)
    {
        (_grains, _budget, _clock, _logger) = (grains, budget, clock, logger);
        _reference = new Lazy<ITopicObserver>(() => grains.CreateObjectReference<ITopicObserver>(this)); // the engine runs by then
    }

    /// <summary>Lets a follower begin. The caller is the stream's, and may be refused.</summary>
    /// <param name="follower">Who follows.</param>
    /// <param name="after">The number that it has already; null for the topic's last one.</param>
    public async Task<TopicFeed> Follow(Follower follower, long? after)
    {
        var feed = Join(follower);
        try
        {
            feed.Begin(follower, await TopicOf(feed).Watch(_reference.Value), after);
        }
        catch
        {
            Leave(feed, follower);
            throw;
        }

        LookForMissing(feed);
        return feed;
    }

    public void Leave(TopicFeed feed, Follower follower)
    {
        lock (_gate)
        {
            if (feed.Remove(follower) || !_feeds.Remove((feed.Tenant, feed.Topic)))
            {
                return;
            }

            feed.Close();
        }

        _ = Unwatch(feed, follower);
    }

    public Task Appended(AppendedReadings readings)
    {
        TopicFeed? feed;
        lock (_gate)
        {
            _feeds.TryGetValue((readings.Tenant, readings.Topic), out feed);
        }

        if (feed is not null)
        {
            feed.Append(readings.FirstSeq, readings.Messages);
            LookForMissing(feed);
        }

        return Task.CompletedTask;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, _clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await Parallel.ForEachAsync(Feeds(), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (feed, _) => await Renew(feed));
            }
        }
        catch (OperationCanceledException)
        {
            // The process ends.
        }
    }

    private TopicFeed Join(Follower follower)
    {
        lock (_gate)
        {
            var key = (follower.Stream.Caller.Tenant, follower.Topic);
            if (!_feeds.TryGetValue(key, out var feed))
            {
                _feeds.Add(key, feed = new TopicFeed(key.Tenant, key.Topic, _budget));
            }

            feed.Add(follower);
            return feed;
        }
    }

    private TopicFeed[] Feeds()
    {
        lock (_gate)
        {
            return [.. _feeds.Values];
        }
    }

    private async Task Renew(TopicFeed feed)
    {
        try
        {
            if (feed.Anybody is { } somebody)
            {
                somebody.Stream.Caller.Enter();
                feed.Answered(await TopicOf(feed).Watch(_reference.Value));
                LookForMissing(feed);
            }
        }
        catch (Exception e)
        {
            LogDeaf(feed.Topic, e); // and in a few seconds again
        }
    }

    private async Task Unwatch(TopicFeed feed, Follower last)
    {
        try
        {
            last.Stream.Caller.Enter();
            await TopicOf(feed).Unwatch(_reference.Value);
        }
        catch (Exception e)
        {
            LogDeaf(feed.Topic, e); // its lease ends
        }
    }

    private void LookForMissing(TopicFeed feed)
    {
        if (feed.IsBehind)
        {
            _ = CatchUp(feed);
        }
    }

    /// <summary>Once at a time for each topic.</summary>
    private async Task CatchUp(TopicFeed feed)
    {
        lock (_gate)
        {
            if (!_catchingUp.Add(feed))
            {
                return;
            }
        }

        var isDone = false;
        try
        {
            while (feed.Missing() is { } missing && feed.Anybody is { } somebody)
            {
                somebody.Stream.Caller.Enter();
                feed.CatchUp(await TopicOf(feed).ReadAfter(missing.After, PageSize), missing.UpTo);
            }

            isDone = true;
        }
        catch (Exception e)
        {
            LogDeaf(feed.Topic, e);
        }

        lock (_gate)
        {
            _catchingUp.Remove(feed);
        }

        if (isDone && feed.Anybody is not null)
        {
            LookForMissing(feed); // what was heard of since the last look
        }
    }

    public ITopicGrain TopicOf(TopicFeed feed) => _grains.Topic(feed.Tenant, feed.Topic);

    [LoggerMessage(LogLevel.Warning, "Topic {Topic} does not answer, so its streams may be late")]
    private partial void LogDeaf(string topic, Exception exception);
}
