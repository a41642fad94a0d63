using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Builder.Extensions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using OrleansIoT.Gateway.Audit;
using OrleansIoT.Gateway.Dashboard;
using OrleansIoT.Gateway.Devices;
using OrleansIoT.Gateway.Failures;
using OrleansIoT.Gateway.Identity;
using OrleansIoT.Gateway.Live;
using OrleansIoT.Gateway.Status;
using OrleansIoT.Gateway.Telemetry;
using OrleansIoT.Gateway.Throttling;
using OrleansIoT.Gateway.Transports;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway;

public static class GatewaySetup
{
    /// <summary>
    /// What the gateway needs, with options out of the configuration's section <c>Gateway</c> and then
    /// <paramref name="configure"/>. The host adds an <see cref="IGrainFactory"/> and the health checks of what it runs.
    /// </summary>
    public static IServiceCollection AddGateway(this IServiceCollection services, Action<GatewayOptions>? configure = null)
    {
        services.AddGatewayOptions(configure);
        services.TryAddSingleton(TimeProvider.System);
        services.ConfigureHttpJsonOptions(json => Strict(json.SerializerOptions));
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true); // for FailureHandler to explain
        services.AddExceptionHandler<FailureHandler>();
        services.AddHealthChecks();
        services.AddTokenChecks();
        services.AddBearerAuthentication();
        services.AddGatewayHttps();
        services.AddSingleton<TenantGrains>();
        services.AddSingleton<TelemetryExport>();
        services.AddLiveStreams();
        services.AddDashboard();
        services.AddMetrics();
        services.TryAddSingleton<AuditTrail>();
        services.AddHostedService(provider => provider.GetRequiredService<AuditTrail>());
        return services.AddGatewayDocument();
    }

    /// <summary>The pipeline, in the order in which a request passes it. Fails if the keys of tokens cannot be read or made.</summary>
    public static WebApplication UseGateway(this WebApplication app)
    {
        app.Services.GetRequiredService<TokenKeys>(); // what cannot start says so at the start
        app.UseTrustedProxies();
        if (app.Services.GetRequiredService<IOptions<GatewayOptions>>().Value.PathBase is { Length: > 0 } path)
        {
            app.UseMiddleware<UsePathBaseMiddleware>(new PathString(path)); // UsePathBase would also route, before topics are read
        }

        app.Use(SetAnswerHeaders);
        app.UseMiddleware<AuditMiddleware>();
        app.UseExceptionHandler(_ => { });
        app.UseStatusCodePages(context => FailureHandler.Explain(context.HttpContext));
        app.Use(Framing.RefuseTwoLengths);
        app.Use(PlainHttp.RefuseCredentials);
        app.UseMiddleware<HttpsOnly>();
        app.Use(AnswerHeadAsGet);
        app.UseDashboard();
        app.Use(TopicRouting.ReadAddress);
        app.UseRouting();
        app.Use(AnswerForRouting);
        app.UseAuthentication();
        app.UseMiddleware<CallerMiddleware>();
        app.UseMiddleware<ThrottleMiddleware>();
        app.UseAuthorization();
        app.UseMiddleware<ReadAgain>();
        return app;
    }

    /// <summary>Every route of the gateway. Each demands a valid token unless it says otherwise.</summary>
    public static void MapGateway(this IEndpointRouteBuilder routes)
    {
        routes.MapAuth();
        routes.MapWellKnown();
        routes.MapSessions();
        routes.MapPersonalTokens();
        routes.MapOAuth();
        routes.MapUsers();
        routes.MapServiceAccounts();
        routes.MapTenants();
        routes.MapAudit();
        routes.MapDevices();
        routes.MapFleet();
        routes.MapTelemetry();
        routes.MapStreams();
        routes.MapHealth();
        routes.MapStatus();
        routes.MapGatewayDocument();
    }

    private static void Strict(JsonSerializerOptions json)
    {
        json.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        json.PropertyNameCaseInsensitive = false;
        json.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        json.AllowDuplicateProperties = false;
        json.RespectNullableAnnotations = true;
        json.NumberHandling = JsonNumberHandling.Strict;
        json.MaxDepth = 32;
    }

    /// <summary>What an API answers is fresh, of the type it says, and nobody else's. A later handler may say otherwise.</summary>
    private static Task SetAnswerHeaders(HttpContext context, RequestDelegate next)
    {
        context.Response.OnStarting(static state =>
        {
            var response = (HttpResponse)state;
            var headers = response.Headers;
            if (headers.Location.ToString() is ['/', ..] location && response.HttpContext.BasePath() is { Length: > 0 } path
                && !location.StartsWith($"{path}/", StringComparison.Ordinal))
            {
                headers.Location = path + location; // routes know nothing of a proxy's paths
            }

            headers.TryAdd("Cache-Control", "no-store");
            headers.TryAdd("X-Content-Type-Options", "nosniff");
            headers.TryAdd("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"); // data, not pages
            return Task.CompletedTask;
        }, context.Response);
        return next(context);
    }

    private static string BasePath(this HttpContext context) =>
        context.RequestServices.GetRequiredService<IOptions<GatewayOptions>>().Value.PathBase;

    /// <summary>
    /// A wrong method or media type (405, 415) is an endpoint that routing makes, with none of the route's own words; the
    /// fallback policy would answer 401 in its place, even on the routes where one signs in.
    /// </summary>
    private static Task AnswerForRouting(HttpContext context, RequestDelegate next) =>
        context.GetEndpoint() is { Metadata.Count: 0, RequestDelegate: { } refuse } and not RouteEndpoint
            ? refuse(context)
            : next(context);

    /// <summary>HEAD is a GET whose body the server does not send (RFC 9110 section 9.3.2); Kestrel remembers which it was.</summary>
    private static Task AnswerHeadAsGet(HttpContext context, RequestDelegate next)
    {
        if (HttpMethods.IsHead(context.Request.Method))
        {
            context.Request.Method = HttpMethods.Get;
            context.Features.Set(new HeadRequest());
        }

        return next(context);
    }
}
