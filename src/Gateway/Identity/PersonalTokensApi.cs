using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using OrleansIoT.Failures;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Identity;

/// <summary>Tokens that a user makes for its own scripts: narrower than itself, shown once, and revocable.</summary>
internal static class PersonalTokensApi
{
    private const int MaxSeconds = 366 * 24 * 3_600;

    private const string ExampleToken =
        """{"id": "9nT3hPwr0HGUuAc0c5uzpQ", "name": "backup script", "scopes": ["viewer"], "grants": ["devices/#"], "created_at": "2026-03-01T08:00:00Z", "expires_at": "2026-06-01T08:00:00Z"}""";

    public static void MapPersonalTokens(this IEndpointRouteBuilder routes)
    {
        var tokens = routes.MapGroup("/auth/tokens").WithTags("Identity").Fails(401, 403, 503, 504);

        tokens.MapPost("/", Issue)
            .WithName("IssuePersonalToken")
            .WithSummary("Makes a personal access token")
            .WithDescription("It is sent like an access token, and may what its scopes and grants and its owner may, whichever is less. It is in this answer and nowhere else. It takes a session: a personal access token makes no others.")
            .ExampleBody("""{"name": "backup script", "scopes": ["viewer"], "grants": ["devices/#"], "expires_in": 7948800}""")
            .ExampleAnswer($$"""{"token": "iotp_default.0195…", "details": {{ExampleToken}}}""")
            .Fails(400, 404, 413, 415, 429);

        tokens.MapGet("/", async (TenantGrains grains) =>
                TypedResults.Ok(new PersonalTokenList([.. (await (await grains.Self()).Tokens()).Select(PersonalTokenView.Of)])))
            .WithName("ListPersonalTokens")
            .WithSummary("One's own personal access tokens, the newest first")
            .ExampleAnswer($$"""{"tokens": [{{ExampleToken}}]}""");

        tokens.MapDelete("/{id}", async (string id, TenantGrains grains) =>
            {
                await (await grains.Self()).RemoveToken(id);
                return TypedResults.NoContent();
            })
            .WithName("RemovePersonalToken")
            .WithSummary("Deletes a personal access token, which ends it")
            .Fails(404);
    }

    private static async Task<Created<IssuedPersonalToken>> Issue(NewPersonalToken wishes, TenantGrains grains)
    {
        if (wishes.ExpiresIn is < 1 or > MaxSeconds)
        {
            throw new FailureException(Failure.Invalid, $"'expires_in' is 1 to {MaxSeconds} seconds.");
        }

        var user = await grains.Self();
        var issued = await user.IssueToken(
            wishes.Name,
            wishes.Scopes is null ? Roles.None : RightsFields.RolesOf(wishes.Scopes, "scopes"),
            RightsFields.GrantsOf(wishes.Grants),
            TimeSpan.FromSeconds(wishes.ExpiresIn));
        var token = new OpaqueToken(TenantGrains.Tenant, issued.UserId, issued.Token.Id, issued.Secret);
        return TypedResults.Created(
            (string?)null,
            new IssuedPersonalToken(token.Format(OpaqueToken.PersonalPrefix), PersonalTokenView.Of(issued.Token)));
    }
}

internal sealed record NewPersonalToken
{
    /// <summary>What one calls it: 1 to 100 characters.</summary>
    public required string Name { get; init; }

    /// <summary>Of viewer, operator and admin, those of one's own roles that it lets use; all of them when left out or empty.</summary>
    public IReadOnlyList<string?>? Scopes { get; init; }

    /// <summary>Topic filters that it is narrowed to; one that begins with '!' denies. At most 50.</summary>
    public IReadOnlyList<string?>? Grants { get; init; }

    /// <summary>How many seconds it is good for: 1 to 31,622,400 (366 days).</summary>
    public required int ExpiresIn { get; init; }
}

/// <param name="Token">To send as <c>Authorization: Bearer …</c>, or as MQTT password; shown this once.</param>
internal sealed record IssuedPersonalToken(string Token, PersonalTokenView Details)
{
    /// <summary>A record would print the token.</summary>
    public override string ToString() => $"IssuedPersonalToken {{ {Details.Id} }}";
}

internal sealed record PersonalTokenList(IReadOnlyList<PersonalTokenView> Tokens);

/// <param name="Scopes">The roles that it lets use; none stands for all that its owner has.</param>
/// <param name="Grants">What it is narrowed to, besides its owner's own grants.</param>
internal sealed record PersonalTokenView(
    string Id, string Name, IReadOnlyList<string> Scopes, IReadOnlyList<string> Grants, DateTime CreatedAt, DateTime ExpiresAt)
{
    public static PersonalTokenView Of(TokenRecord token) => new(
        token.Id, token.Name, RoleNames.Of(token.Roles), token.Grants, token.CreatedAt.UtcDateTime, token.ExpiresAt.UtcDateTime);
}
