using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace OrleansIoT.Gateway.Identity;

/// <summary>One external issuer: the rules for its tokens, and its keys.</summary>
internal sealed class ExternalIssuer(ExternalIssuerOptions options, IssuerKeys keys, TimeSpan skew, TimeProvider clock) : IDisposable
{
    private static readonly JsonWebTokenHandler Handler = new() { MapInboundClaims = false, MaximumTokenSizeInBytes = TokenForm.MaxLength };

    public string Name => options.Name;

    /// <returns>What the token proves; or what is wrong, without any part of the token.</returns>
    public async Task<(ProvedToken? Token, string? Fault)> Validate(string token)
    {
        if (ExternalTokenForm.Fault(token, options, out var kid) is { } fault)
        {
            return (null, fault);
        }

        if (await keys.Find(kid) is not { } key)
        {
            return (null, "a key that the issuer does not have");
        }

        var result = await Handler.ValidateTokenAsync(token, Rules(key));
        if (!result.IsValid)
        {
            return (null, result.Exception.GetType().Name); // its message may quote the token
        }

        using var claims = JsonDocument.Parse(TokenForm.Decode(token.Split('.')[1])!, ExternalTokenForm.Strict);
        return ExternalClaims.Prove(claims.RootElement, options, skew);
    }

    public void Dispose() => keys.Dispose();

    private TokenValidationParameters Rules(SecurityKey key) => new()
    {
        IssuerSigningKey = key,
        TryAllIssuerSigningKeys = false,
        RequireSignedTokens = true,
        ValidAlgorithms = options.EffectiveAlgorithms,
        ValidIssuer = options.Issuer,
        ValidAudience = options.Audience,
        RequireAudience = true,
        RequireExpirationTime = true,
        LifetimeValidator = (notBefore, expires, token, _) => IsAlive(notBefore, expires, (JsonWebToken)token),
    };

    private bool IsAlive(DateTime? notBefore, DateTime? expires, JsonWebToken token)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        return now < expires + skew && (notBefore is null || notBefore <= now + skew) && token.IssuedAt <= now + skew;
    }
}
