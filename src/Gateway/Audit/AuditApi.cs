using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using OrleansIoT.Failures;
using OrleansIoT.Gateway.Identity;
using OrleansIoT.Gateway.Telemetry;
using OrleansIoT.Identity;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Gateway.Audit;

/// <summary>Who did what in the caller's tenant; for administrators.</summary>
internal static class AuditApi
{
    private static readonly PageSize Size = new(100, AuditQuery.MaxLimit);

    public static void MapAudit(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/audit", List)
            .WithTags("Identity")
            .WithName("ListAudit")
            .WithSummary("Who did what to which thing, when, from where, with which result; for administrators")
            .WithDescription("The newest first, unless 'order' is asc. Every sign-in, every request that may change something, and every refusal; of many refusals of one kind the first ones of a minute, and then one entry with their 'count'.")
            .WithMetadata(Size)
            .ExampleAnswer("""{"entries": [{"id": 42, "at": "2026-03-02T08:15:00.1Z", "actor": {"kind": "user", "id": "01J9ZD3C6K", "name": null}, "address": "192.0.2.7", "action": "RegisterDevice", "thing": {"type": "device", "id": "meter-7"}, "result": "ok", "status": 201, "failure": null, "reason": null, "count": 1}], "next": null}""")
            .Fails(400, 401, 403, 503, 504);

    private static async Task<Ok<AuditList>> List([AsParameters] AuditParameters wishes, HttpContext context, TenantGrains grains)
    {
        AuditParameters.Check(context);
        var page = await grains.Audit.List(wishes.Query(Size));
        return TypedResults.Ok(new AuditList([.. page.Entries.Select(AuditView.Of)], page.Next?.ToString()));
    }
}

/// <summary>What a query string asks of the audit. A parameter that is empty counts as left out.</summary>
internal sealed record AuditParameters(
    [FromQuery(Name = "start")] string? Start,
    [FromQuery(Name = "end")] string? End,
    [FromQuery(Name = "actor")] string? Actor,
    [FromQuery(Name = "action")] string? Action,
    [FromQuery(Name = "thing")] string? Thing,
    [FromQuery(Name = "result")] string? Result,
    [FromQuery(Name = "limit")] string? Limit,
    [FromQuery(Name = "cursor")] string? Cursor,
    [FromQuery(Name = "order")] string? Order)
{
    /// <exception cref="FailureException">Invalid: the query string has a parameter that nobody would read.</exception>
    public static void Check(HttpContext context) =>
        context.TakesOnly("start", "end", "actor", "action", "thing", "result", "limit", "cursor", "order");

    /// <exception cref="FailureException">Invalid: one of them is not what it should be.</exception>
    public AuditQuery Query(PageSize size)
    {
        var (start, end) = (Instant("start", Start, DateTimeOffset.MinValue), Instant("end", End, DateTimeOffset.MaxValue));
        return start < end
            ? new AuditQuery(
                start, end, Text("actor", Actor), Text("action", Action), Text("thing", Thing), ResultOf(Result),
                size.Parse(Limit), After(), Order switch
                {
                    null or "" or "desc" => false,
                    "asc" => true,
                    _ => throw Invalid("'order' is asc or desc."),
                })
            : throw Invalid("'start' is before 'end'.");
    }

    private TelemetryPosition? After() =>
        string.IsNullOrEmpty(Cursor) ? null
        : TelemetryPosition.TryParse(Cursor, out var after) ? after
        : throw Invalid("'cursor' is the 'next' of an earlier page of the same range.");

    private static DateTimeOffset Instant(string name, string? text, DateTimeOffset otherwise) =>
        string.IsNullOrEmpty(text) ? otherwise
        : Rfc3339.TryParse(text, out var instant) ? instant
        : throw Invalid($"'{name}' is an instant with date, time and offset, such as 2026-03-01T00:00:00Z; in a query string, a '+' is written %2B.");

    private static string? Text(string name, string? text) =>
        string.IsNullOrEmpty(text) ? null
        : text.Length <= 2 * AuditEntry.MaxText ? text
        : throw Invalid($"'{name}' has at most {2 * AuditEntry.MaxText} characters.");

    private static AuditResult? ResultOf(string? result) => result switch
    {
        null or "" => null,
        "ok" => AuditResult.Ok,
        "refused" => AuditResult.Refused,
        "failed" => AuditResult.Failed,
        _ => throw Invalid("'result' is ok, refused or failed."),
    };

    private static FailureException Invalid(string message) => new(Failure.Invalid, message);
}

/// <param name="Next">The cursor of the next page, or null at the end.</param>
internal sealed record AuditList(IReadOnlyList<AuditView> Entries, string? Next);

/// <param name="Kind">user, device, service, or nobody for who has not signed in.</param>
/// <param name="Id">The user's or the device's id, or the service's name; null for nobody, and while one signs in.</param>
/// <param name="Name">At a sign-in what was typed, if it has the form of an email.</param>
internal sealed record ActorView(string Kind, string? Id, string? Name);

internal sealed record ThingView(string Type, string? Id);

/// <param name="Id">Increasing.</param>
/// <param name="At">When it was answered.</param>
/// <param name="Action">The name of the operation in this document, as RegisterDevice; or MqttConnect.</param>
/// <param name="Thing">Null where it is not about one thing.</param>
/// <param name="Result">ok, refused or failed.</param>
/// <param name="Status">The HTTP status; of MqttConnect the reason code of MQTT 5.0.</param>
/// <param name="Failure">The code of the problem, or null.</param>
/// <param name="Count">How many requests it stands for: 1, but for what sums refusals up.</param>
internal sealed record AuditView(
    long Id,
    DateTime At,
    ActorView Actor,
    string Address,
    string Action,
    ThingView? Thing,
    string Result,
    int Status,
    string? Failure,
    string? Reason,
    long Count)
{
    public static AuditView Of(AuditEntry entry) => new(
        entry.Id,
        entry.At.UtcDateTime,
        new ActorView(
            entry.Actor switch
            {
                AuditActor.User => "user",
                AuditActor.Device => "device",
                AuditActor.Service => "service",
                _ => "nobody",
            },
            OrNull(entry.Subject),
            OrNull(entry.Name)),
        entry.Address,
        entry.Action,
        entry.ThingType.Length + entry.ThingId.Length > 0 ? new ThingView(entry.ThingType, OrNull(entry.ThingId)) : null,
        entry.Result switch
        {
            AuditResult.Ok => "ok",
            AuditResult.Refused => "refused",
            _ => "failed",
        },
        entry.Status,
        OrNull(entry.Failure),
        OrNull(entry.Reason),
        entry.Count);

    private static string? OrNull(string text) => text.Length > 0 ? text : null;
}
