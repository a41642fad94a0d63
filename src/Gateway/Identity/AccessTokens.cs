using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Identity;

/// <summary>Makes access tokens (RFC 9068) and devices' tokens, the only place. <see cref="JwtAuthentication"/> is the only place that looks at one.</summary>
internal sealed class AccessTokens(TokenKeys keys, TokenEncryption encryption, IOptions<GatewayOptions> options, TimeProvider clock)
{
    /// <summary>The <c>typ</c> that tells an access token from every other JWT (RFC 9068 section 2.1).</summary>
    public const string Type = "at+jwt";

    /// <summary>The <c>typ</c> of a device's token: a password for MQTT, and no access token.</summary>
    public const string DeviceType = "device+jwt";

    /// <summary>Our claims beside the registered ones: which tenant, and what the subject may do there.</summary>
    public const string TenantClaim = "tenant";
    public const string RolesClaim = "roles";

    /// <summary>In a device's token, which of its credentials the token stands for: it ends with it.</summary>
    public const string CredentialClaim = "cred";

    private static readonly JsonWebTokenHandler Handler = new() { SetDefaultTimesOnTokenCreation = false };

    /// <summary>The session, or the secret, that the token rests on (OpenID Connect Front-Channel Logout section 3): it ends with it.</summary>
    public const string SessionClaim = "sid";

    /// <summary>Who has asked for the token (RFC 9068 section 2.2): <see cref="PeoplesClient"/>, or a service account, which then is its subject.</summary>
    public const string ClientClaim = "client_id";

    /// <summary>The client that people sign in with.</summary>
    public const string PeoplesClient = "orleans-iot";

    /// <summary>For a user who has signed in.</summary>
    public string Issue(string tenant, UserRecord user, string sessionId) =>
        Issue(tenant, user.Id, user.Roles, sessionId, PeoplesClient);

    /// <summary>For a service account that has shown its secret.</summary>
    /// <param name="tenant">Its tenant.</param>
    /// <param name="account">Its id.</param>
    /// <param name="roles">What the token lets it do of what it may.</param>
    /// <param name="secretId">What it has shown.</param>
    public string IssueForService(string tenant, string account, Roles roles, string secretId) =>
        Issue(tenant, account, roles, secretId, account);

    private string Issue(string tenant, string subject, Roles roles, string sessionId, string clientId) => encryption.Issue(Sign(
        Type,
        tenant,
        subject,
        new() { [RolesClaim] = RoleNames.Of(roles), [SessionClaim] = sessionId, [ClientClaim] = clientId },
        clock.GetUtcNow(),
        options.Value.AccessTokenLifetime));

    /// <returns>The token, and the whole second at which it ends.</returns>
    public (string Token, DateTimeOffset ExpiresAt) IssueForDevice(string tenant, string device, string credentialId, TimeSpan lifetime)
    {
        var now = DateTimeOffset.FromUnixTimeSeconds(clock.GetUtcNow().ToUnixTimeSeconds()); // as the token has it
        return (Sign(DeviceType, tenant, device, new() { [CredentialClaim] = credentialId }, now, lifetime), now + lifetime);
    }

    private string Sign(
        string type, string tenant, string subject, Dictionary<string, object> claims, DateTimeOffset now, TimeSpan lifetime) =>
        Handler.CreateToken(new SecurityTokenDescriptor
        {
            TokenType = type,
            Issuer = options.Value.Issuer,
            Audience = options.Value.Audience,
            IssuedAt = now.UtcDateTime,
            NotBefore = now.UtcDateTime,
            Expires = (now + lifetime).UtcDateTime,
            Claims = new Dictionary<string, object>(claims)
            {
                [JwtRegisteredClaimNames.Sub] = subject,
                [JwtRegisteredClaimNames.Jti] = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16)),
                [TenantClaim] = tenant,
            },
            SigningCredentials = keys.ToSign(),
        });
}
