using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.DependencyInjection;

namespace OrleansIoT.Gateway.Identity;

internal static class IdentitySetup
{
    /// <summary>Tokens are made, checked and remembered here, and a route without a word about it demands one.</summary>
    public static void AddTokens(this IServiceCollection services)
    {
        services.AddSingleton<GatewayMetrics>();
        services.AddSingleton<TokenKeys>();
        services.AddSingleton<TokenEncryption>();
        services.AddSingleton<AccessTokens>();
        services.AddSingleton<ExternalIssuers>();
        services.AddSingleton<JwtAuthentication>();
        services.AddSingleton<Revocations>();
        services.AddHostedService(provider => provider.GetRequiredService<Revocations>());
        services.AddSingleton<RememberedTokens>();
        services.AddSingleton<TokenAdmission>();
        services.AddSingleton<TokenWatches>();
        services.AddTransient<BearerAuthentication>();
        services.AddAuthenticationCore(options =>
        {
            options.AddScheme<BearerAuthentication>(BearerAuthentication.Scheme, null);
            options.DefaultScheme = BearerAuthentication.Scheme;
        });
        services.AddAuthorizationBuilder()
            .SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
    }
}
