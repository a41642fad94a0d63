using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace OrleansIoT.Gateway.Identity;

/// <summary>
/// A token that says nothing to whom it is shown to, except where to ask:
/// <c>{prefix}{tenant}.{user id}.{session or token id}.{secret}</c>. The prefix lets scanners of leaked secrets know it.
/// </summary>
/// <param name="Tenant">The user's tenant.</param>
/// <param name="UserId">The user's id.</param>
/// <param name="Id">The session, or the personal access token.</param>
/// <param name="Secret">256 random bits in base64url.</param>
internal sealed record OpaqueToken(string Tenant, string UserId, string Id, string Secret)
{
    /// <summary>Refreshes a session.</summary>
    public const string RefreshPrefix = "iotr_";

    /// <summary>A personal access token.</summary>
    public const string PersonalPrefix = "iotp_";

    private const int MaxLength = 256;
    private const int IdLength = 22;
    private const int SecretLength = 43;

    private static readonly SearchValues<char> Base64Url = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    /// <summary>Whatever cannot be one wakes no grain.</summary>
    public static bool TryParse(string prefix, string? text, [NotNullWhen(true)] out OpaqueToken? token)
    {
        token = null;
        if (text is not { Length: <= MaxLength } || !text.StartsWith(prefix, StringComparison.Ordinal))
        {
            return false;
        }

        var parts = text[prefix.Length..].Split('.');
        if (parts.Length < 4)
        {
            return false;
        }

        var tenant = string.Join('.', parts[..^3]); // from the right: only a tenant's name may have dots
        var (user, id, secret) = (parts[^3], parts[^2], parts[^1]);
        if (!IsTenant(tenant) || !Guid.TryParseExact(user, "D", out _) || !IsBase64Url(id, IdLength) || !IsBase64Url(secret, SecretLength))
        {
            return false;
        }

        token = new OpaqueToken(tenant, user, id, secret);
        return true;
    }

    public string Format(string prefix) => $"{prefix}{Tenant}.{UserId}.{Id}.{Secret}";

    /// <summary>A record would print the secret.</summary>
    public override string ToString() => $"OpaqueToken {{ {Tenant}.{UserId}.{Id} }}";

    private static bool IsTenant(string tenant) =>
        tenant.Length > 0 && tenant[0] != '$' && !tenant.Contains('/', StringComparison.Ordinal);

    private static bool IsBase64Url(string part, int length) => part.Length == length && !part.AsSpan().ContainsAnyExcept(Base64Url);
}
