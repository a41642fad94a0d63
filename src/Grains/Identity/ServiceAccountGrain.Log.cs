using Microsoft.Extensions.Logging;

namespace OrleansIoT.Grains.Identity;

public sealed partial class ServiceAccountGrain
{
    [LoggerMessage(LogLevel.Information, "Service account {Account} was created by {Caller}")]
    private static partial void LogCreated(ILogger logger, string account, string caller);

    [LoggerMessage(LogLevel.Information, "Service account {Account} was changed by {Caller}")]
    private static partial void LogChanged(ILogger logger, string account, string caller);

    [LoggerMessage(LogLevel.Information, "Service account {Account} was removed by {Caller}")]
    private static partial void LogRemoved(ILogger logger, string account, string caller);

    [LoggerMessage(LogLevel.Information, "Service account {Account} has a new secret from {Caller}; the old one does not work any more")]
    private static partial void LogSecretRenewed(ILogger logger, string account, string caller);
}
