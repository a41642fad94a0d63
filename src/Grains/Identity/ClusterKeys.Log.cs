using Microsoft.Extensions.Logging;

namespace OrleansIoT.Grains.Identity;

public sealed partial class ClusterKeys
{
    [LoggerMessage(LogLevel.Information, "The cluster's keys were read: {Ids}")]
    private static partial void LogRead(ILogger logger, string ids);

    [LoggerMessage(LogLevel.Error, "The cluster's keys stay those from before: {Why}")]
    private static partial void LogKept(ILogger logger, string why);
}
