using Microsoft.Extensions.Logging;

namespace OrleansIoT.History.Postgres;

internal sealed partial class PostgresWriter
{
    private readonly ILogger _log = log;

    [LoggerMessage(LogLevel.Warning, "PostgreSQL is away: writes wait for it.")]
    private partial void LogAway(Exception cause);

    [LoggerMessage(LogLevel.Error,
        "The store cannot commit: {Writes} writes were refused, and so are all until this is over, which will be said.")]
    private partial void LogCommitFailed(Exception cause, int writes);

    [LoggerMessage(LogLevel.Warning, "The store commits again, after {FailedCommits} failed commits.")]
    private partial void LogStoresAgain(int failedCommits);

    [LoggerMessage(LogLevel.Warning,
        "{Connections} other processes held rows that are written here, and have said nothing for seconds: their transactions were ended.")]
    private partial void LogEndedWhoHangs(int connections);

    [LoggerMessage(LogLevel.Warning, "The connection was lost during a commit; its transaction is {Outcome}.")]
    private partial void LogFoundOut(string outcome);
}
