using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace OrleansIoT.Gateway.Tests.World;

/// <summary>An OpenID Connect provider that says what a test wants: its keys come and go, and so does it.</summary>
internal sealed class OpenIdProvider : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _asked;

    private OpenIdProvider(WebApplication app) => _app = app;

    public string Issuer => _app.Urls.Single();

    public RSA Key { get; private set; } = RSA.Create(2048);

    public string KeyId { get; private set; } = "k1";

    /// <summary>Members of its keys, and other keys, as a test wants them.</summary>
    public Action<JsonArray> Bend { get; set; } = _ => { };

    public bool IsDown { get; set; }

    /// <summary>How often it was asked for its document.</summary>
    public int Asked => Volatile.Read(ref _asked);

    public static async Task<OpenIdProvider> Start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        var provider = new OpenIdProvider(app);
        app.MapGet("/.well-known/openid-configuration", provider.Document);
        app.MapGet("/jwks", provider.Keys);
        await app.StartAsync();
        return provider;
    }

    public ExternalIssuerOptions Options() => new()
    {
        Name = "corp",
        Issuer = Issuer,
        Audience = "iot",
        RequireHttps = false,
        Tenant = "default",
        RolesClaim = "realm_access.roles",
        RoleMap = new Dictionary<string, string> { ["iot-admins"] = "admin", ["staff"] = "viewer" },
    };

    /// <summary>A new key in the place of the one before.</summary>
    public void Rotate() => (Key, KeyId) = (RSA.Create(2048), KeyId + "'");

    /// <summary>A token as a provider makes them, with what is wrong made wrong by the test.</summary>
    public string Token(DateTimeOffset now, Action<JsonObject>? claims = null, Action<JsonObject>? header = null, RSA? key = null)
    {
        var head = new JsonObject { ["alg"] = "RS256", ["kid"] = KeyId, ["typ"] = "at+jwt", ["x5t"] = "abc" };
        var body = new JsonObject
        {
            ["iss"] = Issuer,
            ["aud"] = "iot",
            ["sub"] = "ada",
            ["jti"] = "j-1",
            ["iat"] = now.ToUnixTimeSeconds(),
            ["exp"] = now.ToUnixTimeSeconds() + 600,
            ["realm_access"] = new JsonObject { ["roles"] = new JsonArray("iot-admins", "offline_access") },
            ["preferred_username"] = "Ada",
        };
        header?.Invoke(head);
        claims?.Invoke(body);
        var content = $"{Jwt.Encode(head.ToJsonString())}.{Jwt.Encode(body.ToJsonString())}";
        var signature = (key ?? Key).SignData(Encoding.ASCII.GetBytes(content), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return $"{content}.{Base64Url.EncodeToString(signature)}";
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private IResult Document()
    {
        Interlocked.Increment(ref _asked);
        return IsDown ? Results.StatusCode(503) : Json(new JsonObject { ["issuer"] = Issuer, ["jwks_uri"] = $"{Issuer}/jwks" });
    }

    private IResult Keys()
    {
        var numbers = Key.ExportParameters(false);
        var keys = new JsonArray(new JsonObject
        {
            ["kty"] = "RSA",
            ["use"] = "sig",
            ["alg"] = "RS256",
            ["kid"] = KeyId,
            ["n"] = Base64Url.EncodeToString(numbers.Modulus),
            ["e"] = Base64Url.EncodeToString(numbers.Exponent),
        });
        Bend(keys);
        return Json(new JsonObject { ["keys"] = keys });
    }

    private static IResult Json(JsonObject json) => Results.Text(json.ToJsonString(), "application/json");
}
