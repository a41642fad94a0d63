using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OrleansIoT.Failures;
using OrleansIoT.Gateway.Failures;

namespace OrleansIoT.Gateway.Transports;

/// <summary>
/// What is not taken over HTTP without TLS from another machine: passwords and tokens, which everybody on the way can read.
/// A refusal comes too late for the one that was sent, so it says so; ADR 0024.
/// </summary>
public static class PlainHttp
{
    private const string Refusal =
        "Credentials are taken over HTTPS only: connect to the port of --https, or through a proxy that Gateway:TrustedProxies names and "
        + "that sends X-Forwarded-Proto: https; Gateway:AllowPlainHttp=true takes them as they come. "
        + "What was sent now could be read on the way: change it.";

    /// <summary>Whether users may show credentials in this request, or over the WebSocket that it opens.</summary>
    /// <returns>Null, or why not.</returns>
    public static string? Fault(HttpContext context) =>
        IsPrivate(context) || context.RequestServices.GetRequiredService<IOptions<GatewayOptions>>().Value.AllowPlainHttp ? null : Refusal;

    /// <summary>By TLS, ours or a trusted proxy's, or because it does not leave this machine.</summary>
    internal static bool IsPrivate(HttpContext context) => context.Request.IsHttps || IsLoopback(context.Connection.RemoteIpAddress);

    internal static Task RefuseCredentials(HttpContext context, RequestDelegate next) =>
        CarriesCredentials(context.Request) && Fault(context) is { } why
            ? FailureHandler.Write(context, Failure.Forbidden, why)
            : next(context);

    private static bool CarriesCredentials(HttpRequest request) =>
        request.Headers.Authorization.Count > 0
        || request.Path.StartsWithSegments("/auth", StringComparison.OrdinalIgnoreCase)
        || request.Path.StartsWithSegments("/oauth", StringComparison.OrdinalIgnoreCase);

    /// <summary>Without an address it is no network connection.</summary>
    private static bool IsLoopback(IPAddress? client) =>
        client is null || IPAddress.IsLoopback(client.IsIPv4MappedToIPv6 ? client.MapToIPv4() : client);
}
