using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;

namespace OrleansIoT.Gateway.Identity;

/// <summary>
/// The form that tokens of other issuers have: as strict as <see cref="TokenForm"/> about the encoding, unique names and what
/// a token never brings along, but with room for members that are not ours to know.
/// </summary>
internal static class ExternalTokenForm
{
    public static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <summary>Where a key is, a key itself, or an extension of how a token is to be read (RFC 7515 sections 4.1.2 to 4.1.6 and 4.1.11, RFC 7797, RFC 7516 section 4.1.3).</summary>
    private static readonly string[] Refused = ["jku", "jwk", "x5u", "x5c", "crit", "b64", "zip", "enc", "epk"];

    /// <returns>What is wrong, without any part of the token, or null.</returns>
    public static string? Fault(string token, ExternalIssuerOptions issuer, out string kid)
    {
        kid = "";
        var parts = token.Split('.');
        if (parts.Length != 3)
        {
            return "not three parts";
        }

        if (TokenForm.Decode(parts[0]) is not { } header || TokenForm.Decode(parts[1]) is not { } claims
            || TokenForm.Decode(parts[2]) is not { Length: > 0 })
        {
            return "not base64url, or without a signature";
        }

        try
        {
            return HeaderFault(header, issuer, out kid) ?? ClaimsFault(claims);
        }
        catch (JsonException)
        {
            return "not JSON with unique names";
        }
    }

    private static string? HeaderFault(byte[] json, ExternalIssuerOptions issuer, out string kid)
    {
        kid = "";
        using var document = JsonDocument.Parse(json, Strict);
        var header = document.RootElement;
        if (header.ValueKind != JsonValueKind.Object)
        {
            return "the header is no object";
        }

        if (Array.Find(Refused, name => header.TryGetProperty(name, out _)) is { } refused)
        {
            return $"the header has {refused}";
        }

        if (!issuer.EffectiveTypes.Contains(Text(header, JwtHeaderParameterNames.Typ)))
        {
            return "a type that is not its access tokens'";
        }

        if (!issuer.EffectiveAlgorithms.Contains(Text(header, JwtHeaderParameterNames.Alg)))
        {
            return "an algorithm that it does not sign with";
        }

        kid = Text(header, JwtHeaderParameterNames.Kid) ?? "";
        return kid.Length is 0 or > 256 ? "kid is missing, too long or no text" : null;
    }

    private static string? ClaimsFault(byte[] json)
    {
        using var document = JsonDocument.Parse(json, Strict);
        var claims = document.RootElement;
        return claims.ValueKind != JsonValueKind.Object ? "the claims are no object"
            : !TokenForm.HasText(claims, JwtRegisteredClaimNames.Iss) || !TokenForm.HasText(claims, JwtRegisteredClaimNames.Sub)
                ? "iss or sub is missing or no text"
            : !TokenForm.HasTime(claims, JwtRegisteredClaimNames.Iat) || !TokenForm.HasTime(claims, JwtRegisteredClaimNames.Exp)
                ? "iat or exp is missing or no time"
            : claims.TryGetProperty(JwtRegisteredClaimNames.Nbf, out _) && !TokenForm.HasTime(claims, JwtRegisteredClaimNames.Nbf)
                ? "nbf is no time"
            : null;
    }

    /// <returns>Empty without it; null when it is no text.</returns>
    private static string? Text(JsonElement header, string name) =>
        !header.TryGetProperty(name, out var value) ? "" : value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
