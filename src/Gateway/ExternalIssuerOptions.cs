using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using OrleansIoT.Gateway.Identity;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway;

/// <summary>One of <c>Gateway:Issuers</c>: an OpenID Connect provider whose access tokens are taken as well.</summary>
public sealed class ExternalIssuerOptions
{
    /// <summary>What its users' ids begin with, <c>{Name}:{sub}</c>: 1 to 32 of a-z, 0-9 and '-', unique. Never to be changed. Default: none, it is needed.</summary>
    public string Name { get; set; } = "";

    /// <summary>Its <c>iss</c>, exactly, below which is <c>/.well-known/openid-configuration</c>. Default: none, it is needed.</summary>
    public string Issuer { get; set; } = "";

    /// <summary>The <c>aud</c> that its tokens for us have. Default: none, it is needed.</summary>
    public string Audience { get; set; } = "";

    /// <summary>The algorithms that it signs with, all of RSA (RS256, PS256, …) or all of ECDSA (ES256, …). Default: RS256.</summary>
    public IReadOnlyList<string> Algorithms { get; set; } = [];

    /// <summary>The <c>typ</c> that its access tokens have, exactly; an empty one stands for none. Its id tokens mostly have JWT. Default: at+jwt.</summary>
    public IReadOnlyList<string> Types { get; set; } = [];

    /// <summary>Whether it is asked for its keys by https only; if not, also by http on this machine. Default: true.</summary>
    public bool RequireHttps { get; set; } = true;

    /// <summary>The tenant of all its users. Default: none, then there is a TenantClaim.</summary>
    public string? Tenant { get; set; }

    /// <summary>The claim that names a user's tenant. Default: none, then there is a Tenant.</summary>
    public string? TenantClaim { get; set; }

    /// <summary>The tenants that the TenantClaim may name; with another one a token is refused. Default: none.</summary>
    public IReadOnlyList<string> Tenants { get; set; } = [];

    /// <summary>The claim with roles or groups, a text or a list of them, as realm_access.roles. Default: none, its users may nothing.</summary>
    public string? RolesClaim { get; set; }

    /// <summary>Of its roles, which is viewer, operator or admin here; others are none. Default: none.</summary>
    public IDictionary<string, string> RoleMap { get; set; } = new Dictionary<string, string>();

    /// <summary>The claim with topic filters that narrow what its users may, a list. A token without it is refused. Default: none, nothing is narrowed.</summary>
    public string? GrantsClaim { get; set; }

    internal IReadOnlyList<string> EffectiveAlgorithms => Algorithms is [] ? [SecurityAlgorithms.RsaSha256] : Algorithms;

    internal IReadOnlyList<string> EffectiveTypes => Types is [] ? [AccessTokens.Type] : Types;

    internal bool IsRsa => EffectiveAlgorithms[0][0] is 'R' or 'P';

    /// <returns>What is wrong with one of them, and what would be right; or null.</returns>
    internal static string? Complaint(IReadOnlyList<ExternalIssuerOptions> issuers, string ours) =>
        issuers.Select(issuer => issuer.Complaint(ours)).FirstOrDefault(complaint => complaint is not null)
        ?? (issuers.DistinctBy(issuer => issuer.Name).Count() < issuers.Count ? "Gateway:Issuers: two have the same Name."
            : issuers.DistinctBy(issuer => issuer.Issuer).Count() < issuers.Count ? "Gateway:Issuers: two have the same Issuer."
            : null);

    private string? Complaint(string ours)
    {
        var what = $"Gateway:Issuers '{Name}': ";
        return Name.Length is 0 or > 32 || !Name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')
                ? "Gateway:Issuers: each has a Name of 1 to 32 of a-z, 0-9 and '-'."
            : Issuer == ours ? what + "its Issuer is our own."
            : !Uri.TryCreate(Issuer, UriKind.Absolute, out var uri) || uri.Query.Length > 0 || uri.Fragment.Length > 0 || uri.UserInfo.Length > 0
                ? what + "its Issuer is an absolute URL without a query."
            : !IsAllowed(uri) ? what + "its Issuer is an https URL; http only on this machine and with RequireHttps false."
            : Audience.Length == 0 ? what + "its Audience is missing: the 'aud' that its tokens for us have."
            : !EffectiveAlgorithms.All(Rsa.Contains) && !EffectiveAlgorithms.All(Ecdsa.Contains)
                ? what + $"Algorithms are all of {string.Join(", ", Rsa)} or all of {string.Join(", ", Ecdsa)}."
            : EffectiveTypes.Contains(AccessTokens.DeviceType) ? what + $"Types has no {AccessTokens.DeviceType}: devices' tokens are ours alone."
            : (Tenant is null) == (TenantClaim is null) ? what + "it has a Tenant or a TenantClaim, and not both."
            : (TenantClaim is null) != (Tenants.Count == 0) ? what + "TenantClaim and Tenants go together: which claim, and which tenants it may name."
            : !Tenants.Concat(Tenant is null ? [] : [Tenant]).All(IsTenant) ? what + "a tenant is a name without slashes, and none that begins with '$'."
            : RoleMap.Values.Any(role => RoleNames.Parse(role) == Roles.None) ? what + "RoleMap gives viewer, operator or admin."
            : null;
    }

    internal bool IsAllowed(Uri uri) =>
        uri.Scheme == Uri.UriSchemeHttps || (!RequireHttps && uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback);

    private static bool IsTenant(string tenant) =>
        tenant.Length > 0 && tenant[0] != '$' && !tenant.Contains('/', StringComparison.Ordinal);

    private static readonly string[] Rsa =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512,
        SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512,
    ];

    private static readonly string[] Ecdsa =
        [SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512];
}

internal sealed class ExternalIssuerRules : IValidateOptions<GatewayOptions>
{
    public ValidateOptionsResult Validate(string? name, GatewayOptions options) =>
        ExternalIssuerOptions.Complaint(options.Issuers, options.Issuer) is { } complaint
            ? ValidateOptionsResult.Fail(complaint)
            : ValidateOptionsResult.Success;
}
