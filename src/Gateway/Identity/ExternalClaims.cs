using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using OrleansIoT.Identity;
using OrleansIoT.Topics;

namespace OrleansIoT.Gateway.Identity;

/// <summary>From what an external issuer says of somebody to a <see cref="Caller"/>, by its configuration. Pure.</summary>
internal static class ExternalClaims
{
    private const int MaxSubject = 200;
    private const int MaxGrants = 50;

    /// <param name="claims">The claims of a token whose signature is good.</param>
    /// <param name="issuer">What they mean.</param>
    /// <param name="skew">How long after its end a token is still let in.</param>
    public static (ProvedToken? Token, string? Fault) Prove(JsonElement claims, ExternalIssuerOptions issuer, TimeSpan skew)
    {
        var subject = claims.GetProperty(JwtRegisteredClaimNames.Sub).GetString()!;
        if (subject.Length > MaxSubject || !subject.All(IsPartOfAName))
        {
            return (null, $"sub is longer than {MaxSubject} or has more than ASCII without space, '/', '+' and '#'");
        }

        var tenant = issuer.Tenant ?? (Texts(claims, issuer.TenantClaim!) is [var named] && issuer.Tenants.Contains(named) ? named : null);
        if (tenant is null)
        {
            return (null, "of no tenant that the issuer may name");
        }

        if (GrantsOf(claims, issuer) is not { } grants)
        {
            return (null, "its grants are missing or no list of topic filters");
        }

        var ends = DateTimeOffset.FromUnixTimeSeconds(claims.GetProperty(JwtRegisteredClaimNames.Exp).GetInt64());
        var id = TokenForm.HasText(claims, JwtRegisteredClaimNames.Jti) ? claims.GetProperty(JwtRegisteredClaimNames.Jti).GetString() : null;
        var caller = new Caller(tenant, $"{issuer.Name}:{subject}", CallerKind.User, RolesOf(claims, issuer), id, ends + skew, null, grants);
        return (new ProvedToken(caller, ends, IsExternal: true), null);
    }

    private static Roles RolesOf(JsonElement claims, ExternalIssuerOptions issuer) => issuer.RolesClaim is null
        ? Roles.None
        : (Texts(claims, issuer.RolesClaim) ?? []).Aggregate(
            Roles.None, (roles, name) => roles | (issuer.RoleMap.TryGetValue(name, out var role) ? RoleNames.Parse(role) : Roles.None));

    private static ImmutableArray<string>? GrantsOf(JsonElement claims, ExternalIssuerOptions issuer) =>
        issuer.GrantsClaim is null ? ImmutableArray<string>.Empty
        : Texts(claims, issuer.GrantsClaim) is { Count: > 0 and <= MaxGrants } grants && grants.All(IsGrant) ? [.. grants]
        : null;

    /// <summary>A claim of this name, or a member of members with dots between them; its text, or its texts.</summary>
    /// <returns>Null when it is missing or something else.</returns>
    private static List<string>? Texts(JsonElement claims, string path)
    {
        if (!claims.TryGetProperty(path, out var claim))
        {
            claim = claims;
            foreach (var name in path.Split('.'))
            {
                if (claim.ValueKind != JsonValueKind.Object || !claim.TryGetProperty(name, out claim))
                {
                    return null;
                }
            }
        }

        return claim.ValueKind switch
        {
            JsonValueKind.String => [claim.GetString()!],
            JsonValueKind.Array when claim.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String) =>
                [.. claim.EnumerateArray().Select(item => item.GetString()!)],
            _ => null,
        };
    }

    private static bool IsGrant(string grant) => TopicFilter.IsValid(grant is ['!', .. var denied] ? denied : grant, out _);

    /// <summary>A subject becomes part of grains' and topics' names.</summary>
    private static bool IsPartOfAName(char c) => c is > ' ' and <= '~' and not ('/' or '+' or '#');
}
