using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using OrleansIoT.Failures;
using OrleansIoT.Gateway.Failures;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Identity;

/// <summary>
/// The one place where a token is looked at, once a request or MQTT connection; behind it there is only the <see cref="Caller"/>.
/// Every reason for a refusal has the same answer, and only the log knows which it was.
/// </summary>
internal sealed partial class JwtAuthentication(
    SigningKey key, IOptions<GatewayOptions> gateway, TimeProvider clock, ILogger<JwtAuthentication> logger)
    : IConfigureNamedOptions<JwtBearerOptions>
{
    private const string Scheme = "Bearer ";

    private static readonly StrictTokenHandler Handler = new() { MapInboundClaims = false, MaximumTokenSizeInBytes = TokenForm.MaxLength };

    public void Configure(string? name, JwtBearerOptions options)
    {
        if (name == JwtBearerDefaults.AuthenticationScheme)
        {
            Configure(options);
        }
    }

    public void Configure(JwtBearerOptions options)
    {
        options.MapInboundClaims = false;
        options.SaveToken = false;
        options.TokenHandlers.Clear();
        options.TokenHandlers.Add(Handler);
        options.TokenValidationParameters = Rules(AccessTokens.Type);
        options.Events = new JwtBearerEvents { OnMessageReceived = TakeToken, OnChallenge = Refuse };
    }

    /// <summary>The same for a token that came as an MQTT password, where a device's is one too; see <see cref="MqttTokens"/>.</summary>
    public async Task<(Caller Caller, string? CredentialId)?> CheckMqttToken(string token)
    {
        var result = await Handler.ValidateTokenAsync(token, Rules(AccessTokens.Type, AccessTokens.DeviceType));
        if (!result.IsValid)
        {
            LogRefusal(Reason(result.Exception));
            return null;
        }

        // A connection lasts no longer than its token, give or take five seconds, of which its edge takes one to notice.
        var skew = TimeSpan.FromTicks(Math.Min(gateway.Value.ClockSkew.Ticks, TimeSpan.FromSeconds(3).Ticks));
        var holder = new ClaimsPrincipal(result.ClaimsIdentity);
        return result.TokenType == AccessTokens.DeviceType
            ? (CallerMiddleware.CallerOf(holder, skew, isDevice: true), CallerMiddleware.Claim(holder, AccessTokens.CredentialClaim))
            : (CallerMiddleware.CallerOf(holder, skew), null);
    }

    private TokenValidationParameters Rules(params string[] types) => new()
    {
        IssuerSigningKey = key.Key,
        TryAllIssuerSigningKeys = false,
        RequireSignedTokens = true,
        ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
        ValidTypes = types,
        ValidIssuer = gateway.Value.Issuer,
        ValidAudience = gateway.Value.Audience,
        RequireAudience = true,
        RequireExpirationTime = true,
        LifetimeValidator = IsAlive,
        NameClaimType = JwtRegisteredClaimNames.Sub,
        RoleClaimType = AccessTokens.RolesClaim,
    };

    /// <summary>A type's name or a sentence of ours: the messages of others may quote the token.</summary>
    private static string Reason(Exception refusal) =>
        refusal is TokenFormException ? refusal.Message : refusal.GetType().Name;

    /// <summary>By our clock, and <c>iat</c> as well: a token from the future is none (<see cref="TokenForm"/> has seen that all three are there).</summary>
    private bool IsAlive(DateTime? notBefore, DateTime? expires, SecurityToken token, TokenValidationParameters parameters)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        var skew = gateway.Value.ClockSkew;
        return now < expires + skew && notBefore <= now + skew && ((JsonWebToken)token).IssuedAt <= now + skew;
    }

    /// <summary>The header alone carries a token, and once (RFC 6750 section 2); one in the query string is never read.</summary>
    private static Task TakeToken(MessageReceivedContext context)
    {
        var headers = context.Request.Headers.Authorization;
        if (headers.Count > 1 || (headers.Count == 1 && context.Request.Query.ContainsKey("access_token")))
        {
            context.Fail(new SeveralCredentialsException());
        }
        else if (headers is [{ } header] && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            context.Token = header[Scheme.Length..];
        }
        else
        {
            context.NoResult();
        }

        return Task.CompletedTask;
    }

    /// <summary>RFC 6750 section 3.1; without a token there is no error to name.</summary>
    private Task Refuse(JwtBearerChallengeContext context)
    {
        context.HandleResponse();
        if (context.AuthenticateFailure is { } reason)
        {
            LogRefusal(Reason(reason));
        }

        context.Response.Headers.WWWAuthenticate = context.AuthenticateFailure switch
        {
            null => "Bearer",
            SeveralCredentialsException => "Bearer error=\"invalid_request\"",
            _ => "Bearer error=\"invalid_token\"",
        };
        return context.AuthenticateFailure is SeveralCredentialsException
            ? FailureHandler.Write(context.HttpContext, Failure.Invalid, "A request has one credential, in one Authorization header.")
            : FailureHandler.Write(context.HttpContext, Failure.NotSignedIn,
                "Sign in with POST /auth/login and send the token in the header 'Authorization: Bearer {auth_token}'.");
    }

    /// <summary>Refuses what is not of our tokens' form, then does what every <see cref="JsonWebTokenHandler"/> does.</summary>
    private sealed class StrictTokenHandler : JsonWebTokenHandler
    {
        public override Task<TokenValidationResult> ValidateTokenAsync(string token, TokenValidationParameters validationParameters) =>
            TokenForm.Fault(token) is { } fault
                ? Task.FromResult(new TokenValidationResult { IsValid = false, Exception = new TokenFormException(fault) })
                : base.ValidateTokenAsync(token, validationParameters);
    }

    private sealed class TokenFormException(string fault) : SecurityTokenException(fault);

    private sealed class SeveralCredentialsException : Exception;
}

internal static class JwtAuthenticationSetup
{
    /// <summary>Tokens are made and checked here, and a route without a word about it demands one.</summary>
    public static void AddJwtAuthentication(this IServiceCollection services)
    {
        services.AddSingleton<SigningKey>();
        services.AddSingleton<AccessTokens>();
        services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer();
        services.AddSingleton<JwtAuthentication>();
        services.AddSingleton<IConfigureOptions<JwtBearerOptions>>(s => s.GetRequiredService<JwtAuthentication>());

        // Authentication brings data protection along, whose hosted service would make keys in the user's home for nobody.
        if (services.FirstOrDefault(service => service.ImplementationType?.Name == "DataProtectionHostedService") is { } unused)
        {
            services.Remove(unused);
        }

        services.AddAuthorizationBuilder()
            .SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
    }
}
