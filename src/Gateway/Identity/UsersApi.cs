using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using OrleansIoT.Failures;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Identity;

/// <summary>The users of the caller's tenant: all of them for administrators, who manage them, oneself for everybody.</summary>
internal static class UsersApi
{
    private const string ExampleUser =
        """{"id": "01J9ZD3C6K", "email": "ada@example.org", "username": "Ada", "active": true, "roles": ["viewer"], "grants": [], "created_at": "2026-03-01T08:00:00Z"}""";

    public static void MapUsers(this IEndpointRouteBuilder routes)
    {
        var users = routes.MapGroup("/users").WithTags("Identity").Fails(401, 503, 504);

        users.MapGet("/", List)
            .WithName("ListUsers")
            .WithSummary("Lists users; for administrators")
            .WithMetadata(DirectoryPages.Size)
            .ExampleAnswer($$$"""{"data": {"users": [{{{ExampleUser}}}]}, "next": null}""")
            .Fails(400, 403);

        users.MapPost("/", Create)
            .WithName("CreateUser")
            .WithSummary("Creates a user; for administrators")
            .WithDescription("Without a password one is made, which is in this answer and nowhere else.")
            .ExampleBody("""{"email": "ada@example.org", "username": "Ada", "roles": ["viewer"], "grants": ["devices/meter-7/#"]}""")
            .ExampleAnswer($$$"""{"data": {"users": [{{{ExampleUser}}}]}, "password": "tKc0wYd5u9Rr2nQe8pLs"}""")
            .Fails(400, 403, 409, 413, 415, 429);

        users.MapGet("/{id}", Get)
            .WithName("GetUser")
            .WithSummary("One's own record; for administrators anybody's")
            .ExampleAnswer($$$"""{"data": {"users": [{{{ExampleUser}}}]}}""")
            .Fails(404);

        users.MapPatch("/{id}", Change)
            .WithName("ChangeUser")
            .WithSummary("Changes a user's roles, grants, name, or whether it may sign in; for administrators")
            .WithDescription("What is left out stays as it is. Other roles or grants count at once; a deactivation ends every session. Nobody takes away their own role admin, and somebody keeps it.")
            .ExampleBody("""{"roles": ["operator"], "grants": ["plant/#", "!plant/secret/#"], "active": true}""")
            .ExampleAnswer($$$"""{"data": {"users": [{{{ExampleUser}}}]}}""")
            .Fails(400, 403, 404, 409, 413, 415);

        users.MapDelete("/{id}", Remove)
            .WithName("RemoveUser")
            .WithSummary("Deletes a user and ends its sessions; for administrators")
            .Fails(403, 404, 409);

        users.MapPost("/{id}/password", ResetPassword)
            .WithName("ResetPassword")
            .WithSummary("Gives a user a new password, and ends its sessions and tokens; for administrators")
            .WithDescription("The password is in this answer and nowhere else.")
            .ExampleAnswer("""{"id": "01J9ZD3C6K", "password": "tKc0wYd5u9Rr2nQe8pLs"}""")
            .Fails(403, 404, 409, 429);
    }

    private static async Task<Ok<UserPage>> List(string? search, string? limit, string? cursor, TenantGrains grains)
    {
        var page = await grains.Users.Page(search, limit, cursor);
        var users = await page.Get(async entry =>
        {
            var user = await grains.User(entry.GrainName).Get();
            return user.Id == entry.Id ? user : throw TenantGrains.NoUser();
        });
        return TypedResults.Ok(new UserPage(new UserList([.. users.Select(UserView.Of)]), page.Next));
    }

    private static async Task<Created<CreatedUserAnswer>> Create(NewUser user, TenantGrains grains)
    {
        if (!UserRules.IsEmail(user.Email, out var why))
        {
            throw new FailureException(Failure.Invalid, why);
        }

        var created = await grains.User(user.Email).Create(
            user.Username, user.Password, RightsFields.RolesOf(user.Roles), RightsFields.GrantsOf(user.Grants));
        return TypedResults.Created($"/users/{created.User.Id}", new CreatedUserAnswer(ListOf(created.User), created.Password));
    }

