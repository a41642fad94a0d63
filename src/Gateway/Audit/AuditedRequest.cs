using System.Globalization;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Audit;

/// <summary>From a request and its answer to an entry of the audit.</summary>
internal static class AuditedRequest
{
    private const string NoRoute = "NoRoute";
    private const int ClientClosedRequest = 499; // what the server calls one that did not wait for its answer

    /// <param name="context">Answered, or about to be.</param>
    /// <param name="tenant">The tenant of who has not signed in, nor does so now.</param>
    /// <param name="now">When.</param>
    /// <param name="hasThrown">Nobody knows what became of it.</param>
    public static AuditEntry Of(HttpContext context, string tenant, DateTimeOffset now, bool hasThrown)
    {
        var note = context.Audit();
        var status = hasThrown && context.Response.StatusCode < 400 ? StatusCodes.Status500InternalServerError : context.Response.StatusCode;
        var (endpoint, values) = Routed(context);
        var (type, id) = ThingOf(context, endpoint, values, note, status);
        return new AuditEntry
        {
            At = now,
            Tenant = note.Caller?.Tenant ?? note.Tenant ?? tenant,
            Actor = note.Caller?.Kind switch
            {
                CallerKind.User => AuditActor.User,
                CallerKind.Device => AuditActor.Device,
                CallerKind.Service => AuditActor.Service,
                _ => note.Name.Length > 0 && status < 400 ? AuditActor.User : AuditActor.Nobody,
            },
            Subject = note.Caller?.Subject ?? "",
            Name = note.Name,
            Address = ClientAddress.Text(context.Connection.RemoteIpAddress),
            Action = endpoint?.Metadata.GetMetadata<AuditedAs>()?.Action
                ?? endpoint?.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName
                ?? (endpoint as RouteEndpoint)?.RoutePattern.RawText
                ?? NoRoute,
            ThingType = type,
            ThingId = id,
            Result = status < 400 ? AuditResult.Ok
                : status is >= 500 or ClientClosedRequest ? AuditResult.Failed
                : AuditResult.Refused,
            Status = status,
            Failure = note.Problem?.Failure ?? "",
            Reason = ReasonOf(note, status),
        };
    }

    /// <summary>The exception handler has put the endpoint away, and keeps it in its feature.</summary>
    private static (Endpoint? Endpoint, RouteValueDictionary? Values) Routed(HttpContext context) =>
        context.GetEndpoint() is { } endpoint ? (endpoint, context.Request.RouteValues)
        : context.Features.Get<IExceptionHandlerFeature>() is { } thrown ? (thrown.Endpoint, thrown.RouteValues)
        : (null, null);

    private static (string Type, string Id) ThingOf(
        HttpContext context, Endpoint? endpoint, RouteValueDictionary? values, AuditNote note, int status)
    {
        if (status == StatusCodes.Status201Created && Made(context.Response.Headers.Location.ToString()) is { } made)
        {
            return made;
        }

        if (endpoint is not RouteEndpoint { RoutePattern: var pattern })
        {
            return ("", "");
        }

        var type = endpoint.Metadata.GetMetadata<AuditedAs>()?.Thing ?? RouteThing.TypeOf(pattern);
        var id = note.ThingId
            ?? (pattern.Parameters.Count > 0 && values is not null
                ? Convert.ToString(values[pattern.Parameters[^1].Name], CultureInfo.InvariantCulture) ?? ""
                : "");
        return id.Length > 0 || note.ThingId is not null ? (type, id) : ("", "");
    }

    /// <summary>What was made has an address: <c>/devices/meter-7</c> is the device meter-7.</summary>
    private static (string Type, string Id)? Made(string location)
    {
        var parts = location.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return parts.Length >= 2 ? (RouteThing.Singular(parts[^2]), Uri.UnescapeDataString(parts[^1])) : null;
    }

    /// <summary>A refusal's own sentence; of what is wrong with a request only its kind, because the sentence may quote it.</summary>
    private static string ReasonOf(AuditNote note, int status) => note.Problem is not { } problem ? ""
        : status is StatusCodes.Status401Unauthorized or StatusCodes.Status403Forbidden or StatusCodes.Status404NotFound
            or StatusCodes.Status409Conflict or StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable
            ? problem.Detail
            : problem.Title;
}
