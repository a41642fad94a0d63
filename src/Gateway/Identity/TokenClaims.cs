using Microsoft.IdentityModel.JsonWebTokens;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Identity;

/// <summary>From the claims of a validated token of ours to its <see cref="Caller"/>. <see cref="TokenForm"/> has seen that they are there and of their types.</summary>
internal static class TokenClaims
{
    /// <param name="token">The token.</param>
    /// <param name="skew">How long after its end a token is still let in; or a grain would refuse what we let in.</param>
    public static ProvedToken Prove(JsonWebToken token, TimeSpan skew)
    {
        var ends = DateTimeOffset.FromUnixTimeSeconds(token.GetPayloadValue<long>(JwtRegisteredClaimNames.Exp));
        var isDevices = token.Typ == AccessTokens.DeviceType;
        var caller = new Caller(
            token.GetPayloadValue<string>(AccessTokens.TenantClaim),
            token.Subject,
            isDevices ? CallerKind.Device
                : token.GetPayloadValue<string>(AccessTokens.ClientClaim) == token.Subject ? CallerKind.Service
                : CallerKind.User,
            isDevices ? Roles.None : RolesOf(token),
            token.Id,
            ends + skew,
            isDevices ? null : token.GetPayloadValue<string>(AccessTokens.SessionClaim));
        return new ProvedToken(caller, ends, isDevices ? token.GetPayloadValue<string>(AccessTokens.CredentialClaim) : null, token.Kid);
    }

    private static Roles RolesOf(JsonWebToken token) => token.GetPayloadValue<string[]>(AccessTokens.RolesClaim)
        .Aggregate(Roles.None, (roles, name) => roles | RoleNames.Parse(name));
}
