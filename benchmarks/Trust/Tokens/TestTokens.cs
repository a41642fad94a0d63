using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.Tokens;
using OrleansIoT.Gateway.Identity;

namespace OrleansIoT.Benchmarks.Trust.Tokens;

/// <summary>Tokens like one that the product has issued, signed with its key: longer ones, others, and such as an attacker makes.</summary>
/// <param name="key">The product's signing key.</param>
/// <param name="issued">A token out of <c>POST /auth/login</c>, whose claims the others have.</param>
internal sealed class TestTokens(ECDsaSecurityKey key, string issued)
{
    /// <summary>A whole measurement may take longer than a token of the product lives.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(4);

    private readonly byte[] _claims = TokenForm.Decode(issued.Split('.')[1])!;

    /// <summary>A token of so many characters, of which a claim that nobody asks for has what the others leave.</summary>
    public string OfLength(int length)
    {
        var without = Sign(Claims());
        const int claimItself = 9; // ,"pad":""
        var padding = ((length - without.Length) * 3 / 4) - claimItself;
        return padding <= 0 ? without : Sign(Claims(claims => claims["pad"] = RandomText(padding)));
    }

    /// <summary>Tokens of which each has an id of its own, as if each of many users came once.</summary>
    public IEnumerable<string> Different(int count) =>
        Enumerable.Range(0, count).Select(_ => Sign(Claims(claims => claims["jti"] = RandomText(22))));

    public string Expired() => Sign(Claims(claims => claims["exp"] = DateTimeOffset.UtcNow.AddMinutes(-1).ToUnixTimeSeconds()));

    public string With(string claim, string value) => Sign(Claims(claims => claims[claim] = value));

    public string SignedByAnother()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Sign(Claims(), other);
    }

    public string Unsigned() => $"{Part("""{"alg":"none","typ":"at+jwt"}""")}.{Part(Claims().ToJsonString())}.";

    /// <summary>Claims that were signed, and one more role.</summary>
    public string Promoted()
    {
        var parts = Sign(Claims()).Split('.');
        return $"{parts[0]}.{Part(Claims(claims => claims["roles"] = new JsonArray("admin", "operator", "viewer")).ToJsonString())}.{parts[2]}";
    }

    /// <summary>All but the last byte of the signature is right.</summary>
    public static string AlmostRight(string token) => WithSignature(token, signature => signature[^1] ^= 1);

    /// <summary>Nothing of the signature is right.</summary>
    public static string WhollyWrong(string token) => WithSignature(token, signature => RandomNumberGenerator.Fill(signature));

    private static string WithSignature(string token, Action<byte[]> change)
    {
        var end = token.LastIndexOf('.') + 1;
        var signature = TokenForm.Decode(token[end..])!;
        change(signature);
        return token[..end] + Base64Url.EncodeToString(signature);
    }

    private string Sign(JsonObject claims, ECDsa? other = null)
    {
        var content = $"{Part($$"""{"alg":"ES256","kid":"{{key.KeyId}}","typ":"at+jwt"}""")}.{Part(claims.ToJsonString())}";
        return $"{content}.{Base64Url.EncodeToString((other ?? key.ECDsa).SignData(Encoding.ASCII.GetBytes(content), HashAlgorithmName.SHA256))}";
    }

    private JsonObject Claims(Action<JsonObject>? change = null)
    {
        var claims = JsonNode.Parse(_claims)!.AsObject();
        claims["exp"] = (DateTimeOffset.UtcNow + Lifetime).ToUnixTimeSeconds();
        change?.Invoke(claims);
        return claims;
    }

    private static string Part(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));

    private static string RandomText(int length) => RandomNumberGenerator.GetString("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", length);
}
