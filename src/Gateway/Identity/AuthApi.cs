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

/// <summary>How somebody becomes a user, and a user gets an access token.</summary>
internal static class AuthApi
{
    private const string ServiceName = "gateway";

    public static void MapAuth(this IEndpointRouteBuilder routes)
    {
        var auth = routes.MapGroup("/auth").WithTags("Identity").AllowAnonymous();

        auth.MapPost("/register", Register)
            .WithName("Register")
            .AuditsSignIn<Registration>(registration => registration.Email)
            .LimitsSignIns(always: true)
            .WithSummary("Registers a user")
            .WithDescription("The password has 8 to 128 characters, is not the email or the user name, and is not one of the most common ones.")
            .ExampleBody("""{"email": "ada@example.org", "username": "Ada", "password": "correct horse battery staple"}""")
            .ExampleAnswer("""{"id": "01J9ZD3C6K", "email": "ada@example.org", "username": "Ada"}""")
            .Fails(400, 409, 413, 415, 429, 503, 504);

        auth.MapPost("/login", Login)
            .WithName("Login")
            .AuditsSignIn<Credentials>(credentials => credentials.Email)
            .LimitsSignIns()
            .WithSummary("Exchanges email and password for an access token")
            .WithDescription("An unknown user and a wrong password are the same 401.")
            .ExampleBody("""{"email": "ada@example.org", "password": "correct horse battery staple"}""")
            .ExampleAnswer("""{"message": "Signed in.", "auth_token": "eyJhbGciOiJFUzI1NiIs…", "expires_in": 900}""")
            .Fails(400, 401, 413, 415, 429, 503, 504);
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
        Credentials credentials, TenantGrains grains, AccessTokens tokens, IOptions<GatewayOptions> options)
    {
        Caller.SigningIn(options.Value.Tenant, ServiceName).Enter();
        var user = await UserOf(credentials.Email, grains).SignIn(credentials.Password);
        return TypedResults.Ok(new SignedIn(
            "Signed in.",
            tokens.Issue(options.Value.Tenant, user),
            (int)options.Value.AccessTokenLifetime.TotalSeconds));
    }

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
}

/// <param name="Message">For people.</param>
/// <param name="AuthToken">The access token, to send as <c>Authorization: Bearer …</c>.</param>
/// <param name="ExpiresIn">How many seconds it is good for.</param>
internal sealed record SignedIn(string Message, string AuthToken, int ExpiresIn);
