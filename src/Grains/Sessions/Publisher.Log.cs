using Microsoft.Extensions.Logging;

namespace OrleansIoT.Grains.Sessions;

internal sealed partial class Publisher
{
    [LoggerMessage(LogLevel.Error, "{Publisher}: messages of topic {Topic} could not be stored and are not acknowledged")]
    private static partial void LogAppendFailed(ILogger logger, string publisher, string topic, Exception exception);

    [LoggerMessage(LogLevel.Warning, "{Publisher}: messages of topic {Topic} are given to another activation of it: {Why}")]
    private static partial void LogAppendRepeated(ILogger logger, string publisher, string topic, string why);
}
