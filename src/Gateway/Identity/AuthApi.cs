using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;
using OrleansIoT.Failures;
using OrleansIoT.Gateway.Audit;
using OrleansIoT.Gateway.Throttling;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Identity;

/// <summary>How somebody becomes a user, and a user gets access tokens, goes on getting them, and leaves.</summary>
internal static class AuthApi
{
    private const string ServiceName = "gateway";

    private const string ExampleSignedIn =
        """{"message": "Signed in.", "auth_token": "eyJhbGciOiJFUzI1NiIs…", "expires_in": 900, "refresh_token": "iotr_default.0195…", "refresh_expires_in": 2592000}""";

    public static void MapAuth(this IEndpointRouteBuilder routes)
    {
        var auth = routes.MapGroup("/auth").WithTags("Identity");

        auth.MapPost("/register", Register)
            .AllowAnonymous()
            .WithName("Register")
            .AuditsSignIn<Registration>(registration => registration.Email)
            .LimitsSignIns(always: true)
            .WithSummary("Registers a user")
            .WithDescription("The password has 8 to 128 characters, is not the email or the user name, and is not one of the most common ones.")
            .ExampleBody("""{"email": "ada@example.org", "username": "Ada", "password": "correct horse battery staple"}""")
            .ExampleAnswer("""{"id": "01J9ZD3C6K", "email": "ada@example.org", "username": "Ada"}""")
            .Fails(400, 409, 413, 415, 429, 503, 504);

        auth.MapPost("/login", Login)
            .AllowAnonymous()
            .WithName("Login")
            .WithSummary("Opens a session: exchanges email and password for an access token and a refresh token")
            .WithDescription("An unknown user and a wrong password are the same 401. Who is wrong five times waits, longer each time, at most a minute. With 'cookie' the refresh token is not in the answer but in a cookie that no script can read, for pages of this origin.")
            .AuditsSignIn<Credentials>(credentials => credentials.Email)
            .LimitsSignIns()
            .ExampleBody("""{"email": "ada@example.org", "password": "correct horse battery staple"}""")
            .ExampleAnswer(ExampleSignedIn)
            .Fails(400, 401, 403, 413, 415, 429, 503, 504);

        auth.MapPost("/refresh", Refresh)
            .AllowAnonymous()
            .WithName("Refresh")
            .LimitsSignIns()
            .WithSummary("Exchanges a refresh token for a new access token and the next refresh token")
            .WithDescription("A refresh token is good once, and for 30 seconds more with the same answer. One that comes later was stolen, or its thief's was: the session ends (RFC 9700 section 4.14.2). Without a body it is the one of the cookie, and the next one is in the cookie again.")
            .ExampleBody("""{"refresh_token": "iotr_default.0195…"}""")
            .ExampleAnswer(ExampleSignedIn)
            .Fails(400, 401, 403, 413, 415, 503, 504);

        auth.MapPost("/logout", Logout)
            .WithName("Logout")
            .WithSummary("Ends the session that the access token belongs to, and takes the cookie away")
            .Fails(401, 403, 404, 503, 504);

        auth.MapGet("/me", Me)
            .WithName("Me")
            .WithSummary("Who one is, and what one may")
            .ExampleAnswer("""{"id": "01J9ZD3C6K", "kind": "user", "tenant": "default", "email": "ada@example.org", "username": "Ada", "roles": ["viewer"], "grants": [], "expires_at": "2026-03-02T08:15:00Z"}""")
            .Fails(401, 503, 504);

        auth.MapPost("/password", ChangePassword)
            .WithName("ChangePassword")
            .WithSummary("Changes one's own password")
            .WithDescription("Every other session and every personal access token ends. It takes a session: a personal access token does not do.")
            .ExampleBody("""{"current_password": "correct horse battery staple", "new_password": "a longer one than that"}""")
            .Fails(400, 401, 403, 404, 413, 415, 429, 503, 504);
    }

    private static async Task<Created<RegisteredUser>> Register(
        Registration registration, TenantGrains grains, IOptions<GatewayOptions> options)
    {
        Caller.SigningIn(options.Value.Tenant, ServiceName).Enter();
        var user = await UserOf(registration.Email, grains)
            .Register(registration.Username, registration.Password, options.Value.RegistrationRole);
        return TypedResults.Created($"/users/{user.Id}", new RegisteredUser(user.Id, user.Email, user.Username));
    }

    private static async Task<Ok<SignedIn>> Login(
        Credentials credentials, HttpContext context, TenantGrains grains, AccessTokens tokens, IOptions<GatewayOptions> options)
    {
        var tenant = credentials.Tenant ?? options.Value.Tenant;
        if (credentials.Tenant is not null && credentials.Tenant != options.Value.Tenant && !TenantName.IsValid(tenant, out var why))
        {
            throw new FailureException(Failure.Invalid, why);
        }

        Caller.SigningIn(tenant, ServiceName).Enter();
        var session = await UserOf(credentials.Email, grains)
            .SignIn(credentials.Password, context.Origin(), options.Value.RefreshTokenLifetime);
        context.Audit().Tenant = tenant;
        return Answer("Signed in.", tenant, session, tokens, options.Value).In(context, credentials.Cookie ?? false, options.Value);
    }

