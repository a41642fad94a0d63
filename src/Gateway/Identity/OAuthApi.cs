using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;
using OrleansIoT.Gateway.Audit;
using OrleansIoT.Gateway.Throttling;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Identity;

/// <summary>The token endpoint of OAuth 2.0, for service accounts: client_credentials (RFC 6749 section 4.4), with its own errors (section 5.2).</summary>
internal static class OAuthApi
{
    private const string Form = "application/x-www-form-urlencoded";
    private const string Basic = "Basic ";

    private static readonly string[] Fields = ["grant_type", "client_id", "client_secret", "scope"];

    public static void MapOAuth(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/oauth/token", Token)
            .AllowAnonymous()
            .WithTags("Identity")
            .WithName("IssueServiceToken")
            .LimitsSignIns()
            .WithSummary("Exchanges a service account's id and secret for an access token")
            .WithDescription("RFC 6749 section 4.4. Id and secret come as HTTP Basic, each form-encoded (section 2.3.1), or in the body, not both. 'scope' has names of roles with spaces between them, to have fewer than the account.")
            .Accepts<TokenRequest>(Form)
            .Produces<TokenAnswer>()
            .Produces<OAuthError>(StatusCodes.Status400BadRequest)
            .Produces<OAuthError>(StatusCodes.Status401Unauthorized)
            .ExampleBody("""{"grant_type": "client_credentials", "client_id": "default.0195e8a0-3f5e-7d3f-8b7c-9a533f0c2f3b", "client_secret": "kT0wYd5u…", "scope": "viewer"}""")
            .ExampleAnswer("""{"access_token": "eyJhbGciOiJFUzI1NiIs…", "token_type": "Bearer", "expires_in": 900, "scope": "viewer"}""")
            .Fails(413, 415, 503, 504);

    private static async Task<IResult> Token(
        HttpContext context, IGrainFactory grains, AccessTokens tokens, IOptions<GatewayOptions> options)
    {
        IFormCollection form;
        try
        {
            form = await context.Request.ReadFormAsync(context.RequestAborted);
        }
        catch (InvalidDataException)
        {
            return Refuse("invalid_request", "The body is no form, or has too many fields.");
        }

        if (Fields.FirstOrDefault(field => form[field].Count > 1) is { } twice)
        {
            return Refuse("invalid_request", $"'{twice}' is there twice.");
        }

        string? Field(string name) => form[name] is [{ Length: > 0 } value] ? value : null;
        switch (Field("grant_type"))
        {
            case null:
                return Refuse("invalid_request", "'grant_type' is missing.");

            case not "client_credentials":
                return Refuse("unsupported_grant_type", "The grant_type is client_credentials.");
        }

        var header = context.Request.Headers.Authorization.ToString();
        var isBasic = header.StartsWith(Basic, StringComparison.OrdinalIgnoreCase);
        if (isBasic && Field("client_secret") is not null)
        {
            return Refuse("invalid_request", "A client shows its secret in one way only (section 2.3).");
        }

        if (!isBasic && header.Length > 0)
        {
            return RefuseClient(context);
        }

        var (id, secret) = isBasic ? Credentials(header[Basic.Length..]) : (Field("client_id"), Field("client_secret"));
        if (isBasic && Field("client_id") is { } named && named != id)
        {
            return Refuse("invalid_request", "The client_id of the body is not that of the header.");
        }

        if (!ClientId.IsValid(id, out var tenant) || secret is null || await SignIn(grains, tenant, id, secret) is not { } account)
        {
            return RefuseClient(context);
        }

        if (Scope(Field("scope"), account.Roles) is not { } roles)
        {
            return Refuse("invalid_scope", $"'scope' has some of: {string.Join(' ', RoleNames.Of(account.Roles))}.");
        }

        context.Audit().Tenant = tenant;
        context.Response.Headers.Pragma = "no-cache"; // section 5.1, which Cache-Control repeats
        return TypedResults.Ok(new TokenAnswer(
            tokens.IssueForService(tenant, id, roles, account.SessionId),
            "Bearer",
            (int)options.Value.AccessTokenLifetime.TotalSeconds,
            string.Join(' ', RoleNames.Of(roles))));
    }

    private static async Task<Admission?> SignIn(IGrainFactory grains, string tenant, string id, string secret)
    {
        Caller.SigningIn(tenant, "gateway").Enter();
        return await grains.ServiceAccount(tenant, id).SignIn(secret);
    }

    /// <returns>The roles that are asked for, all when none are; null when one is none, or not the account's.</returns>
    private static Roles? Scope(string? scope, Roles of)
    {
        if (scope is null)
        {
            return of;
        }

        var roles = Roles.None;
        foreach (var name in scope.Split(' '))
        {
            var role = RoleNames.Parse(name);
            if (role == Roles.None || Permissions.Both(role, of) != Permissions.Both(role, role))
            {
                return null;
            }

            roles |= role;
        }

        return roles;
    }

    /// <summary>Both parts are form-encoded before they are joined and encoded again (section 2.3.1, appendix B).</summary>
    private static (string? Id, string? Secret) Credentials(string encoded)
    {
        var bytes = new byte[encoded.Length];
        if (!Convert.TryFromBase64String(encoded.Trim(), bytes, out var length)
            || !System.Text.Unicode.Utf8.IsValid(bytes.AsSpan(..length))
            || Encoding.UTF8.GetString(bytes, 0, length).Split(':', 2) is not [var id, var secret])
        {
            return (null, null);
        }

        return (Decode(id), Decode(secret));
    }

    private static string Decode(string part) => Uri.UnescapeDataString(part.Replace('+', ' '));

    /// <summary>Unknown, wrong and deactivated are one answer.</summary>
    private static JsonHttpResult<OAuthError> RefuseClient(HttpContext context)
    {
        context.Response.Headers.WWWAuthenticate = "Basic realm=\"orleans-iot\", charset=\"UTF-8\"";
        return TypedResults.Json(
            new OAuthError("invalid_client", "There is no such client, or this is not its secret."),
            statusCode: StatusCodes.Status401Unauthorized);
    }

    private static JsonHttpResult<OAuthError> Refuse(string error, string description) =>
        TypedResults.Json(new OAuthError(error, description), statusCode: StatusCodes.Status400BadRequest);
}

/// <summary>The body, as a form.</summary>
internal sealed record TokenRequest
{
    /// <summary>client_credentials.</summary>
    public required string GrantType { get; init; }

    /// <summary>The service account's id, unless HTTP Basic has it.</summary>
    public string? ClientId { get; init; }

    /// <summary>Its secret, unless HTTP Basic has it.</summary>
    public string? ClientSecret { get; init; }

    /// <summary>Names of roles with spaces between them; all that the account has when left out.</summary>
    public string? Scope { get; init; }
}

/// <param name="AccessToken">To send as <c>Authorization: Bearer …</c>, or as MQTT password.</param>
/// <param name="ExpiresIn">How many seconds it is good for.</param>
/// <param name="Scope">The roles that it lets use.</param>
internal sealed record TokenAnswer(string AccessToken, string TokenType, int ExpiresIn, string Scope)
{
    /// <summary>A record would print the token.</summary>
    public override string ToString() => $"TokenAnswer {{ {Scope} }}";
}

/// <param name="Error">A code of RFC 6749 section 5.2.</param>
/// <param name="ErrorDescription">For people.</param>
internal sealed record OAuthError(string Error, string ErrorDescription);
