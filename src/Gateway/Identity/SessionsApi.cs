using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Identity;

/// <summary>Where somebody is signed in: one's own sessions, and for administrators anybody's.</summary>
internal static class SessionsApi
{
    private const string Example =
        """{"sessions": [{"id": "kq0UzqLQ3Fh1rWfLZ8s1VA", "created_at": "2026-03-01T08:00:00Z", "last_used_at": "2026-03-02T08:00:00Z", "expires_at": "2026-04-01T08:00:00Z", "address": "192.0.2.7", "agent": "Mozilla/5.0", "current": true}]}""";

    public static void MapSessions(this IEndpointRouteBuilder routes)
    {
        var own = routes.MapGroup("/auth/sessions").WithTags("Identity").Fails(401, 403, 503, 504);

        own.MapGet("/", async (TenantGrains grains) => List(await (await grains.Self()).Sessions()))
            .WithName("ListSessions")
            .WithSummary("One's own sessions, the one used last first")
            .ExampleAnswer(Example);

        own.MapDelete("/", async (TenantGrains grains) =>
            {
                await (await grains.Self()).EndSessions(Caller.Current!.SessionId);
                return TypedResults.NoContent();
            })
            .WithName("EndOtherSessions")
            .WithSummary("Ends all of one's own sessions but this one");

        own.MapDelete("/{id}", async (string id, TenantGrains grains) =>
            {
                await (await grains.Self()).EndSession(id);
                return TypedResults.NoContent();
            })
            .WithName("EndSession")
            .WithSummary("Ends one of one's own sessions")
            .Fails(404);

        var users = routes.MapGroup("/users/{id}/sessions").WithTags("Identity").Fails(401, 404, 503, 504);

        users.MapGet("/", async (string id, TenantGrains grains) => List(await (await grains.SeenUser(id)).Sessions()))
            .WithName("ListUserSessions")
            .WithSummary("A user's sessions; for administrators and the user")
            .ExampleAnswer(Example);

        users.MapDelete("/", async (string id, TenantGrains grains) =>
            {
                await (await grains.SeenUser(id)).EndSessions(null);
                return TypedResults.NoContent();
            })
            .WithName("EndUserSessions")
            .WithSummary("Ends all of a user's sessions; for administrators and the user");
    }

    private static Ok<SignInSessions> List(IEnumerable<SessionRecord> sessions) => TypedResults.Ok(new SignInSessions(
        [.. sessions.Select(session => SignInSession.Of(session, Caller.Current!.SessionId))]));
}

internal sealed record SignInSessions(IReadOnlyList<SignInSession> Sessions);

/// <param name="LastUsedAt">When it was opened or refreshed last.</param>
/// <param name="ExpiresAt">When it ends unless it is refreshed before.</param>
/// <param name="Address">From where, then.</param>
/// <param name="Agent">What the client called itself, then.</param>
/// <param name="Current">Whether it is the one of this request.</param>
internal sealed record SignInSession(
    string Id, DateTime CreatedAt, DateTime LastUsedAt, DateTime ExpiresAt, string Address, string Agent, bool Current)
{
    public static SignInSession Of(SessionRecord session, string? current) => new(
        session.Id,
        session.CreatedAt.UtcDateTime,
        session.LastUsedAt.UtcDateTime,
        session.ExpiresAt.UtcDateTime,
        session.Address,
        session.Agent,
        session.Id == current);
}
