using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Tokens;
using OrleansIoT.Gateway.Identity;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Tests.World;

/// <summary>Tokens by hand, with the gateway's own key: whatever is wrong with one is what the test made wrong.</summary>
internal sealed class Jwt
{
    private readonly ECDsaSecurityKey _key;

    public Jwt(GatewayHost gateway)
    {
        _key = gateway.Services.GetRequiredService<TokenKeys>().Ring.Signing;
        var now = gateway.Clock.GetUtcNow().ToUnixTimeSeconds();
        Header = new JsonObject { ["alg"] = "ES256", ["kid"] = _key.KeyId, ["typ"] = "at+jwt" };
        Claims = new JsonObject
        {
            ["iss"] = "orleans-iot",
            ["aud"] = "orleans-iot-api",
            ["sub"] = "u-1",
            ["jti"] = "j-1",
            ["tenant"] = "default",
            ["roles"] = new JsonArray("admin"),
            ["sid"] = gateway.Grains.AddSession("default", "u-1", Roles.Admin),
            ["client_id"] = "orleans-iot",
            ["iat"] = now,
            ["nbf"] = now,
            ["exp"] = now + 900,
        };
    }

    public JsonObject Header { get; }

    public JsonObject Claims { get; }

    /// <summary>The private key, for attacks that need what an attacker does not have.</summary>
    public ECDsa Key => _key.ECDsa;

    public string Sign() => Sign(Header.ToJsonString(), Claims.ToJsonString());

    public string Sign(string header, string claims, ECDsa? key = null)
    {
        var content = $"{Encode(header)}.{Encode(claims)}";
        return $"{content}.{Base64Url.EncodeToString((key ?? Key).SignData(Encoding.ASCII.GetBytes(content), HashAlgorithmName.SHA256))}";
    }

    public static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}
