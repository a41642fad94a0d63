using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace OrleansIoT.Gateway;

public static class KestrelLimits
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    /// <summary>Sets what one HTTP request may take of the server: time and bytes.</summary>
    public static void LimitGateway(this KestrelServerOptions kestrel)
    {
        var options = OptionsOf(kestrel);
        AppContext.SetSwitch("Microsoft.AspNetCore.Server.Kestrel.DisableHttp1LineFeedTerminators", true); // lines end as RFC 9112 section 2.2 says
        kestrel.AddServerHeader = false;
        kestrel.Limits.RequestHeadersTimeout = options.RequestHeadersTimeout;
        kestrel.Limits.MaxRequestLineSize = 8 * 1024;
        kestrel.Limits.MaxRequestHeadersTotalSize = 32 * 1024;
        kestrel.Limits.MaxRequestBodySize = options.MaxRequestBodyBytes;
        kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(options.MinDataRate, Grace);
        kestrel.Limits.MinResponseDataRate = new MinDataRate(options.MinDataRate, Grace);
    }

    /// <summary>
    /// Sets how many connections the endpoint takes at a time; those beyond are closed unread. Kestrel's own limit holds
    /// for every endpoint alike, and devices are more than browsers.
    /// </summary>
    public static void LimitConnections(this ListenOptions listen)
    {
        var limit = OptionsOf(listen.KestrelServerOptions).MaxConnections;
        var connections = 0;
        listen.Use(next => async connection =>
        {
            try
            {
                if (Interlocked.Increment(ref connections) <= limit)
                {
                    await next(connection);
                }
                else
                {
                    connection.Abort(new ConnectionAbortedException("Too many connections."));
                }
            }
            finally
            {
                Interlocked.Decrement(ref connections);
            }
        });
    }

    private static GatewayOptions OptionsOf(KestrelServerOptions kestrel) =>
        kestrel.ApplicationServices.GetRequiredService<IOptions<GatewayOptions>>().Value;
}
