using Microsoft.Extensions.Logging;
using OrleansIoT.Failures;

namespace OrleansIoT.Grains.Sessions;

public abstract partial class ClientGrain
{
    [LoggerMessage(LogLevel.Warning, "Session {Session}: its edge did not end the connection, which counts as ended")]
    private static partial void LogEndFailed(ILogger logger, string session, Exception exception);

    [LoggerMessage(LogLevel.Error, "Session {Session}: the end of a connection could not be stored or told")]
    private static partial void LogWriteFailed(ILogger logger, string session, Exception exception);

    [LoggerMessage(LogLevel.Information, "Session {Session}: its will is not published, the client is not known any more")]
    private static partial void LogWillForbidden(ILogger logger, string session);

    [LoggerMessage(LogLevel.Warning, "Session {Session}: its will is not published: {Failure}")]
    private static partial void LogWillRefused(ILogger logger, string session, Failure failure);

    [LoggerMessage(LogLevel.Error, "Session {Session}: its will could not be published")]
    private static partial void LogWillFailed(ILogger logger, string session, Exception exception);
}
