using System.Buffers.Text;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using OrleansIoT.Failures;

namespace OrleansIoT.Gateway.Identity;

/// <summary>What others need to verify our tokens and to get some: our public keys, and where things are.</summary>
internal static class WellKnownApi
{
    /// <summary>A key that is gone is forgotten within this time, also by those who keep an answer.</summary>
    private const string Cacheable = "public, max-age=300";

    public static void MapWellKnown(this IEndpointRouteBuilder routes)
    {
        var wellKnown = routes.MapGroup("/.well-known").WithTags("Identity").AllowAnonymous();

        wellKnown.MapGet("/jwks.json", Keys)
            .WithName("Keys")
            .WithSummary("The public keys of tokens (RFC 7517)")
            .WithDescription("Those that access tokens may be signed with now, also for an hour after a rotation; and the one to encrypt tokens to.")
            .ExampleAnswer("""{"keys": [{"kty": "EC", "use": "sig", "alg": "ES256", "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}""");

        wellKnown.MapGet("/openid-configuration", Discover)
            .WithName("Discover")
            .WithSummary("Where clients find what they need (OpenID Connect Discovery 1.0, RFC 8414)")
            .WithDescription("Only where Gateway:PublicUrl is set: an address is never taken from a request.")
            .ExampleAnswer("""{"issuer": "https://iot.example.org", "jwks_uri": "https://iot.example.org/.well-known/jwks.json", "token_endpoint": "https://iot.example.org/oauth/token", "response_types_supported": [], "grant_types_supported": ["client_credentials"], "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"], "scopes_supported": ["viewer", "operator", "admin"], "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["ES256"]}""")
            .Fails(404);
    }

    private static Ok<KeySet> Keys(TokenKeys keys, IOptions<GatewayOptions> options, HttpResponse response)
    {
        response.Headers.CacheControl = Cacheable;
        var signing = keys.Published().Select(KeyView.Of);
        return TypedResults.Ok(new KeySet(options.Value.TokenEncryption == TokenEncryptionMode.Refuse
            ? [.. signing]
            : [.. signing, KeyView.Of(keys.ToEncrypt())]));
    }

    private static Ok<Discovery> Discover(IOptions<GatewayOptions> options, HttpResponse response)
    {
        var url = options.Value.PublicUrl
            ?? throw new FailureException(Failure.NotFound, "This gateway was not told its address: Gateway:PublicUrl, as https://iot.example.org.");
        response.Headers.CacheControl = Cacheable;
        return TypedResults.Ok(new Discovery(
            options.Value.Issuer,
            $"{url}/.well-known/jwks.json",
            $"{url}/oauth/token",
            [],
            ["client_credentials"],
            ["client_secret_basic", "client_secret_post"],
            RoleNames.All,
            ["public"],
            [SecurityAlgorithms.EcdsaSha256]));
    }
}

internal sealed record KeySet(IReadOnlyList<KeyView> Keys);

/// <param name="Use">sig: it verifies access tokens; enc: tokens may be encrypted to it.</param>
/// <param name="Kid">Its thumbprint (RFC 7638), which tokens name in their header.</param>
internal sealed record KeyView(string Kty, string Use, string Alg, string Kid)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Crv { get; private init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? X { get; private init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Y { get; private init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? N { get; private init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? E { get; private init; }

    public static KeyView Of(ECDsaSecurityKey key)
    {
        var point = key.ECDsa.ExportParameters(includePrivateParameters: false).Q;
        return new KeyView("EC", "sig", SecurityAlgorithms.EcdsaSha256, key.KeyId)
        {
            Crv = "P-256",
            X = Base64Url.EncodeToString(point.X),
            Y = Base64Url.EncodeToString(point.Y),
        };
    }

    public static KeyView Of(RsaSecurityKey key)
    {
        var numbers = key.Rsa.ExportParameters(includePrivateParameters: false);
        return new KeyView("RSA", "enc", TokenEncryption.KeyAlgorithm, key.KeyId)
        {
            N = Base64Url.EncodeToString(numbers.Modulus),
            E = Base64Url.EncodeToString(numbers.Exponent),
        };
    }
}

/// <param name="ResponseTypesSupported">None: nobody is sent here to sign in.</param>
/// <param name="ScopesSupported">The roles.</param>
internal sealed record Discovery(
    string Issuer,
    string JwksUri,
    string TokenEndpoint,
    IReadOnlyList<string> ResponseTypesSupported,
    IReadOnlyList<string> GrantTypesSupported,
    IReadOnlyList<string> TokenEndpointAuthMethodsSupported,
    IReadOnlyList<string> ScopesSupported,
    IReadOnlyList<string> SubjectTypesSupported,
    IReadOnlyList<string> IdTokenSigningAlgValuesSupported);
