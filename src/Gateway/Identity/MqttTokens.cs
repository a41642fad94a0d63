using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Identity;

/// <summary>Tokens for whoever takes one as an MQTT password: an access token, or a device's.</summary>
public static class MqttTokens
{
    /// <summary>
    /// A connection lasts no longer than its token, give or take five seconds, of which its edge takes one to notice.
    /// </summary>
    private static readonly TimeSpan LongestSkew = TimeSpan.FromSeconds(3);

    /// <summary>Whether tokens can be checked in this process.</summary>
    public static bool ChecksTokens(this IServiceCollection services) => services.Any(service => service.ServiceType == typeof(TokenAdmission));

    /// <returns>What the token is good for, or null if it is none of ours or not good now.</returns>
    public static async Task<MqttToken?> CheckMqttToken(this IServiceProvider services, string token)
    {
        if (await services.GetRequiredService<TokenAdmission>().Check(token) is not { } admitted)
        {
            return null;
        }

        var skew = services.GetRequiredService<IOptions<GatewayOptions>>().Value.ClockSkew;
        var proved = admitted.Proved;
        var caller = proved.Caller with { ExpiresAt = proved.EndsAt + (skew < LongestSkew ? skew : LongestSkew) };
        return new MqttToken(caller, proved.DeviceCredential, services.GetRequiredService<TokenWatches>().Watch(admitted, token));
    }

    /// <summary>Whether a data directory has the keys of tokens, as that of a gateway has, or of who was given a gateway's.</summary>
    public static bool AreKeysIn(string dataDirectory) =>
        File.Exists(KeyFile.Current(KeyFile.FolderOf(dataDirectory), KeyFile.Signing).Path);

    /// <summary>For gateways of a cluster to compare.</summary>
    /// <returns>The keys that verify tokens here, by their ids; none where no tokens are looked at.</returns>
    public static IReadOnlyList<string> KeysOfTokens(this IServiceProvider services) =>
        services.GetService<TokenKeys>() is { } keys ? [.. keys.Published().Select(key => key.KeyId)] : [];
}

/// <param name="Caller">Whom the token names, until it ends.</param>
/// <param name="CredentialId">For a device, which of its credentials the token stands for.</param>
/// <param name="IsRevoked">Asked once a second: whether what it stands for has ended before it does.</param>
public sealed record MqttToken(Caller Caller, string? CredentialId, Func<bool> IsRevoked);
