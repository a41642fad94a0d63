using Microsoft.Extensions.Logging;

namespace OrleansIoT.Grains.Topics;

public sealed partial class RouteTableGrain
{
    [LoggerMessage(LogLevel.Information, "The route table, epoch {Epoch}, is on {Silo}")]
    private static partial void LogHere(ILogger logger, long epoch, string silo);

    [LoggerMessage(LogLevel.Warning, "The route table on {Silo} gives way to one that has come after it")]
    private static partial void LogOver(ILogger logger, string silo);

    [LoggerMessage(LogLevel.Warning, "Whether there is another route table cannot be read")]
    private static partial void LogUnsure(ILogger logger, Exception exception);

    [LoggerMessage(LogLevel.Warning, "Edge {Edge} is not heard any more: its connections are lost")]
    private static partial void LogEdgeLost(ILogger logger, string edge);

    [LoggerMessage(LogLevel.Warning, "Silo {Silo} is no more: what it routed to its connections has ended")]
    private static partial void LogSiloLost(ILogger logger, string silo);

    [LoggerMessage(LogLevel.Error, "Sessions of edge {Edge} could not be told that it has died; tried again")]
    private static partial void LogTellFailed(ILogger logger, string edge, Exception exception);
}
