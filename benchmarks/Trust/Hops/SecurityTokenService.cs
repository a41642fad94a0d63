using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using OrleansIoT.Benchmarks.Trust.Processes;
using OrleansIoT.Benchmarks.Trust.Tokens;
using OrleansIoT.Gateway.Identity;

namespace OrleansIoT.Benchmarks.Trust.Hops;

/// <summary>Validates a token and signs another one with the same claims, for who asks (RFC 8693 in spirit: request, response, and <c>act</c>).</summary>
internal sealed class SecurityTokenService(StrictJwt tokens, ECDsaSecurityKey key)
{
    public const string Role = "sts";

    private static readonly JsonWebTokenHandler Handler = new() { SetDefaultTimesOnTokenCreation = false };
    private static readonly Dictionary<string, object> Header = new() { ["typ"] = AccessTokens.Type };
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    private readonly SigningCredentials _credentials = new(key, SecurityAlgorithms.EcdsaSha256);

    /// <param name="Folder">Of the run's secrets.</param>
    public sealed record Settings(string Folder);

    public static async Task Run(string json)
    {
        var folder = JsonSerializer.Deserialize<Settings>(json)!.Folder;
        var service = new SecurityTokenService(new StrictJwt(RunKeys.Verifying(folder)), RunKeys.Signing(folder));
        await using var app = Hop.Listen(null);
        app.Run(service.Exchange);
        await app.StartAsync();
        await ChildLoop.Serve(new Ports(ChildLoop.PortsOf(app)[0]));
    }

    /// <summary>RFC 8693 section 2: the token in a form, the new one in JSON.</summary>
    private async Task Exchange(HttpContext context)
    {
        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        if (form["subject_token"] is not [{ } subject] || await tokens.Validate(subject) is not { } token)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        Counters.TokenMade();
        var now = DateTimeOffset.UtcNow;
        var claims = JsonNode.Parse(Base64Url.DecodeFromChars(token.EncodedPayload))!.AsObject();
        claims["jti"] = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
        claims["iat"] = now.ToUnixTimeSeconds();
        claims["nbf"] = now.ToUnixTimeSeconds();
        claims["exp"] = (now + Lifetime).ToUnixTimeSeconds();
        claims["act"] = new JsonObject { ["sub"] = "hop" };
        var body = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string>
        {
            ["access_token"] = Handler.CreateToken(claims.ToJsonString(), _credentials, Header),
            ["issued_token_type"] = "urn:ietf:params:oauth:token-type:access_token",
            ["token_type"] = "Bearer",
        });
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }
}
