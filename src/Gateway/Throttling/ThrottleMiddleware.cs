using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using OrleansIoT.Failures;
using OrleansIoT.Gateway.Audit;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Throttling;

/// <summary>
/// How often a caller may ask, told by the headers RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers-10),
/// and how often a network may fail to sign in. Behind authentication, so that a caller is counted as who it is, and before
/// authorization, so that refusals count too. Callers and networks have tables of their own: a flood from everywhere
/// takes nothing from who is signed in.
/// </summary>
internal sealed class ThrottleMiddleware
{
    private readonly RequestDelegate _next;
    private readonly RequestRates? _callers;
    private readonly RequestRates? _networks;
    private readonly SignInRates _signIns;
    private readonly string _policy;

    public ThrottleMiddleware(RequestDelegate next, IOptions<GatewayOptions> options, TimeProvider clock)
    {
        _next = next;
        _signIns = new SignInRates(clock);
        var (rate, burst) = (options.Value.RequestRate, options.Value.RequestBurst);
        if (rate > 0)
        {
            (_callers, _networks) = (new RequestRates(clock, rate, burst), new RequestRates(clock, rate, burst));
        }

        // A bucket gives its burst anew in as many seconds as it takes to fill.
        _policy = rate > 0 ? string.Create(CultureInfo.InvariantCulture, $"\"default\";q={burst};w={(burst + rate - 1) / rate}") : "";
    }

    public Task InvokeAsync(HttpContext context)
    {
        var caller = Caller.Current;
        context.Audit().Caller = caller;
        var metadata = context.GetEndpoint()?.Metadata;
        if (_callers is not null && metadata?.GetMetadata<NotThrottled>() is null)
        {
            var allowance = caller is null
                ? _networks!.Take(ClientAddress.Network(context.Connection.RemoteIpAddress))
                : _callers.Take($"{caller.Tenant}/{caller.Kind}/{caller.Subject}");
            context.Response.OnStarting(Tell, (context.Response, _policy, allowance)); // an exception would take headers back
            if (!allowance.IsAdmitted)
            {
                throw new FailureException(Failure.TooMany, "More requests than this server takes of one caller.")
                {
                    RetryAfter = TimeSpan.FromSeconds(allowance.SecondsToNext),
                };
            }
        }

        return metadata?.GetMetadata<LimitsSignIns>() is { } limit ? SignIn(context, limit) : _next(context);
    }

    private static Task Tell(object state)
    {
        var (response, policy, allowance) = ((HttpResponse, string, Allowance))state;
        response.Headers["RateLimit-Policy"] = policy;
        response.Headers["RateLimit"] = string.Create(
            CultureInfo.InvariantCulture, $"\"default\";r={allowance.Left};t={allowance.SecondsToFull}");
        return Task.CompletedTask;
    }

    private async Task SignIn(HttpContext context, LimitsSignIns limit)
    {
        var network = ClientAddress.Network(context.Connection.RemoteIpAddress);
        if (_signIns.Begin(network, out var wait) is not { } begun)
        {
            throw new FailureException(Failure.TooMany, "Too many failed sign-ins or registrations from this address. Each one more makes the wait longer, up to a minute.")
            {
                RetryAfter = wait,
            };
        }

        var counts = false;
        try
        {
            await _next(context);
            counts = context.Response.StatusCode == StatusCodes.Status401Unauthorized
                || (limit.Always && context.Response.StatusCode < StatusCodes.Status400BadRequest);
        }
        catch (FailureException failure)
        {
            counts = failure.Failure == Failure.NotSignedIn || (limit.Always && failure.Failure == Failure.Conflict);
            throw;
        }
        finally
        {
            _signIns.End(begun, counts && !NothingShown.IsSaid(context));
        }
    }
}
