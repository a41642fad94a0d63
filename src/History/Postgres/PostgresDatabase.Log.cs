using Microsoft.Extensions.Logging;

namespace OrleansIoT.History.Postgres;

public sealed partial class PostgresDatabase
{
    private readonly ILogger _log;

    [LoggerMessage(LogLevel.Error, "A read of the store failed.")]
    private partial void LogReadFailed(Exception cause);

    [LoggerMessage(LogLevel.Warning, "The partitions of the days ahead could not be made; it is tried again in an hour.")]
    private partial void LogNoPartitions(Exception cause);

    [LoggerMessage(LogLevel.Warning, "What the rules of retention do not keep could not all be dropped; it is tried again in the next interval.")]
    private partial void LogNotDropped(Exception cause);
}
