using Microsoft.Extensions.Logging;

namespace OrleansIoT.Grains.Topics;

public sealed partial class TopicGrain
{
    [LoggerMessage(LogLevel.Error, "An edge did not take messages of topic {Topic}; said once until it takes some again")]
    private static partial void LogEdgeFailed(ILogger logger, string topic, Exception exception);

    [LoggerMessage(LogLevel.Error, "An edge has not taken {Bytes} bytes of messages and is sent no more until it takes some")]
    private static partial void LogEdgeStuck(ILogger logger, long bytes);

    [LoggerMessage(LogLevel.Debug, "Who watched topic {Topic} does not answer; it watches again if it lives")]
    private static partial void LogWatcherLost(ILogger logger, string topic, Exception exception);
}
