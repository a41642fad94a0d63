using Microsoft.Extensions.Logging;

namespace OrleansIoT.Gateway.Failures;

internal sealed partial class FailureHandler
{
    [LoggerMessage(LogLevel.Error, "A request failed; this is a bug or an outage")]
    private partial void LogBug(Exception exception);

    [LoggerMessage(LogLevel.Warning, "A grain did not answer in time")]
    private partial void LogTimeout(Exception exception);
}
