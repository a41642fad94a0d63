using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using OrleansIoT.Failures;
using OrleansIoT.Identity;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Gateway.Live;

/// <summary>Why the server ends a stream.</summary>
internal sealed record StreamEnd(string Code, string Detail)
{
    public static readonly StreamEnd Expired = new("expired", "The token has expired. Get a new one, and go on from the last event.");
    public static readonly StreamEnd Revoked = new("revoked", "What the token stands for has ended, or has other rights now. Sign in again.");
    public static readonly StreamEnd Stopping = new("stopping", "The server is about to stop. Connect again, and go on from the last event.");
    public static readonly StreamEnd Unavailable = new("unavailable", "Readings cannot be read now. Connect again, and go on from the last event.");
}

/// <summary>
/// Somebody who looks at topics as they grow: first what the history has behind its cursor, then what is appended, in the
/// order of numbers and each once. What it has not taken waits in the topics' feeds, within their bounds.
/// </summary>
/// <param name="context">The request, which lasts as long as the stream.</param>
/// <param name="caller">Whose it is; with the rights that it has at the beginning, or it ends.</param>
/// <param name="isRevoked">Asked once a second.</param>
/// <param name="topics">Where to follow topics.</param>
/// <param name="clock">For heartbeats and the token's end.</param>
internal sealed class LiveStream(HttpContext context, Caller caller, Func<bool> isRevoked, LiveTopics topics, TimeProvider clock) : IDisposable
{
    /// <summary>A stream without events says that it lives, or proxies would end it.</summary>
    public static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    /// <summary>How long a client may take to read why its stream ends.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Readings of one topic at a time, so that a busy one does not keep the others waiting.</summary>
    private const int Batch = 256;

    private const int FlushAt = 32 * 1024;

    private readonly Channel<bool> _news = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly List<Place> _places = [];
    private readonly List<TelemetryMessage> _batch = [];
    private readonly EventWriter _events = new(context.Response.BodyWriter);
    private StreamEnd? _end;
    private long _endedAt;
    private long _wroteAt;

    public Caller Caller => caller;

    /// <summary>There is something to look at.</summary>
    public void Wake() => _news.Writer.TryWrite(true);

    /// <summary>The client is told why, and if it does not listen the connection ends.</summary>
    public void End(StreamEnd why)
    {
        if (Interlocked.CompareExchange(ref _end, why, null) is null)
        {
            Volatile.Write(ref _endedAt, clock.GetTimestamp());
            Wake();
        }
    }

    /// <summary>Once a second.</summary>
    public void CheckTime()
    {
        if (_end is not null)
        {
            if (Volatile.Read(ref _endedAt) is > 0 and var endedAt && clock.GetElapsedTime(endedAt) > Patience)
            {
                context.Abort();
            }
        }
        else if (caller.ExpiresAt <= clock.GetUtcNow())
        {
            End(StreamEnd.Expired);
        }
        else if (isRevoked())
        {
            End(StreamEnd.Revoked);
        }
        else if (IsSilent)
        {
            Wake();
        }
    }

    /// <summary>Until the client leaves, or <see cref="End"/>.</summary>
    /// <param name="names">The topics, in the order of the cursor.</param>
    /// <param name="after">Their numbers that the client has already; null for from now on.</param>
    /// <param name="noReadings">What to say of a topic that has none; null to wait for them.</param>
    public async Task Run(IReadOnlyList<string> names, long[]? after, FailureException? noReadings = null)
    {
        try
        {
            for (var i = 0; i < names.Count; i++)
            {
                _places.Add(await Enter(names[i], after?[i]));
            }

            if (noReadings is not null && _places.TrueForAll(place => place.Feed is not { Last: > 0 }))
            {
                throw noReadings;
            }

            BeginAnswer();
            await Follow();
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // It has hung up.
        }
        finally
        {
            foreach (var place in _places)
            {
                place.Leave(topics);
            }
        }
    }

