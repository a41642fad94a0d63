using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansIoT.Gateway.Audit;
using OrleansIoT.Gateway.Devices;
using OrleansIoT.Gateway.Failures;
using OrleansIoT.Gateway.Identity;
using OrleansIoT.Gateway.Telemetry;
using OrleansIoT.Gateway.Throttling;
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
        services.AddOptions<GatewayOptions>()
            .BindConfiguration("Gateway", binder => binder.ErrorOnUnknownConfiguration = true)
            .Configure(options => configure?.Invoke(options))
            .Validate(options => options.Tenant.Length > 0 && !options.Tenant.Contains('/', StringComparison.Ordinal),
                "Gateway:Tenant is a name without slashes.")
            .Validate(options => options.Issuer.Length > 0 && options.Audience.Length > 0,
                "Gateway:Issuer and Gateway:Audience are not empty.")
            .Validate(options => options.AccessTokenLifetime >= TimeSpan.FromMinutes(1)
                                 && options.AccessTokenLifetime <= TimeSpan.FromHours(1),
                "Gateway:AccessTokenLifetime is 1 minute to 1 hour.")
            .Validate(options => options.ClockSkew >= TimeSpan.Zero && options.ClockSkew <= TimeSpan.FromSeconds(30),
                "Gateway:ClockSkew is 0 to 30 seconds.")
            .Validate(options => options.RegistrationRole is Roles.None or Roles.Viewer,
                "Gateway:RegistrationRole is None or Viewer; only administrators give more.")
            .Validate(options => options.MaxRequestBodyBytes > 0 && options.MaxConnections > 0 && options.MinDataRate > 0
                                 && options.RequestHeadersTimeout > TimeSpan.Zero
                                 && options.RequestHeadersTimeout <= TimeSpan.FromHours(1),
                "Gateway's limits are greater than zero, and RequestHeadersTimeout is at most 1 hour, written hh:mm:ss.")
            .Validate(options => options.RequestRate >= 0 && options.RequestBurst >= Math.Max(1, options.RequestRate),
                "Gateway:RequestRate is 0 for no limit, or more, and Gateway:RequestBurst at least as much.")
            .ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.ConfigureHttpJsonOptions(json => Strict(json.SerializerOptions));
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true); // for FailureHandler to explain
        services.AddExceptionHandler<FailureHandler>();
        services.AddHealthChecks();
        services.AddJwtAuthentication();
        services.AddSingleton<TenantGrains>();
        services.AddSingleton<TelemetryExport>();
        services.AddMetrics();
        services.TryAddSingleton<AuditTrail>();
        services.AddHostedService(provider => provider.GetRequiredService<AuditTrail>());
        return services.AddGatewayDocument();
    }

    /// <summary>The pipeline, in the order in which a request passes it. Fails if the signing key cannot be read or made.</summary>
    public static WebApplication UseGateway(this WebApplication app)
    {
        app.Services.GetRequiredService<SigningKey>(); // what cannot start says so at the start
        app.Use(SetAnswerHeaders);
        app.UseMiddleware<AuditMiddleware>();
        app.UseExceptionHandler(_ => { });
        app.UseStatusCodePages(context => FailureHandler.Explain(context.HttpContext));
        app.Use(AnswerHeadAsGet);
        app.Use(TopicRouting.ReadAddress);
        app.UseRouting();
        app.Use(AnswerForRouting);
        app.UseAuthentication();
        app.UseMiddleware<CallerMiddleware>();
        app.UseMiddleware<ThrottleMiddleware>();
        app.UseAuthorization();
        return app;
    }

    /// <summary>Every route of the gateway. Each demands a valid token unless it says otherwise.</summary>
    public static void MapGateway(this IEndpointRouteBuilder routes)
    {
        routes.MapAuth();
        routes.MapUsers();
        routes.MapAudit();
        routes.MapDevices();
        routes.MapTelemetry();
        routes.MapHealth();
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
            var headers = ((HttpResponse)state).Headers;
            headers.TryAdd("Cache-Control", "no-store");
            headers.TryAdd("X-Content-Type-Options", "nosniff");
            headers.TryAdd("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"); // data, not pages
            return Task.CompletedTask;
        }, context.Response);
        return next(context);
    }

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
        }

        return next(context);
    }
}
