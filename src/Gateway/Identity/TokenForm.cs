using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Identity;

/// <summary>
/// The one form that our tokens have: what is to be refused whoever signed it, before a signature is verified.
/// A pure check; signature, issuer, audience and lifetime are <see cref="JwtAuthentication"/>'s.
/// </summary>
internal static class TokenForm
{
    public const int MaxLength = 8 * 1024;

    private const int Es256SignatureLength = 64; // RFC 7518 section 3.4: R and S, 32 bytes each, not DER

    private const long LastSecond = 253402300799; // 9999-12-31T23:59:59Z, where DateTime ends

    private static readonly SearchValues<char> Alphabet = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    // Names are unique: RFC 7515 section 4, RFC 7519 section 4.
    public static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 4 };

    /// <returns>What is wrong, without any part of the token, or null.</returns>
    public static string? Fault(string token)
    {
        if (token.Length > MaxLength)
        {
            return "longer than 8 KiB";
        }

        var parts = token.Split('.');
        if (parts.Length != 3)
        {
            return "not three parts";
        }

        if (Decode(parts[0]) is not { } header || Decode(parts[1]) is not { } claims || Decode(parts[2]) is not { } signature)
        {
            return "not base64url";
        }

        try
        {
            return signature.Length != Es256SignatureLength
                ? "not an ES256 signature"
                : HeaderFault(header, out var type) ?? ClaimsFault(claims, type == AccessTokens.DeviceType);
        }
        catch (JsonException)
        {
            return "not JSON with unique names";
        }
    }

    /// <summary>Base64url without padding (RFC 7515 section 2); .NET's decoder refuses unused bits that are not zero, and would allow white space.</summary>
    public static byte[]? Decode(string part)
    {
        var bytes = new byte[Base64Url.GetMaxDecodedLength(part.Length)];
        return part.AsSpan().ContainsAnyExcept(Alphabet)
               || Base64Url.DecodeFromChars(part, bytes, out _, out var length) != OperationStatus.Done
            ? null
            : bytes[..length];
    }

    /// <summary>Exactly alg, kid and typ: no key, no address of a key and no extension comes in a token of ours.</summary>
    private static string? HeaderFault(byte[] json, out string? type)
    {
        type = null;
        using var header = JsonDocument.Parse(json, Strict);
        if (header.RootElement.ValueKind != JsonValueKind.Object)
        {
            return "the header is no object";
        }

        foreach (var parameter in header.RootElement.EnumerateObject())
        {
            if (parameter.Value.ValueKind != JsonValueKind.String
                || parameter.Name is not (JwtHeaderParameterNames.Alg or JwtHeaderParameterNames.Kid or JwtHeaderParameterNames.Typ))
            {
                return "a header parameter that we never write";
            }

            type = parameter.Name == JwtHeaderParameterNames.Typ ? parameter.Value.GetString() : type;
        }

        return null;
    }

    private static string? ClaimsFault(byte[] json, bool isDevices)
    {
        using var document = JsonDocument.Parse(json, Strict);
        var claims = document.RootElement;
        if (claims.ValueKind != JsonValueKind.Object)
        {
            return "the claims are no object";
        }

        if (!HasText(claims, JwtRegisteredClaimNames.Iss) || !HasText(claims, JwtRegisteredClaimNames.Sub)
            || !HasText(claims, JwtRegisteredClaimNames.Jti) || !HasText(claims, AccessTokens.TenantClaim))
        {
            return "iss, sub, jti or tenant is missing or no text";
        }

        if (!HasTime(claims, JwtRegisteredClaimNames.Iat) || !HasTime(claims, JwtRegisteredClaimNames.Nbf)
            || !HasTime(claims, JwtRegisteredClaimNames.Exp))
        {
            return "iat, nbf or exp is missing or no time";
        }

        if (isDevices)
        {
            return HasText(claims, AccessTokens.CredentialClaim) ? null : "cred is missing or no text";
        }

        if (!HasText(claims, AccessTokens.SessionClaim) || !HasText(claims, AccessTokens.ClientClaim))
        {
            return "sid or client_id is missing or no text";
        }

        return claims.TryGetProperty(AccessTokens.RolesClaim, out var roles)
               && roles.ValueKind == JsonValueKind.Array
               && roles.EnumerateArray().All(role => role.ValueKind == JsonValueKind.String
                   && RoleNames.Parse(role.GetString()) != Roles.None)
            ? null
            : "roles is no list of roles";
    }

    public static bool HasText(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var claim) && claim.ValueKind == JsonValueKind.String && claim.GetString() != "";

    public static bool HasTime(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var claim)
        && claim.ValueKind == JsonValueKind.Number
        && claim.TryGetInt64(out var seconds)
        && seconds is >= 0 and <= LastSecond;
}
