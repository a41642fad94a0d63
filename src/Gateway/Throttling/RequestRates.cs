namespace OrleansIoT.Gateway.Throttling;

/// <summary>
/// How often each may do something: a token bucket each, kept as the moment when it will be full again (the generic cell rate
/// algorithm, ITU-T I.371), so one number each and none of who has not come for a while. Not more than so many are told
/// apart: those beyond share a bucket, so a flood of addresses costs no memory without end.
/// </summary>
/// <param name="time">Says how much time has passed.</param>
/// <param name="rate">Tokens a second, more than 0.</param>
/// <param name="burst">Tokens of a full bucket, at least 1.</param>
/// <param name="most">How many are told apart.</param>
internal sealed class RequestRates(TimeProvider time, int rate, int burst, int most = 100_000)
{
    private const string TheOthers = "";

    private readonly Lock _gate = new();
    private readonly Dictionary<string, long> _fullAt = [];
    private readonly long _second = time.TimestampFrequency;
    private long _sweptAt = long.MinValue;

    /// <summary>How many there are that have not a full bucket, at most.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _fullAt.Count;
            }
        }
    }

    /// <summary>Takes a token, if there is one.</summary>
    public Allowance Take(string who)
    {
        var now = time.GetTimestamp();
        lock (_gate)
        {
            if (!_fullAt.TryGetValue(who, out var fullAt))
            {
                if (_fullAt.Count >= most && !Sweep(now))
                {
                    who = TheOthers;
                    _fullAt.TryGetValue(who, out fullAt);
                }
            }

            // In tokens and not in time, because a token need not be a whole number of ticks.
            var missing = Math.Max(0, fullAt - now) * (double)rate / _second;
            var isTaken = missing + 1 <= burst + 1e-6;
            if (isTaken)
            {
                missing++;
                _fullAt[who] = now + (long)Math.Round(missing * _second / rate);
            }

            return new Allowance(
                isTaken,
                (int)Math.Max(0, burst - missing),
                isTaken ? 0 : Math.Max(1, (int)Math.Ceiling((missing + 1 - burst) / rate)),
                (int)Math.Ceiling(missing / rate));
        }
    }

    /// <summary>Forgets those whose bucket is full, at most once a second; says whether there is room.</summary>
    private bool Sweep(long now)
    {
        if (_sweptAt == long.MinValue || now - _sweptAt >= _second)
        {
            _sweptAt = now;
            foreach (var (who, fullAt) in _fullAt)
            {
                if (fullAt <= now)
                {
                    _fullAt.Remove(who);
                }
            }
        }

        return _fullAt.Count < most;
    }
}

/// <param name="IsAdmitted">Whether there was a token.</param>
/// <param name="Left">How many there are now.</param>
/// <param name="SecondsToNext">How long until there is one for who got none; else 0.</param>
/// <param name="SecondsToFull">How long until the bucket is full.</param>
internal readonly record struct Allowance(bool IsAdmitted, int Left, int SecondsToNext, int SecondsToFull);
