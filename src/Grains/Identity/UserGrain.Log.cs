using Microsoft.Extensions.Logging;

namespace OrleansIoT.Grains.Identity;

public sealed partial class UserGrain
{
    [LoggerMessage(LogLevel.Debug, "User {User} was registered by {Caller}")]
    private static partial void LogRegistered(ILogger logger, string user, string caller);

    [LoggerMessage(LogLevel.Information, "User {User} was changed by {Caller}")]
    private static partial void LogChanged(ILogger logger, string user, string caller);

    [LoggerMessage(LogLevel.Information, "User {User} was removed by {Caller}")]
    private static partial void LogRemoved(ILogger logger, string user, string caller);

    [LoggerMessage(LogLevel.Information, "User {User} has a new password from {Caller}; its other sessions and its tokens have ended")]
    private static partial void LogPasswordChanged(ILogger logger, string user, string caller);

    [LoggerMessage(LogLevel.Information, "User {User} has made the token {Token}")]
    private static partial void LogTokenIssued(ILogger logger, string user, string token);

    [LoggerMessage(LogLevel.Information, "Token {Token} of user {User} was deleted")]
    private static partial void LogTokenRemoved(ILogger logger, string user, string token);

    [LoggerMessage(LogLevel.Warning, "A refresh token of user {User} was used that is not the current one of its session {Session}, which has ended")]
    private static partial void LogReused(ILogger logger, string user, string session);
}
