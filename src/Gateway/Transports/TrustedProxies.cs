using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace OrleansIoT.Gateway.Transports;

/// <summary>
/// Who may say for whom it asks, by which scheme and under which name (X-Forwarded-For, -Proto and -Host). Anybody can
/// write these headers, so from everybody else they mean nothing.
/// </summary>
internal static class TrustedProxies
{
    /// <summary>The nearest proxy's word only: what it passes on of others is theirs, and they are not known to us.</summary>
    private const int Hops = 1;

    public static bool IsValid(string proxy) => IPAddress.TryParse(proxy, out _) || System.Net.IPNetwork.TryParse(proxy, out _);

    public static void UseTrustedProxies(this WebApplication app)
    {
        var proxies = app.Services.GetRequiredService<IOptions<GatewayOptions>>().Value.TrustedProxies;
        if (proxies.Count == 0)
        {
            return; // without any, the middleware would take the word of all
        }

        var forwarded = new ForwardedHeadersOptions
        {
            ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto | ForwardedHeaders.XForwardedHost,
            ForwardLimit = Hops,
        };
        forwarded.KnownProxies.Clear();
        forwarded.KnownIPNetworks.Clear();
        foreach (var proxy in proxies)
        {
            if (IPAddress.TryParse(proxy, out var address))
            {
                forwarded.KnownProxies.Add(address);
            }
            else
            {
                forwarded.KnownIPNetworks.Add(System.Net.IPNetwork.Parse(proxy));
            }
        }

        app.UseForwardedHeaders(forwarded);
    }
}
