namespace OrleansIoT.Gateway.Throttling;

/// <summary>So many requests a second for long, and so many at once after a time of rest. Not for two threads at once.</summary>
internal sealed class Bucket(int rate, int burst, long now)
{
    private double _tokens = burst;
    private long _since = now;

    /// <summary>Takes a request's place.</summary>
    /// <param name="time">Says how long a tick is.</param>
    /// <param name="now">A time stamp of it.</param>
    public bool Take(TimeProvider time, long now)
    {
        Fill(time, now);
        if (_tokens < 1)
        {
            return false;
        }

        _tokens--;
        return true;
    }

    public bool IsFull(TimeProvider time, long now)
    {
        Fill(time, now);
        return _tokens >= burst;
    }

    public int Left => (int)_tokens;

    /// <summary>Until there is place for another one, at least a second; and until it is full.</summary>
    public (int Next, int Full) Seconds => (
        Math.Max(1, (int)Math.Ceiling((1 - _tokens) / rate)), (int)Math.Ceiling((burst - _tokens) / rate));

    private void Fill(TimeProvider time, long now)
    {
        _tokens = Math.Min(burst, _tokens + (time.GetElapsedTime(_since, now).TotalSeconds * rate));
        _since = now;
    }
}
