using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Audit;

/// <summary>
/// Notes every request that may change something, whatever became of it, and every refusal of one that may not: a new route
/// is noted without a word about it. The entry is durable before the answer to a change leaves.
/// </summary>
internal sealed class AuditMiddleware(
    RequestDelegate next, AuditTrail trail, IOptions<GatewayOptions> options, TimeProvider clock)
{
    public Task InvokeAsync(HttpContext context) =>
        MayChange(context.Request.Method) ? Change(context) : Look(context);

    private static bool MayChange(string method) =>
        !HttpMethods.IsGet(method) && !HttpMethods.IsHead(method) && !HttpMethods.IsOptions(method) && !HttpMethods.IsTrace(method);

    private async Task Change(HttpContext context)
    {
        var request = new Request(this, context);
        context.Response.OnStarting(static state => ((Request)state).Note(hasThrown: false), request);
        try
        {
            await next(context);
        }
        catch
        {
            await request.Note(hasThrown: true);
            throw;
        }

        await request.Note(hasThrown: false); // an answer without a body begins when the server is back
    }

    /// <summary>Nothing was changed, so nobody need wait for the entry before the answer.</summary>
    private async Task Look(HttpContext context)
    {
        await next(context);
        if (context.Response.StatusCode is StatusCodes.Status401Unauthorized or StatusCodes.Status403Forbidden
            or StatusCodes.Status429TooManyRequests)
        {
            await Note(context, hasThrown: false);
        }
    }

    private Task Note(HttpContext context, bool hasThrown)
    {
        var entry = AuditedRequest.Of(context, options.Value.Tenant, clock.GetUtcNow(), hasThrown);
        return entry.Result == AuditResult.Ok ? trail.Note(entry)
            : trail.NoteRefusal(
                entry.Subject.Length > 0 ? entry.Subject : ClientAddress.Network(context.Connection.RemoteIpAddress), entry);
    }

    /// <summary>One that is noted once, by whoever comes first.</summary>
    private sealed class Request(AuditMiddleware audit, HttpContext context)
    {
        private Task? _noted;

        public Task Note(bool hasThrown) => _noted ??= audit.Note(context, hasThrown);
    }
}
