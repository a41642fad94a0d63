using Microsoft.Extensions.Logging;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>
/// Whoever reaches the port can cause a line of log with each connection. Beyond so many, one line a second says how many
/// there would have been.
/// </summary>
internal sealed partial class LogBudget : IDisposable
{
    private const int LinesPerSecond = 10;
    private const int LinesAtOnce = 100;

    private readonly TokenBucket _lines;
    private readonly ILogger _log;
    private readonly ITimer _summary;
    private int _leftOut;

    public LogBudget(TimeProvider time, ILogger log)
    {
        _lines = new TokenBucket(time, LinesPerSecond, LinesAtOnce);
        _log = log;
        _summary = time.CreateTimer(_ => SumUp(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
    }

    public bool Allows()
    {
        if (_lines.Take())
        {
            return true;
        }

        Interlocked.Increment(ref _leftOut);
        return false;
    }

    public void Dispose() => _summary.Dispose();

    private void SumUp()
    {
        if (Interlocked.Exchange(ref _leftOut, 0) is > 0 and var leftOut)
        {
            LeftOut(_log, leftOut);
        }
    }

    [LoggerMessage(LogLevel.Warning, "{LeftOut} more lines about what clients did wrong were left out")]
    private static partial void LeftOut(ILogger log, int leftOut);
}