    private static async Task<Ok<SignedIn>> Refresh(
        RefreshRequest? request, HttpContext context, TenantGrains grains, AccessTokens tokens, IOptions<GatewayOptions> options)
    {
        var isCookie = request is null;
        var shown = isCookie ? RefreshCookie.Read(context) : request!.RefreshToken;
        if (shown is null)
        {
            NothingShown.Say(context);
        }

        try
        {
            if (!OpaqueToken.TryParse(OpaqueToken.RefreshPrefix, shown, out var token))
            {
                throw NotGood();
            }

            Caller.SigningIn(token.Tenant, ServiceName).Enter();
            var user = await grains.FindUser(token.UserId) ?? throw NotGood();
            var session = await user.Refresh(token.Id, token.Secret, context.Origin(), options.Value.RefreshTokenLifetime);
            context.Audit().Tenant = token.Tenant;
            return Answer("Refreshed.", token.Tenant, session, tokens, options.Value).In(context, isCookie, options.Value);
        }
        catch (FailureException e) when (isCookie && e.Failure == Failure.NotSignedIn)
        {
            RefreshCookie.Clear(context);
            throw;
        }
    }

    private static async Task<NoContent> Logout(HttpContext context, TenantGrains grains)
    {
        var user = await grains.Self();
        await user.EndSession(Caller.Current!.SessionId ?? "");
        RefreshCookie.Clear(context);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<MeView>> Me(TenantGrains grains)
    {
        var caller = Caller.Current!;
        var user = caller.Kind == CallerKind.User && await grains.FindUser(caller.Subject) is { } self ? await self.Get() : null;
        return TypedResults.Ok(new MeView(
            caller.Subject,
            caller.Kind == CallerKind.User ? "user" : "service",
            caller.Tenant,
            user?.Email,
            user?.Username,
            RoleNames.Of(caller.Roles),
            caller.Grants.IsDefault ? [] : caller.Grants,
            caller.ExpiresAt.UtcDateTime));
    }

    private static async Task<NoContent> ChangePassword(PasswordChange change, TenantGrains grains)
    {
        var user = await grains.Self();
        await user.ChangePassword(change.CurrentPassword, change.NewPassword);
        return TypedResults.NoContent();
    }

    private static SignedIn Answer(
        string message, string tenant, OpenedSession session, AccessTokens tokens, GatewayOptions options) => new(
        message,
        tokens.Issue(tenant, session.User, session.SessionId),
        (int)options.AccessTokenLifetime.TotalSeconds,
        new OpaqueToken(tenant, session.User.Id, session.SessionId, session.Secret).Format(OpaqueToken.RefreshPrefix),
        (int)options.RefreshTokenLifetime.TotalSeconds);

    /// <summary>The refresh token goes where it is wanted: into the body or into the cookie.</summary>
    private static Ok<SignedIn> In(this SignedIn answer, HttpContext context, bool cookie, GatewayOptions options)
    {
        if (cookie)
        {
            RefreshCookie.Write(context, answer.RefreshToken!, options.RefreshTokenLifetime);
            answer = answer with { RefreshToken = null };
        }

        return TypedResults.Ok(answer);
    }

    /// <summary>What the user's grain says too, so that nothing is learnt from where it failed.</summary>
    private static FailureException NotGood() =>
        new(Failure.NotSignedIn, "The refresh token is not one of ours, was used already, or its session has ended. Sign in again.");

    /// <summary>What cannot be an email wakes no grain.</summary>
    private static IUserGrain UserOf(string email, TenantGrains grains) =>
        UserRules.IsEmail(email, out var why) ? grains.User(email) : throw new FailureException(Failure.Invalid, why);
}

internal sealed record Registration
{
    /// <summary>Unique, whatever its case: name@domain, at most 254 characters.</summary>
    public required string Email { get; init; }

    /// <summary>What people call the user: 1 to 100 printable characters.</summary>
    public required string Username { get; init; }

    /// <summary>8 to 128 characters.</summary>
    public required string Password { get; init; }
}

internal sealed record RegisteredUser(string Id, string Email, string Username);

internal sealed record Credentials
{
    public required string Email { get; init; }

    public required string Password { get; init; }

    /// <summary>The user's tenant; the gateway's own when left out.</summary>
    public string? Tenant { get; init; }

    /// <summary>True for a page of this origin: the refresh token is set as a cookie.</summary>
    public bool? Cookie { get; init; }
}

internal sealed record RefreshRequest
{
    /// <summary>The one that the last sign-in or refresh of the session answered.</summary>
    public required string RefreshToken { get; init; }
}

/// <param name="Id">As in tokens and in the audit.</param>
/// <param name="Kind">user or service.</param>
/// <param name="Email">Null for who is not registered here.</param>
/// <param name="Username">Likewise.</param>
/// <param name="Roles">What they let do with this token, which may be less than of the user.</param>
/// <param name="Grants">What this token is narrowed to; empty for nothing.</param>
/// <param name="ExpiresAt">When the token ends.</param>
internal sealed record MeView(
    string Id,
    string Kind,
    string Tenant,
    string? Email,
    string? Username,
    IReadOnlyList<string> Roles,
    IReadOnlyList<string> Grants,
    DateTime ExpiresAt);

internal sealed record PasswordChange
{
    public required string CurrentPassword { get; init; }

    /// <summary>8 to 128 characters.</summary>
    public required string NewPassword { get; init; }
}

/// <param name="Message">For people.</param>
/// <param name="AuthToken">The access token, to send as <c>Authorization: Bearer …</c>.</param>
/// <param name="ExpiresIn">How many seconds it is good for.</param>
/// <param name="RefreshToken">Good once, for POST /auth/refresh; left out where it is in the cookie.</param>
/// <param name="RefreshExpiresIn">How many seconds it is good for.</param>
internal sealed record SignedIn(
    string Message,
    string AuthToken,
    int ExpiresIn,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? RefreshToken,
    int RefreshExpiresIn)
{
    /// <summary>A record would print the tokens.</summary>
    public override string ToString() => $"SignedIn {{ {Message} }}";
}
