using System.Net;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using OrleansIoT.Gateway;
using OrleansIoT.Gateway.Transports;

namespace OrleansIoT.Silo;

public static partial class HttpsSetup
{
    /// <summary>HTTPS with what this process was told: its certificate, or one for development.</summary>
    public static void AddHttps(this IServiceCollection services, SiloOptions options)
    {
        services.AddGatewayHttps();
        if (options.Https is null)
        {
            return;
        }

        services.TryAddSingleton<DevelopmentCertificates>();
        services.AddOptions<GatewayOptions>().Configure<IServiceProvider>((gateway, provider) =>
        {
            gateway.TlsCertificate = options.TlsCert ?? gateway.TlsCertificate;
            gateway.TlsKey = options.TlsKey ?? gateway.TlsKey;
            if (gateway.TlsCertificate is null && gateway.TlsKey is null)
            {
                var development = provider.GetRequiredService<DevelopmentCertificates>();
                (gateway.TlsCertificate, gateway.TlsKey) = (development.ServerFile, development.KeyFile);
            }
        });
    }

    /// <summary>Says once what those who can be reached from other machines without TLS have to know.</summary>
    public static void WarnOfPlainHttp(this WebApplication app, SiloOptions options)
    {
        var gateway = app.Services.GetRequiredService<IOptions<GatewayOptions>>().Value;
        if (IPAddress.IsLoopback(options.Address) || gateway.TrustedProxies.Count > 0)
        {
            return;
        }

        if (gateway.AllowPlainHttp)
        {
            LogAllowed(app.Logger, options.Address);
        }
        else if (options.Https is null)
        {
            LogRefused(app.Logger, options.Address);
        }
    }

    [LoggerMessage(LogLevel.Warning,
        "HTTP is open on {Address} without TLS, and Gateway:AllowPlainHttp takes passwords and tokens that everybody on the way can read")]
    private static partial void LogAllowed(ILogger logger, IPAddress address);

    [LoggerMessage(LogLevel.Warning,
        "HTTP is open on {Address} without TLS: passwords and tokens from other machines are refused. Give a port to --https, or name the proxy before this in Gateway:TrustedProxies; Gateway:AllowPlainHttp=true takes them all the same")]
    private static partial void LogRefused(ILogger logger, IPAddress address);
}
