using Microsoft.Extensions.Logging;

namespace OrleansIoT.History.Sqlite;

public sealed partial class SqliteDatabase
{
    [LoggerMessage(LogLevel.Warning,
        "{Path} was not closed cleanly; its check found it sound and took {Duration}.")]
    private static partial void LogChecked(ILogger log, string path, TimeSpan duration);
}
