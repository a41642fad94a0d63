using Microsoft.Extensions.Logging;

namespace OrleansIoT.History.Sqlite;

public sealed partial class SqliteDatabase
{
    [LoggerMessage(LogLevel.Warning,
        "{Path} was not closed cleanly; its check found it sound and took {Duration}.")]
    private static partial void LogChecked(ILogger log, string path, TimeSpan duration);

    [LoggerMessage(LogLevel.Warning,
        "{Path} is not as it was written from frame {Frame} on, and {Commits} frames behind it end a commit: these commits cannot be recovered. After a power cut they may never have been acknowledged; if they were, they are lost: restore a backup, or let devices send again.")]
    private static partial void LogGap(ILogger log, string path, long frame, long commits);

    [LoggerMessage(LogLevel.Information, "The log had {Readings} readings in {Bytes} bytes; they were read in {Duration}")]
    private static partial void LogRecovered(ILogger log, long readings, long bytes, TimeSpan duration);

    [LoggerMessage(LogLevel.Error,
        "Damaged in the log: topic {Topic}, numbers {FirstSeq} to {LastSeq}, event times {FirstAt:O} to {LastAt:O}. They are refused; everything else can be read")]
    private static partial void LogDamagedReadings(
        ILogger log, string topic, long firstSeq, long lastSeq, DateTime firstAt, DateTime lastAt);

    [LoggerMessage(LogLevel.Error, "Damaged in the log: commit {Row}, of which not even the directory can be read. Everything else can be read")]
    private static partial void LogDamagedRow(ILogger log, long row);

    [LoggerMessage(LogLevel.Warning,
        "This data was restored at {RestoredAt:u} from a backup of {MadeAt:u}: what was acknowledged later is missing. The numbers of each topic go on {NumbersLeftOut} higher")]
    private static partial void LogRestored(ILogger log, DateTimeOffset restoredAt, DateTimeOffset madeAt, long numbersLeftOut);

    [LoggerMessage(LogLevel.Information, "The readings of {Path}, a row each until now, have been moved into chunks")]
    private static partial void LogMigrated(ILogger log, string path);

    [LoggerMessage(LogLevel.Error, "The chunks of the history could not be checked")]
    private static partial void LogCheckFailed(ILogger log, Exception exception);

    [LoggerMessage(LogLevel.Error, "{Path} was not closed cleanly, and is damaged in {Table}: {Damage}. What can be read is served; restore a backup to have the rest again")]
    private static partial void LogDamagedTable(ILogger log, string path, string table, string damage);
}
