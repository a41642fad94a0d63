using System.Collections.Immutable;
using OrleansIoT.Identity;
using OrleansIoT.Telemetry;
using OrleansIoT.Topics;

namespace OrleansIoT.Grains.Topics;

public sealed partial class TopicGrain
{
    /// <summary>An observer that has not taken so many bytes is told no more; the numbers show it what it has missed.</summary>
    private const long MaxUntaken = 16 * 1024 * 1024;

    /// <summary>Null until somebody watches, as of most topics.</summary>
    private List<Watcher>? _watchers;

    /// <summary>The number of the last reading that is known to be durable.</summary>
    private long _durableSeq;

    private bool IsWatched => _watchers is { Count: > 0 };

    public async Task<long> Watch(ITopicObserver observer)
    {
        Demand(Permissions.MayReadTelemetry, Readers);
        if (_isTransient || !Permissions.MayReadTopic(Caller.Current!, Key.Tenant, Key.Name))
        {
            return 0;
        }

        _watchers ??= [];
        var watcher = _watchers.Find(one => one.Observer.Equals(observer));
        if (watcher is null)
        {
            _watchers.Add(watcher = new Watcher(observer));
        }

        watcher.Until = clock.GetUtcNow() + TopicWatch.Lease;
        watcher.Renewals++;

        // What is on its way to the disk was not marked for the observer, so it belongs to what was there before.
        var (underWay, last) = (_lastAppend, _lastSeq);
        await underWay.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        if (underWay.IsCompletedSuccessfully)
        {
            IsDurable(last);
        }

        return _durableSeq;
    }

    public Task Unwatch(ITopicObserver observer)
    {
        Demand(Permissions.MayReadTelemetry, Readers);
        _watchers?.RemoveAll(watcher => watcher.Observer.Equals(observer));
        return Task.CompletedTask;
    }

    public async Task<ImmutableArray<TelemetryMessage>> ReadAfter(long seq, int limit)
    {
        Demand(Permissions.MayReadTelemetry, Readers);
        CheckCount("limit", limit, TelemetryQuery.MaxLimit);
        return HasHistory() ? await history.ReadAfter(KeyText, seq, limit) : [];
    }

    /// <summary>Appends become durable in order, so everything before it is durable too.</summary>
    private void IsDurable(long seq) => _durableSeq = Math.Max(_durableSeq, seq);

    private void Tell(Distribution appended)
    {
        if (!IsWatched || appended.FirstSeq is not { } first)
        {
            return;
        }

        var readings = new AppendedReadings(
            Key.Tenant, Key.Name, first, appended.Messages.RemoveAll(message => message.IsStored));
        var now = clock.GetUtcNow();
        _watchers!.RemoveAll(watcher => watcher.Until <= now);
        if (!readings.Messages.IsEmpty)
        {
            foreach (var watcher in _watchers.ToArray())
            {
                _ = Tell(watcher, readings);
            }
        }
    }

    /// <summary>Waits for nobody: calls of one caller to one observer arrive in the order in which they were made.</summary>
    private async Task Tell(Watcher watcher, AppendedReadings readings)
    {
        if (watcher.Untaken > MaxUntaken)
        {
            return;
        }

        var bytes = readings.Messages.Sum(message => (long)message.Payload.Length) + 1;
        var renewals = watcher.Renewals;
        watcher.Untaken += bytes;
        try
        {
            await watcher.Observer.Appended(readings);
        }
        catch (Exception e)
        {
            if (watcher.Renewals == renewals)
            {
                _watchers?.Remove(watcher); // it comes back if it lives, and it may have before we hear of the failure
            }

            LogWatcherLost(logger, Key.ToString(), e);
        }
        finally
        {
            watcher.Untaken -= bytes;
        }
    }

    private sealed class Watcher(ITopicObserver observer)
    {
        public ITopicObserver Observer { get; } = observer;

        public DateTimeOffset Until { get; set; }

        /// <summary>How often it has said that it watches.</summary>
        public int Renewals { get; set; }

        /// <summary>Bytes of what it was told and has not answered.</summary>
        public long Untaken { get; set; }
    }
}
