using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansIoT.Gateway.Transports;

namespace OrleansIoT.Gateway.Identity;

/// <summary>Tokens are made, checked and remembered here.</summary>
public static class IdentitySetup
{
    /// <summary>
    /// For an entrance that takes tokens and is no gateway: the edge alone. It makes none. Options are out of the configuration's
    /// section <c>Gateway</c>, which is then that of the gateways, and <paramref name="configure"/>.
    /// </summary>
    public static void AddTokenChecks(this IServiceCollection services, Action<GatewayOptions> configure)
    {
        services.AddGatewayOptions(options =>
        {
            configure(options);
            options.TokenEncryption = options.TokenEncryption == TokenEncryptionMode.Issue ? TokenEncryptionMode.Accept : options.TokenEncryption;
        });
        services.TryAddSingleton(TimeProvider.System);
        services.AddMetrics();
        services.AddTokenChecks();
    }

    /// <summary>Fails if the keys of tokens cannot be read. Whose word counts about who asks is as at a gateway.</summary>
    public static void UseTokenChecks(this WebApplication app)
    {
        app.Services.GetRequiredService<TokenKeys>();
        app.UseTrustedProxies();
    }

    internal static void AddTokenChecks(this IServiceCollection services)
    {
        services.AddSingleton<GatewayMetrics>();
        services.AddSingleton<TokenKeys>();
        services.AddSingleton<TokenEncryption>();
        services.AddSingleton<ExternalIssuers>();
        services.AddSingleton<JwtAuthentication>();
        services.AddSingleton<Revocations>();
        services.AddHostedService(provider => provider.GetRequiredService<Revocations>());
        services.AddSingleton<RememberedTokens>();
        services.AddSingleton<Admissions>();
        services.AddSingleton<TokenAdmission>();
        services.AddSingleton<TokenWatches>();
    }

    /// <summary>A route without a word about it demands a token.</summary>
    internal static void AddBearerAuthentication(this IServiceCollection services)
    {
        services.AddSingleton<AccessTokens>();
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
