using Microsoft.Extensions.Logging;

namespace OrleansIoT.Gateway.Telemetry;

internal sealed partial class TelemetryExport
{
    [LoggerMessage(LogLevel.Error, "An export broke off; its client was cut off, so that it knows")]
    private partial void LogBrokenOff(Exception exception);
}
