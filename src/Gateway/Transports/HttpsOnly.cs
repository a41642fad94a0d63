using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Options;

namespace OrleansIoT.Gateway.Transports;

/// <summary>What leads browsers from HTTP to HTTPS and keeps them there.</summary>
internal sealed class HttpsOnly(RequestDelegate next, HttpsListener https, IOptions<GatewayOptions> options)
{
    /// <summary>RFC 6797 section 6.1: 30 days, in seconds. A browser takes no plain HTTP from this host so long, on any port.</summary>
    private const string StrictTransportSecurity = "max-age=2592000";

    /// <summary>What people call their own machine has many servers, and most of them no TLS.</summary>
    private static readonly string[] LocalHosts = ["localhost", "127.0.0.1", "[::1]"];

    public Task InvokeAsync(HttpContext context)
    {
        if (context.Request.IsHttps)
        {
            context.Response.OnStarting(AddStrictTransportSecurity, context);
            return next(context);
        }

        if (https.Port is not { } port || !IsToBeRedirected(context))
        {
            return next(context);
        }

        context.Response.StatusCode = StatusCodes.Status308PermanentRedirect;
        context.Response.Headers.Location = $"https://{new HostString(context.Request.Host.Host, port).ToUriComponent()}{TargetOf(context)}";
        return Task.CompletedTask;
    }

    private static Task AddStrictTransportSecurity(object state)
    {
        var context = (HttpContext)state;
        if (!LocalHosts.Contains(context.Request.Host.Host, StringComparer.OrdinalIgnoreCase))
        {
            context.Response.Headers.StrictTransportSecurity = StrictTransportSecurity;
        }

        return Task.CompletedTask;
    }

    /// <summary>
    /// Who reads only, from another machine. Not who asks after our health, which load balancers do without TLS; who opens a
    /// WebSocket, which follows no redirect; nor who comes through a proxy, which has addresses of its own.
    /// </summary>
    private bool IsToBeRedirected(HttpContext context) =>
        !options.Value.AllowPlainHttp
        && !PlainHttp.IsPrivate(context)
        && (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
        && context.Request.Host.HasValue
        && !context.Request.Path.StartsWithSegments("/health", StringComparison.OrdinalIgnoreCase)
        && !context.WebSockets.IsWebSocketRequest
        && !context.Request.Headers.ContainsKey(ForwardedHeadersDefaults.XOriginalForHeaderName);

    /// <summary>As it was written, where it was a path: what is escaped in it stays so.</summary>
    private static string TargetOf(HttpContext context) =>
        context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget is ['/', ..] target
            ? target
            : context.Request.Path.ToUriComponent() + context.Request.QueryString.ToUriComponent();
}
