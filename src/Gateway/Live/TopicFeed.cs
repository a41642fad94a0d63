using System.Collections.Immutable;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Gateway.Live;

/// <summary>
/// One topic that streams of this gateway follow: what it has said lately and the slowest of them has not taken, up to a
/// bound. The numbers of readings have no gaps, so whatever was not heard shows, and is read from the history. For any number
/// of threads.
/// </summary>
internal sealed class TopicFeed(string tenant, string topic, FeedBudget budget)
{
    /// <summary>The most readings that wait for the slowest stream.</summary>
    public const int MaxReadings = 4_096;

    /// <summary>The most bytes of theirs.</summary>
    public const long MaxBytes = 1024 * 1024;

    /// <summary>What a reading takes besides its payload, about.</summary>
    private const int Overhead = 200;

    private readonly Lock _gate = new();
    private readonly List<TelemetryMessage> _readings = [];
    private ImmutableArray<Follower> _followers = [];
    private long _bytes;

    /// <summary>What is behind this number, up to <see cref="_last"/>, is here. -1 until the topic has answered.</summary>
    private long _start = -1;
    private long _last = -1;

    /// <summary>The greatest number that the topic is known to have.</summary>
    private long _heardOf;

    public string Tenant => tenant;

    public string Topic => topic;

    /// <summary>Whether the topic has readings that are not here and were not left out.</summary>
    public bool IsBehind
    {
        get
        {
            lock (_gate)
            {
                return _last >= 0 && _last < _heardOf;
            }
        }
    }

    /// <summary>The number up to which it has heard everything.</summary>
    public long Last
    {
        get
        {
            lock (_gate)
            {
                return _last;
            }
        }
    }

    /// <summary>Somebody who follows now, for whom it may ask the topic; null for nobody.</summary>
    public Follower? Anybody => _followers is [var first, ..] ? first : null;

    public void Add(Follower follower)
    {
        lock (_gate)
        {
            _followers = _followers.Add(follower);
        }
    }

    /// <returns>Whether somebody is left.</returns>
    public bool Remove(Follower follower)
    {
        lock (_gate)
        {
            _followers = _followers.Remove(follower);
            Trim();
            return !_followers.IsEmpty;
        }
    }

    /// <summary>A follower begins.</summary>
    /// <param name="follower">That was added before the topic was asked.</param>
    /// <param name="lastSeq">What the topic has answered.</param>
    /// <param name="after">The number that it has already; null for the topic's last one.</param>
    public void Begin(Follower follower, long lastSeq, long? after)
    {
        lock (_gate)
        {
            Answered(lastSeq);
            follower.Cursor = Math.Min(after ?? lastSeq, lastSeq);
            follower.Held = Math.Max(follower.Cursor, _last);
        }
    }

    /// <summary>The topic has said the number of its last reading.</summary>
    public void Answered(long lastSeq)
    {
        lock (_gate)
        {
            if (_last < 0)
            {
                _start = _last = lastSeq;
            }

            _heardOf = Math.Max(_heardOf, lastSeq);
        }
    }

    /// <summary>The topic has grown.</summary>
    public void Append(long firstSeq, ImmutableArray<TelemetryMessage> messages)
    {
        lock (_gate)
        {
            _heardOf = Math.Max(_heardOf, firstSeq + messages.Length - 1);
            if (_last < 0 || firstSeq > _last + 1)
            {
                return; // something is missing in between, and whoever looks for that finds these too
            }

            for (var i = (int)(_last + 1 - firstSeq); i < messages.Length; i++)
            {
                Add(messages[i] with { Seq = firstSeq + i });
            }

            Trim();
        }

        Wake();
    }

    /// <summary>What was missing, as the history has it.</summary>
    /// <param name="readings">The next ones in order of number; none when there are none behind <see cref="Last"/>.</param>
    /// <param name="upTo">What was known to be there when they were asked for.</param>
    public void CatchUp(ImmutableArray<TelemetryMessage> readings, long upTo)
    {
        lock (_gate)
        {
            foreach (var reading in readings)
            {
                if (reading.Seq > _last)
                {
                    Add(reading);
                }
            }

            if (readings.IsEmpty)
            {
                _last = Math.Max(_last, upTo); // retention was faster
            }

            Trim();
        }

        Wake();
    }

    /// <summary>Of a long silence only the end is caught up with; what came before, streams are told they have missed.</summary>
    /// <returns>Behind which number to read, up to which one; null when nothing is missing.</returns>
    public (long After, long UpTo)? Missing()
    {
        lock (_gate)
        {
            if (_last < 0 || _last >= _heardOf)
            {
                return null;
            }

            if (_heardOf - _last > MaxReadings)
            {
                Clear();
                _start = _last = _heardOf - MaxReadings;
            }

            return (_last, _heardOf);
        }
    }

    /// <summary>Gives a follower what is next for it.</summary>
    /// <param name="follower">Who asks.</param>
    /// <param name="readings">Where to add them.</param>
    /// <param name="most">How many at most.</param>
    /// <param name="skipped">The first and the last number that are left out.</param>
    public Found Take(Follower follower, List<TelemetryMessage> readings, int most, out (long From, long To) skipped)
    {
        lock (_gate)
        {
            skipped = default;
            if (follower.Cursor < _start)
            {
                if (!follower.IsLive)
                {
                    return Found.History;
                }

                skipped = (follower.Cursor + 1, _start);
                follower.Held = follower.Cursor = _start;
                return Found.Skipped;
            }

            follower.IsLive = true;
            var first = FirstBehind(follower.Cursor);
            var count = Math.Min(most, _readings.Count - first);
            for (var i = first; i < first + count; i++)
            {
                readings.Add(_readings[i]);
            }

            follower.Cursor = count > 0 && first + count < _readings.Count ? readings[^1].Seq : Math.Max(follower.Cursor, _last);
            follower.Held = follower.Cursor;
            return count > 0 ? Found.Readings : Found.Nothing;
        }
    }

    /// <summary>A follower has read so far in the history; without readings there were none up to what is here.</summary>
    public void Replayed(Follower follower, long? seq)
    {
        lock (_gate)
        {
            follower.Cursor = seq ?? Math.Max(follower.Cursor, _start);
        }
    }

    /// <summary>Nobody follows any more.</summary>
    public void Close()
    {
        lock (_gate)
        {
            Clear();
        }
    }

    private void Add(TelemetryMessage reading)
    {
        _readings.Add(reading);
        _last = reading.Seq;
        Count(reading, 1);
    }

    private void Trim()
    {
        var needed = long.MaxValue;
        foreach (var follower in _followers)
        {
            needed = Math.Min(needed, follower.Held);
        }

        var count = 0;
        while (count < _readings.Count
            && (_readings[count].Seq <= needed || _readings.Count - count > MaxReadings || _bytes > MaxBytes || budget.IsSpent))
        {
            _start = _readings[count].Seq;
            Count(_readings[count], -1);
            count++;
        }

        _readings.RemoveRange(0, count);
        if (_readings.Count == 0 && _last >= 0)
        {
            _start = _last;
        }
    }

    private void Clear()
    {
        budget.Add(-_bytes);
        _bytes = 0;
        _readings.Clear();
    }

    private void Count(TelemetryMessage reading, int sign)
    {
        var bytes = sign * (reading.Payload.Length + Overhead);
        _bytes += bytes;
        budget.Add(bytes);
    }

    private int FirstBehind(long seq)
    {
        var (low, high) = (0, _readings.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _readings[middle].Seq <= seq ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private void Wake()
    {
        foreach (var follower in _followers)
        {
            follower.Stream.Wake();
        }
    }
}
