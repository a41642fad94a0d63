using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Identity;

/// <summary>
/// The one place where a token is looked at: once, and again after a minute (<see cref="RememberedTokens"/>); behind it there
/// is only the <see cref="Caller"/>. Only the log knows why one was refused.
/// </summary>
internal sealed partial class JwtAuthentication(
    TokenKeys keys, TokenEncryption encryption, ExternalIssuers issuers, IOptions<GatewayOptions> gateway, TimeProvider clock,
    ILogger<JwtAuthentication> logger)
{
    private static readonly JsonWebTokenHandler Handler = new() { MapInboundClaims = false, MaximumTokenSizeInBytes = TokenForm.MaxLength };

    private TokenValidationParameters? _rules;

    /// <returns>What the token proves, or null; then the log has a line about it.</returns>
    public async Task<ProvedToken?> Validate(string token)
    {
        if (token.Length > TokenForm.MaxLength)
        {
            return Refuse("longer than 8 KiB");
        }

        if (token.AsSpan().Count('.') == TokenEncryption.Parts - 1)
        {
            var (inner, fault) = encryption.Decrypt(token);
            if (inner is null)
            {
                return Refuse(fault!);
            }

            token = inner; // of three parts, or it is refused: nothing is decrypted twice
        }

        return issuers.IssuerOf(token) is { } issuer ? await ValidateExternal(token, issuer) : await ValidateOurs(token);
    }

    /// <summary>What is no token by its looks.</summary>
    public void RefuseForm() => Refuse("empty, longer than 8 KiB or not ASCII");

    private async Task<ProvedToken?> ValidateOurs(string token)
    {
        if (TokenForm.Fault(token) is { } fault)
        {
            return Refuse(fault);
        }

        var result = await Handler.ValidateTokenAsync(token, _rules ??= Rules());
        return result.IsValid
            ? TokenClaims.Prove((JsonWebToken)result.SecurityToken, gateway.Value.ClockSkew)
            : Refuse(result.Exception.GetType().Name); // the messages of others may quote the token
    }

    private async Task<ProvedToken?> ValidateExternal(string token, ExternalIssuer issuer)
    {
        var (proved, fault) = await issuer.Validate(token);
        return proved ?? Refuse($"{issuer.Name}: {fault}");
    }

    private ProvedToken? Refuse(string reason)
    {
        LogRefusal(reason);
        return null;
    }

    private TokenValidationParameters Rules() => new()
    {
        IssuerSigningKeyResolver = (_, token, kid, _) => keys.ToVerify(kid, KindOf(token)) is { } key ? [key] : [],
        TryAllIssuerSigningKeys = false,
        RequireSignedTokens = true,
        ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
        ValidTypes = [AccessTokens.Type, AccessTokens.DeviceType],
        ValidIssuer = gateway.Value.Issuer,
        ValidAudience = gateway.Value.Audience,
        RequireAudience = true,
        RequireExpirationTime = true,
        LifetimeValidator = (notBefore, expires, token, _) => IsAlive(notBefore, expires, (JsonWebToken)token),
    };

    private static CallerKind KindOf(SecurityToken token) =>
        ((JsonWebToken)token).Typ == AccessTokens.DeviceType ? CallerKind.Device : CallerKind.User;

    /// <summary>By our clock, and <c>iat</c> as well: a token from the future is none (<see cref="TokenForm"/> has seen that all three are there).</summary>
    private bool IsAlive(DateTime? notBefore, DateTime? expires, JsonWebToken token)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        var skew = gateway.Value.ClockSkew;
        return now < expires + skew && notBefore <= now + skew && token.IssuedAt <= now + skew;
    }
}
