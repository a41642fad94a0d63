namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>So many a second, and so many at once after a time of rest.</summary>
internal sealed class TokenBucket(TimeProvider time, int rate, int burst)
{
    private readonly Lock _gate = new();
    private double _tokens = burst;
    private long _since = time.GetTimestamp();
    private long? _emptySince;

    public bool IsEmpty => Tokens() < 1;

    /// <summary>When it was empty first since it was full; now if it has not been.</summary>
    public long EmptySince
    {
        get
        {
            lock (_gate)
            {
                return _emptySince ?? time.GetTimestamp();
            }
        }
    }

    public bool IsFull => Tokens() >= burst;

    public bool Take()
    {
        lock (_gate)
        {
            if (Tokens() < 1)
            {
                return false;
            }

            _tokens--;
            return true;
        }
    }

    private double Tokens()
    {
        lock (_gate)
        {
            var now = time.GetTimestamp();
            _tokens = Math.Min(burst, _tokens + (time.GetElapsedTime(_since, now).TotalSeconds * rate));
            _since = now;
            _emptySince = _tokens >= burst ? null : _tokens < 1 ? _emptySince ?? now : _emptySince;
            return _tokens;
        }
    }
}
