namespace OrleansIoT.Certificates;

/// <summary>At most one line a second about what anybody on the network can cause; the next one says how many were left out.</summary>
public sealed class LogLimit(TimeProvider time)
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private long? _last;
    private int _leftOut;

    /// <param name="leftOut">How many were not logged since the line before.</param>
    public bool MayLog(out int leftOut)
    {
        lock (_gate)
        {
            if (_last is { } last && time.GetElapsedTime(last) < Period)
            {
                _leftOut++;
                leftOut = 0;
                return false;
            }

            (_last, leftOut, _leftOut) = (time.GetTimestamp(), _leftOut, 0);
            return true;
        }
    }
}
