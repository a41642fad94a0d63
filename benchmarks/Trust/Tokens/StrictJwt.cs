using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using OrleansIoT.Benchmarks.Trust.Processes;
using OrleansIoT.Gateway.Identity;

namespace OrleansIoT.Benchmarks.Trust.Tokens;

/// <summary>
/// A token looked at as a service does that trusts nobody: signature, algorithm, type, issuer, audience and lifetime, each
/// time. What is tuned is the library's own: the key and its provider are kept.
/// </summary>
internal sealed class StrictJwt(ECDsaSecurityKey key)
{
    public const string Issuer = "orleans-iot";
    public const string Audience = "orleans-iot-api";
    public const int MaxBytes = 64 * 1024;

    private static readonly JsonWebTokenHandler Handler = new() { MapInboundClaims = false, MaximumTokenSizeInBytes = MaxBytes };

    private readonly TokenValidationParameters _rules = new()
    {
        IssuerSigningKey = key,
        TryAllIssuerSigningKeys = false,
        RequireSignedTokens = true,
        ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
        ValidTypes = [AccessTokens.Type],
        ValidIssuer = Issuer,
        ValidAudience = Audience,
        RequireAudience = true,
        RequireExpirationTime = true,
        ClockSkew = TimeSpan.FromSeconds(5),
    };

    /// <returns>Null: it is not good.</returns>
    public async ValueTask<JsonWebToken?> Validate(string token)
    {
        Counters.TokenChecked();
        var result = await Handler.ValidateTokenAsync(token, _rules);
        return result.IsValid ? (JsonWebToken)result.SecurityToken : null;
    }
}
