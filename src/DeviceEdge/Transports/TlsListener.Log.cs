using System.Net;
using Microsoft.Extensions.Logging;

namespace OrleansIoT.DeviceEdge.Transports;

internal sealed partial class TlsListener
{
    private static void LogRefused(ILogger log, EndPoint? remote, string why, int leftOut)
    {
        if (leftOut == 0)
        {
            LogRefused(log, remote, why);
        }
        else
        {
            LogRefusedAfterOthers(log, remote, why, leftOut);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The TLS connection of {Remote} was refused: {Why}")]
    private static partial void LogRefused(ILogger log, EndPoint? remote, string why);

    [LoggerMessage(LogLevel.Warning, "The TLS connection of {Remote} was refused: {Why} ({LeftOut} like it not logged)")]
    private static partial void LogRefusedAfterOthers(ILogger log, EndPoint? remote, string why, int leftOut);
}
