using Microsoft.Extensions.Logging;

namespace OrleansIoT.Gateway.Identity;

internal sealed partial class TokenKeys
{
    [LoggerMessage(LogLevel.Information, "The keys of tokens have changed; new tokens are signed with '{KeyId}'")]
    private partial void LogRead(string keyId);

    [LoggerMessage(LogLevel.Error, "The keys of tokens have changed and cannot be read, so those before go on: {Why}")]
    private partial void LogUnreadable(string why);
}
