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
        services.AddOptions<GatewayOptions>()
            .BindConfiguration("Gateway", binder => binder.ErrorOnUnknownConfiguration = true)
            .Configure(options => configure?.Invoke(options))
            .PostConfigure(options => options.Issuer =
                options.Issuer == GatewayOptions.DefaultIssuer ? options.PublicUrl ?? options.Issuer : options.Issuer)
            .Validate(options => options.Tenant.Length > 0 && !options.Tenant.Contains('/', StringComparison.Ordinal),
                "Gateway:Tenant is a name without slashes.")
            .Validate(options => options.Issuer.Length > 0 && options.Audience.Length > 0,
                "Gateway:Issuer and Gateway:Audience are not empty.")
            .Validate(options => options.PublicUrl is null || IsPublicUrl(options.PublicUrl),
                "Gateway:PublicUrl is an https URL without a slash at its end, as https://iot.example.org; http only on this machine.")
            .Validate(options => options.PublicUrl is null || options.Issuer == options.PublicUrl,
                "Gateway:Issuer is left out, or is Gateway:PublicUrl: clients compare the two (OpenID Connect Discovery 1.0 section 4.3).")
            .Validate(options => options.PathBase.Length == 0 || IsPathBase(options.PathBase),
                "Gateway:PathBase is empty, or begins with a slash and has letters, digits, '-', '_', '.', '~' and slashes, the last of them not at its end.")
            .Validate(options => options.RememberedTokens is >= 0 and <= 1_000_000, "Gateway:RememberedTokens is 0 to 1000000.")
            .Validate(options => Enum.IsDefined(options.TokenEncryption), "Gateway:TokenEncryption is Refuse, Accept or Issue.")
            .Validate(options => options.AccessTokenLifetime >= TimeSpan.FromMinutes(1)
                                 && options.AccessTokenLifetime <= TimeSpan.FromHours(1),
                "Gateway:AccessTokenLifetime is 1 minute to 1 hour.")
            .Validate(options => options.RefreshTokenLifetime >= options.AccessTokenLifetime
                                 && options.RefreshTokenLifetime <= TimeSpan.FromDays(366),
                "Gateway:RefreshTokenLifetime is AccessTokenLifetime to 366 days, written d.hh:mm:ss.")
            .Validate(options => options.ClockSkew >= TimeSpan.Zero && options.ClockSkew <= TimeSpan.FromSeconds(30),
                "Gateway:ClockSkew is 0 to 30 seconds.")
            .Validate(options => options.RegistrationRole is Roles.None or Roles.Viewer,
                "Gateway:RegistrationRole is None or Viewer; only administrators give more.")
            .Validate(options => options.MaxRequestBodyBytes > 0 && options.MaxConnections > 0 && options.MinDataRate > 0
                                 && options.RequestHeadersTimeout > TimeSpan.Zero
                                 && options.RequestHeadersTimeout <= TimeSpan.FromHours(1),
                "Gateway's limits are greater than zero, and RequestHeadersTimeout is at most 1 hour, written hh:mm:ss.")
            .Validate(options => options.TlsCertificate is null == options.TlsKey is null,
                "Gateway:TlsCertificate and Gateway:TlsKey go together.")
            .Validate(options => options.TlsHandshakeTimeout > TimeSpan.Zero && options.TlsHandshakeTimeout <= TimeSpan.FromHours(1),
                "Gateway:TlsHandshakeTimeout is more than zero and at most 1 hour, written hh:mm:ss.")
            .Validate(options => options.TrustedProxies.All(TrustedProxies.IsValid),
                "Gateway:TrustedProxies are IP addresses, or networks as 10.0.0.0/8.")
            .Validate(options => options.RequestRate >= 0 && options.RequestBurst >= Math.Max(1, options.RequestRate),
                "Gateway:RequestRate is 0 for no limit, or more, and Gateway:RequestBurst at least as much.")
            .Validate(options => options.MaxStreams > 0 && options.MaxStreamsPerCaller > 0 && options.StreamBufferBytes > 0,
                "Gateway:MaxStreams, Gateway:MaxStreamsPerCaller and Gateway:StreamBufferBytes are greater than zero.")
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<GatewayOptions>, ExternalIssuerRules>();
        services.TryAddSingleton(TimeProvider.System);
        services.ConfigureHttpJsonOptions(json => Strict(json.SerializerOptions));
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true); // for FailureHandler to explain
        services.AddExceptionHandler<FailureHandler>();
        services.AddHealthChecks();
        services.AddTokens();
        services.AddGatewayHttps();
        services.AddSingleton<TenantGrains>();
        services.AddSingleton<Admissions>();
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

    private static bool IsPublicUrl(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri) && !url.EndsWith('/') && uri.Query.Length + uri.Fragment.Length + uri.UserInfo.Length == 0
        && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback));

    private static bool IsPathBase(string path) =>
        path[0] == '/' && path[^1] != '/' && !path.Contains("//", StringComparison.Ordinal)
        && path.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '-' or '_' or '.' or '~');

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
