using System.Net;
using Microsoft.Extensions.Logging;

namespace OrleansIoT.DeviceEdge.Transports;

internal sealed partial class TlsListener
{
    [LoggerMessage(LogLevel.Warning, "The TLS connection of {Remote} was refused: {Why} ({LeftOut} like it not logged)")]
    private static partial void LogRefused(ILogger log, EndPoint? remote, string why, int leftOut);
}
