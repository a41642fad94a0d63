using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansIoT.History;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Grains.Telemetry;

/// <summary>
/// Keeps an eye on the promise: every ten seconds it reads back, the way queries do, a sample of what was acknowledged since,
/// and says so loudly if one is not there as it was sent.
/// </summary>
internal sealed partial class AcknowledgedCheck(
    AcknowledgedReadings acknowledged, ITelemetryHistory history, GrainsMetrics metrics, TimeProvider clock, ILogger<AcknowledgedCheck> logger)
    : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    public async Task Check(CancellationToken cancellation = default)
    {
        foreach (var (topic, reading) in acknowledged.Take())
        {
            try
            {
                var found = await history.ReadAfter(topic, reading.Seq - 1, 1, cancellation);
                var isThere = found is [var stored] && stored.Seq == reading.Seq
                    && stored.At == reading.At && stored.Payload.Span.SequenceEqual(reading.Payload.Span);
                var isMissing = !isThere && !await IsDropped(topic, reading, cancellation);
                metrics.AcknowledgedChecked(isMissing);
                if (isMissing)
                {
                    LogMissing(logger, reading.Seq, topic);
                }
            }
            catch (Exception e) when (!cancellation.IsCancellationRequested)
            {
                LogUnchecked(logger, topic, e);
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await Check(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    /// <summary>Retention may take what comes late at once.</summary>
    private async Task<bool> IsDropped(string topic, TelemetryMessage reading, CancellationToken cancellation)
    {
        var page = await history.Read(topic, new TelemetryQuery(DateTimeOffset.MinValue, DateTimeOffset.MaxValue, 1), cancellation);
        return page.Dropped is { } dropped && reading.At < dropped.Before;
    }

    [LoggerMessage(LogLevel.Critical, "Reading {Seq} of topic {Topic} was acknowledged and is not in the store as it was sent")]
    private static partial void LogMissing(ILogger logger, long seq, string topic);

    [LoggerMessage(LogLevel.Debug, "An acknowledged reading of topic {Topic} could not be read back")]
    private static partial void LogUnchecked(ILogger logger, string topic, Exception exception);
}
