using Microsoft.Extensions.Logging;

namespace OrleansIoT.History.Sqlite.Chunks;

internal sealed partial class Compactor
{
    [LoggerMessage(LogLevel.Error, "The log could not be made shorter; it grows until that succeeds, which is tried every second")]
    private static partial void LogFailed(ILogger logger, Exception exception);

    [LoggerMessage(LogLevel.Error, "What need not be kept any more could not all be dropped; that is tried again in time")]
    private static partial void LogNotDropped(ILogger logger, Exception exception);

    [LoggerMessage(LogLevel.Error, "{Damage} New readings are stored beside them")]
    private static partial void LogDamaged(ILogger logger, string damage);
}