    public void Dispose() => _events.Dispose();

    private bool IsSilent => clock.GetElapsedTime(Volatile.Read(ref _wroteAt)) >= Heartbeat;

    /// <summary>A topic that is not granted is for the caller one that nobody publishes to.</summary>
    private async Task<Place> Enter(string topic, long? after)
    {
        var follower = new Follower(this, topic);
        return Permissions.MayReadTelemetry(caller, caller.Tenant) && !MayRead(topic)
            ? new Place(follower, null)
            : new Place(follower, await topics.Follow(follower, after));
    }

    private bool MayRead(string topic) => Permissions.MayReadTopic(caller, caller.Tenant, topic);

    private void BeginAnswer()
    {
        var response = context.Response;
        response.ContentType = EventWriter.MediaType;
        response.Headers.CacheControl = "no-store, no-transform"; // a proxy that compresses would hold events back
        response.Headers["X-Accel-Buffering"] = "no";
        foreach (var place in _places)
        {
            place.Written = place.Follower.Cursor;
        }

        _events.Start(_places);
    }

    private async Task Follow()
    {
        await Flush();
        while (true)
        {
            _news.Reader.TryRead(out _); // what comes from here on wakes
            var hasWritten = false;
            try
            {
                foreach (var place in _places)
                {
                    hasWritten |= _end is null && await WriteNext(place);
                }
            }
            catch (Exception e) when (e is FailureException or TimeoutException)
            {
                End(StreamEnd.Unavailable);
            }

            if (_end is { } end)
            {
                _events.End(end);
                await Flush();
                return;
            }

            if (!hasWritten && IsSilent)
            {
                _events.Heartbeat();
                hasWritten = true;
            }

            if (hasWritten)
            {
                await Flush();
            }
            else
            {
                await _news.Reader.WaitToReadAsync(context.RequestAborted);
            }
        }
    }

    /// <returns>Whether there was anything.</returns>
    private async Task<bool> WriteNext(Place place)
    {
        if (place.Feed is not { } feed || !MayRead(feed.Topic))
        {
            return false;
        }

        _batch.Clear();
        switch (feed.Take(place.Follower, _batch, Batch, out var skipped))
        {
            case Found.History:
                await Replay(place, feed);
                return true;

            case Found.Skipped:
                place.Written = skipped.To;
                _events.Skipped(_places, feed.Topic, skipped.From, skipped.To);
                return true;

            case Found.Readings:
                await Write(place, _batch);
                return true;

            default:
                return false;
        }
    }

    private async Task Replay(Place place, TopicFeed feed)
    {
        var readings = await topics.TopicOf(feed).ReadAfter(place.Follower.Cursor, Batch);
        feed.Replayed(place.Follower, readings.IsEmpty ? null : readings[^1].Seq);
        await Write(place, readings);
    }

    private async Task Write(Place place, IReadOnlyList<TelemetryMessage> readings)
    {
        foreach (var reading in readings)
        {
            Debug.Assert(reading.Seq > place.Written, "Numbers ascend.");
            place.Written = reading.Seq;
            _events.Reading(_places, reading);
            if (context.Response.BodyWriter.UnflushedBytes >= FlushAt)
            {
                await Flush();
            }
        }
    }

    private async Task Flush()
    {
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
        Volatile.Write(ref _wroteAt, clock.GetTimestamp());
    }

    /// <summary>Where the stream is in one of its topics.</summary>
    /// <param name="follower">Its place in the feed.</param>
    /// <param name="feed">Null where nothing is to be heard.</param>
    internal sealed class Place(Follower follower, TopicFeed? feed)
    {
        public Follower Follower => follower;

        public TopicFeed? Feed => feed;

        /// <summary>The number of the last reading that was written: its part of the cursor.</summary>
        public long Written { get; set; }

        public void Leave(LiveTopics topics)
        {
            if (feed is not null)
            {
                topics.Leave(feed, follower);
            }
        }
    }
}
