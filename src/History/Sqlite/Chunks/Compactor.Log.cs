using Microsoft.Extensions.Logging;

namespace OrleansIoT.History.Sqlite.Chunks;

internal sealed partial class Compactor
{
    [LoggerMessage(LogLevel.Error, "The log could not be made shorter; it grows until that succeeds, which is tried every second")]
    private static partial void LogFailed(ILogger logger, Exception exception);

    [LoggerMessage(LogLevel.Error, "{Damage} New readings are stored beside them")]
    private static partial void LogDamaged(ILogger logger, string damage);
}
