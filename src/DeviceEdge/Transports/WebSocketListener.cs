using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using OrleansIoT.DeviceEdge.Identity;

namespace OrleansIoT.DeviceEdge.Transports;

/// <summary>Where an HTTP request becomes an MQTT connection over WebSocket (MQTT 5.0 section 6).</summary>
internal sealed class WebSocketListener(ConnectionDelegate session, DeviceEdgeOptions options, TimeProvider time, UserCredentialCheck? mayCarry = null)
{
    private const string Subprotocol = "mqtt"; // [MQTT-6.0.0-3], [MQTT-6.0.0-4]

    /// <summary>What keeps proxies from closing a silent connection; whether the client lives is for MQTT's keep-alive.</summary>
    private static readonly TimeSpan PongInterval = TimeSpan.FromSeconds(30);

    public async Task Accept(HttpContext http)
    {
        if (Fault(http) is { } fault)
        {
            await TypedResults.Problem(fault.Why, statusCode: fault.Status, type: "about:blank").ExecuteAsync(http);
            return;
        }

        DoNotExpectPace(http);
        if (mayCarry?.Invoke(http) is { } why)
        {
            http.Features.Set(new NoUserCredentials(why));
        }

        using var socket = await http.WebSockets.AcceptWebSocketAsync(
            new WebSocketAcceptContext { SubProtocol = Subprotocol, KeepAliveInterval = PongInterval });
        await new WebSocketConnection(http, socket).Run(session, options.CloseTimeout, time);
    }

    private (int Status, string Why)? Fault(HttpContext http) =>
        !http.WebSockets.IsWebSocketRequest ? (StatusCodes.Status400BadRequest, "MQTT is spoken here, over WebSocket.")
        : !http.WebSockets.WebSocketRequestedProtocols.Contains(Subprotocol) ? (StatusCodes.Status400BadRequest, "The subprotocol is 'mqtt'.")
        : !IsWelcome(http.Request) ? (StatusCodes.Status403Forbidden, "Pages of this origin may not connect.")
        : null;

    /// <summary>
    /// Browsers say from which page a WebSocket is opened, and let any page open one. Host and port are compared, and not
    /// the scheme, which a proxy in front of us may have changed. What is no browser says nothing.
    /// </summary>
    private bool IsWelcome(HttpRequest request)
    {
        var origins = request.Headers.Origin;
        return origins.Count == 0
               || (origins is [{ } origin]
                   && (IsOwn(origin, request.Host) || options.AllowedOrigins.Contains(origin, StringComparer.OrdinalIgnoreCase)));
    }

    private static bool IsOwn(string origin, HostString host) =>
        host.HasValue
        && Uri.TryCreate(origin, UriKind.Absolute, out var page)
        && page.Scheme is "http" or "https"
        && string.Equals(page.Authority, host.ToUriComponent(), StringComparison.OrdinalIgnoreCase);

    /// <summary>HTTP's least rates are for bodies. A device may be silent, and one that does not read fills its own queue.</summary>
    private static void DoNotExpectPace(HttpContext http)
    {
        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } requests)
        {
            requests.MinDataRate = null;
        }

        if (http.Features.Get<IHttpMinResponseDataRateFeature>() is { } responses)
        {
            responses.MinDataRate = null;
        }
    }
}
