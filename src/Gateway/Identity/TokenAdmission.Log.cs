using Microsoft.Extensions.Logging;

namespace OrleansIoT.Gateway.Identity;

internal sealed partial class TokenAdmission
{
    [LoggerMessage(LogLevel.Warning, "An access token was refused: what '{Tenant}/{Subject}' signed in with is over")]
    private partial void LogOver(string tenant, string subject);
}
