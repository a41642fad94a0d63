using Microsoft.Extensions.Logging;

namespace OrleansIoT.Grains.Identity;

public sealed partial class CallerFilter
{
    [LoggerMessage(LogLevel.Warning, "A call of {Interface} was refused: its caller's envelope is {Fault} ({LeftOut} more since the last line)")]
    private static partial void LogRefused(ILogger logger, string @interface, string fault, int leftOut);
}
