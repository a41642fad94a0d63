using Microsoft.Extensions.DependencyInjection;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Identity;

/// <summary>Tokens for whoever takes one as an MQTT password: an access token, or a device's.</summary>
public static class MqttTokens
{
    /// <returns>
    /// Whom the token names and, for a device, which of its credentials it stands for; null if it is none of ours or not
    /// good now.
    /// </returns>
    public static Task<(Caller Caller, string? CredentialId)?> CheckMqttToken(this IServiceProvider services, string token) =>
        services.GetRequiredService<JwtAuthentication>().CheckMqttToken(token);
}
