using Microsoft.Extensions.Logging;

namespace OrleansIoT.Gateway.Identity;

internal sealed partial class JwtAuthentication
{
    [LoggerMessage(LogLevel.Warning, "An access token was refused: {Reason}")]
    private partial void LogRefusal(string reason);
}
