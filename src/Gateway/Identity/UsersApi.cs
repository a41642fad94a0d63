using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using OrleansIoT.Failures;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Identity;

/// <summary>The users of the caller's tenant: all of them for administrators, oneself for everybody.</summary>
internal static class UsersApi
{
    public static void MapUsers(this IEndpointRouteBuilder routes)
    {
        var users = routes.MapGroup("/users").WithTags("Identity").Fails(401, 503, 504);

        users.MapGet("/", List)
            .WithName("ListUsers")
            .WithSummary("Lists users; for administrators")
            .WithMetadata(DirectoryPages.Size)
            .ExampleAnswer("""{"data": {"users": [{"id": "01J9ZD3C6K", "email": "ada@example.org", "username": "Ada", "active": true, "roles": ["viewer"]}]}, "next": null}""")
            .Fails(400, 403);

        users.MapGet("/{id}", Get)
            .WithName("GetUser")
            .WithSummary("One's own record; for administrators anybody's")
            .ExampleAnswer("""{"data": {"users": [{"id": "01J9ZD3C6K", "email": "ada@example.org", "username": "Ada", "active": true, "roles": ["viewer"]}]}}""")
            .Fails(404);
    }

    private static async Task<Ok<UserPage>> List(string? search, string? limit, string? cursor, TenantGrains grains)
    {
        var page = await grains.Users.Page(search, limit, cursor);
        var users = await page.Get(entry => grains.User(entry.GrainName).Get());
        return TypedResults.Ok(new UserPage(new UserList([.. users.Select(UserView.Of)]), page.Next));
    }

    private static async Task<Ok<UserAnswer>> Get(string id, TenantGrains grains)
    {
        var entry = await grains.Users.Find(id) ?? throw new FailureException(Failure.NotFound, "There is no such user.");
        var user = await grains.User(entry.GrainName).Get();
        return TypedResults.Ok(new UserAnswer(new UserList([UserView.Of(user)])));
    }
}

internal sealed record UserAnswer(UserList Data);

/// <param name="Next">The cursor of the next page, or null at the end.</param>
internal sealed record UserPage(UserList Data, string? Next);

internal sealed record UserList(IReadOnlyList<UserView> Users);

/// <param name="Active">Whether the user may sign in.</param>
/// <param name="Roles">Of viewer, operator and admin.</param>
internal sealed record UserView(string Id, string Email, string Username, bool Active, IReadOnlyList<string> Roles)
{
    public static UserView Of(UserRecord user) =>
        new(user.Id, user.Email, user.Username, user.Active, RoleNames.Of(user.Roles));
}
