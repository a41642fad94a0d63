using Microsoft.Extensions.Logging;

namespace OrleansIoT.History.Sqlite;

internal sealed partial class SqliteWriter
{
    private readonly ILogger _log = log;

    [LoggerMessage(LogLevel.Error,
        "The store cannot commit: {Writes} writes were refused, and so are all until this is over, which will be said.")]
    private partial void LogCommitFailed(Exception cause, int writes);

    [LoggerMessage(LogLevel.Warning, "The store commits again, after {FailedCommits} failed commits.")]
    private partial void LogStoresAgain(int failedCommits);

    [LoggerMessage(LogLevel.Error, "The write-ahead log could not be moved into the database; it grows until it can be.")]
    private partial void LogCheckpointFailed(Exception cause);
}
