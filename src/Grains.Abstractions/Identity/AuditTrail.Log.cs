using Microsoft.Extensions.Logging;

namespace OrleansIoT.Identity;

public sealed partial class AuditTrail
{
    [LoggerMessage(LogLevel.Error, "The audit cannot be written; what is done from now on is not noted. Said once, until it can be again")]
    private partial void LogNotNoted(Exception exception);

    [LoggerMessage(LogLevel.Warning, "The audit is written again; the metric iot.audit.lost says how many entries are missing")]
    private partial void LogNotesAgain();
}
