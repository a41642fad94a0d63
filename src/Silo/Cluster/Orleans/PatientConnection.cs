namespace OrleansIoT.Silo.Cluster.Orleans;

/// <summary>A gateway or an edge may start before the silos: it waits for them, as long as nobody ends it.</summary>
internal sealed partial class PatientConnection(ILogger<PatientConnection> logger) : IClientConnectionRetryFilter
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private bool _hasSaidSo;

    public async Task<bool> ShouldRetryConnectionAttempt(Exception exception, CancellationToken cancellationToken)
    {
        if (!_hasSaidSo)
        {
            _hasSaidSo = true;
            LogWaiting(logger, exception.Message);
        }

        await Task.Delay(Pause, cancellationToken);
        return true;
    }

    [LoggerMessage(LogLevel.Warning, "No silo answers yet: {Why}")]
    private static partial void LogWaiting(ILogger logger, string why);
}
