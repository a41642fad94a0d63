using System.Text.Json;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace OrleansIoT.Gateway.Identity;

/// <summary>What the gateway does about encrypted tokens.</summary>
public enum TokenEncryptionMode
{
    /// <summary>An encrypted token is none.</summary>
    Refuse,

    /// <summary>They are decrypted; ours are not encrypted.</summary>
    Accept,

    /// <summary>Our access tokens are encrypted as well. Devices' tokens are not.</summary>
    Issue,
}

/// <summary>
/// Encrypted tokens: a signed one within a JWE (RFC 7516, RFC 7519 section 11.2), by RSA-OAEP and A256CBC-HS512 and nothing
/// else. Nobody gets to see what was in it but <see cref="JwtAuthentication"/>, which verifies it like every other token.
/// </summary>
internal sealed class TokenEncryption(TokenKeys keys, IOptions<GatewayOptions> options)
{
    public const string KeyAlgorithm = SecurityAlgorithms.RsaOAEP;
    public const string ContentAlgorithm = SecurityAlgorithms.Aes256CbcHmacSha512;

    public const int Parts = 5; // RFC 7516 section 7.1

    private static readonly JsonWebTokenHandler Handler = new() { MaximumTokenSizeInBytes = TokenForm.MaxLength };

    /// <returns>The token as it is to be given out.</returns>
    public string Issue(string token) => options.Value.TokenEncryption == TokenEncryptionMode.Issue
        ? Handler.EncryptToken(token, new EncryptingCredentials(keys.ToEncrypt(), KeyAlgorithm, ContentAlgorithm))
        : token;

    /// <summary>A pure check of the form first, then the decryption, whose failures all look the same.</summary>
    /// <returns>The token within, of which nothing is known yet; or what is wrong, without any part of the token.</returns>
    public (string? Token, string? Fault) Decrypt(string jwe)
    {
        if (options.Value.TokenEncryption == TokenEncryptionMode.Refuse)
        {
            return (null, "encrypted, which Gateway:TokenEncryption refuses");
        }

        try
        {
            if (FormFault(jwe.Split('.'), out var kid) is { } fault)
            {
                return (null, fault);
            }

            return keys.ToDecrypt(kid) is { } key
                ? (Handler.DecryptToken(new JsonWebToken(jwe), new TokenValidationParameters
                {
                    TokenDecryptionKey = key,
                    RequireSignedTokens = true,
                }), null)
                : (null, "encrypted to another key");
        }
        catch (JsonException)
        {
            return (null, "not JSON with unique names");
        }
        catch (Exception e) when (e is SecurityTokenException or ArgumentException)
        {
            return (null, "not to be decrypted");
        }
    }

    /// <summary>Exactly alg, enc, kid, cty and perhaps typ. Nothing that is compressed ('zip') and no key of its own comes in a token.</summary>
    private static string? FormFault(string[] parts, out string kid)
    {
        kid = "";
        var decoded = Array.ConvertAll(parts, TokenForm.Decode);
        if (decoded is not [{ } json, { Length: > 0 }, { Length: > 0 }, { Length: > 0 }, { Length: > 0 }])
        {
            return "not base64url";
        }

        using var document = JsonDocument.Parse(json, TokenForm.Strict);
        var header = document.RootElement;
        if (header.ValueKind != JsonValueKind.Object)
        {
            return "the header is no object";
        }

        foreach (var parameter in header.EnumerateObject())
        {
            var isRight = parameter.Value.ValueKind == JsonValueKind.String && parameter.Name switch
            {
                JwtHeaderParameterNames.Alg => parameter.Value.ValueEquals(KeyAlgorithm),
                JwtHeaderParameterNames.Enc => parameter.Value.ValueEquals(ContentAlgorithm),
                JwtHeaderParameterNames.Cty => parameter.Value.ValueEquals("JWT"),
                JwtHeaderParameterNames.Typ => parameter.Value.ValueEquals("JWT"),
                JwtHeaderParameterNames.Kid => true,
                _ => false,
            };
            if (!isRight)
            {
                return "a header parameter that is not as of encrypted tokens";
            }
        }

        kid = header.TryGetProperty(JwtHeaderParameterNames.Kid, out var id) ? id.GetString()! : "";
        return kid.Length > 0
               && header.TryGetProperty(JwtHeaderParameterNames.Alg, out _)
               && header.TryGetProperty(JwtHeaderParameterNames.Enc, out _)
               && header.TryGetProperty(JwtHeaderParameterNames.Cty, out _)
            ? null
            : "alg, enc, kid or cty is missing";
    }
}
