using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Identity;

/// <summary>Makes access tokens (RFC 9068), the only place. <see cref="JwtAuthentication"/> is the only place that looks at one.</summary>
internal sealed class AccessTokens(SigningKey key, IOptions<GatewayOptions> options, TimeProvider clock)
{
    /// <summary>The <c>typ</c> that tells an access token from every other JWT (RFC 9068 section 2.1).</summary>
    public const string Type = "at+jwt";

    /// <summary>Our claims beside the registered ones: which tenant, and what the subject may do there.</summary>
    public const string TenantClaim = "tenant";
    public const string RolesClaim = "roles";

    private static readonly JsonWebTokenHandler Handler = new() { SetDefaultTimesOnTokenCreation = false };

    private readonly SigningCredentials _credentials = new(key.Key, SecurityAlgorithms.EcdsaSha256);

    public string Issue(string tenant, UserRecord user)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        return Handler.CreateToken(new SecurityTokenDescriptor
        {
            TokenType = Type,
            Issuer = options.Value.Issuer,
            Audience = options.Value.Audience,
            IssuedAt = now,
            NotBefore = now,
            Expires = now + options.Value.AccessTokenLifetime,
            Claims = new Dictionary<string, object>
            {
                [JwtRegisteredClaimNames.Sub] = user.Id,
                [JwtRegisteredClaimNames.Jti] = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16)),
                [TenantClaim] = tenant,
                [RolesClaim] = RoleNames.Of(user.Roles),
            },
            SigningCredentials = _credentials,
        });
    }
}
