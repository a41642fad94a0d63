using Microsoft.Extensions.Logging;

namespace OrleansIoT.History.Sqlite;

internal sealed partial class Readers
{
    private readonly ILogger _log = log;

    [LoggerMessage(LogLevel.Error, "A read of the store failed.")]
    private partial void LogReadFailed(Exception cause);
}