    private static async Task<Ok<UserAnswer>> Get(string id, TenantGrains grains) =>
        TypedResults.Ok(new UserAnswer(ListOf(await (await grains.SeenUser(id)).Get())));

    private static async Task<Ok<UserAnswer>> Change(string id, UserPatch patch, TenantGrains grains)
    {
        var user = await grains.SeenUser(id);
        return TypedResults.Ok(new UserAnswer(ListOf(await user.Change(new UserChange(
            patch.Username,
            patch.Active,
            patch.Roles is null ? null : RightsFields.RolesOf(patch.Roles),
            patch.Grants is null ? null : RightsFields.GrantsOf(patch.Grants))))));
    }

    private static async Task<NoContent> Remove(string id, TenantGrains grains)
    {
        await (await grains.SeenUser(id)).Remove();
        return TypedResults.NoContent();
    }

    private static async Task<Ok<NewPassword>> ResetPassword(string id, TenantGrains grains) =>
        TypedResults.Ok(new NewPassword(id, await (await grains.SeenUser(id)).ResetPassword()));

    private static UserList ListOf(UserRecord user) => new([UserView.Of(user)]);
}

internal sealed record NewUser
{
    /// <summary>Unique, whatever its case: name@domain, at most 254 characters.</summary>
    public required string Email { get; init; }

    /// <summary>What people call the user: 1 to 100 printable characters.</summary>
    public required string Username { get; init; }

    /// <summary>8 to 128 characters; one is made when left out.</summary>
    public string? Password { get; init; }

    /// <summary>Of viewer, operator and admin.</summary>
    public required IReadOnlyList<string?> Roles { get; init; }

    /// <summary>Topic filters that it is narrowed to; one that begins with '!' denies. At most 50, none for an administrator.</summary>
    public IReadOnlyList<string?>? Grants { get; init; }
}

internal sealed record UserPatch
{
    /// <summary>What people call the user: 1 to 100 printable characters.</summary>
    public string? Username { get; init; }

    /// <summary>Whether the user may sign in.</summary>
    public bool? Active { get; init; }

    /// <summary>Of viewer, operator and admin: all that it has from now on.</summary>
    public IReadOnlyList<string?>? Roles { get; init; }

    /// <summary>Topic filters that it is narrowed to from now on; none narrow nothing.</summary>
    public IReadOnlyList<string?>? Grants { get; init; }
}

internal sealed record UserAnswer(UserList Data);

/// <param name="Password">The password if it was made here, shown this once.</param>
internal sealed record CreatedUserAnswer(UserList Data, string? Password)
{
    /// <summary>A record would print the password.</summary>
    public override string ToString() => "CreatedUserAnswer";
}

/// <param name="Password">Shown this once.</param>
internal sealed record NewPassword(string Id, string Password)
{
    /// <summary>A record would print the password.</summary>
    public override string ToString() => $"NewPassword {{ {Id} }}";
}

/// <param name="Next">The cursor of the next page, or null at the end.</param>
internal sealed record UserPage(UserList Data, string? Next);

internal sealed record UserList(IReadOnlyList<UserView> Users);

/// <param name="Active">Whether the user may sign in.</param>
/// <param name="Roles">Of viewer, operator and admin.</param>
/// <param name="Grants">Topic filters that it is narrowed to; none narrow nothing.</param>
internal sealed record UserView(
    string Id, string Email, string Username, bool Active, IReadOnlyList<string> Roles, IReadOnlyList<string> Grants, DateTime CreatedAt)
{
    public static UserView Of(UserRecord user) => new(
        user.Id,
        user.Email,
        user.Username,
        user.Active,
        RoleNames.Of(user.Roles),
        user.Grants.IsDefault ? [] : user.Grants,
        user.CreatedAt.UtcDateTime);
}
