using Microsoft.Extensions.Logging;

namespace OrleansIoT.Gateway.Identity;

internal sealed partial class IssuerKeys
{
    [LoggerMessage(LogLevel.Warning, "The keys of the issuer '{Issuer}' cannot be had; the last {Keys} are used, and of others its tokens are refused")]
    private partial void LogUnreachable(string issuer, int keys, Exception exception);
}
