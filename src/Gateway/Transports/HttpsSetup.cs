using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansIoT.Certificates;

namespace OrleansIoT.Gateway.Transports;

public static class HttpsSetup
{
    /// <summary>What <see cref="UseGatewayHttps"/> needs, for hosts without a gateway too.</summary>
    public static IServiceCollection AddGatewayHttps(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<HttpsListener>();
        return services;
    }

    /// <summary>What connects here speaks HTTP over TLS, with the certificate of the options.</summary>
    /// <exception cref="CertificateFileException">A file of the options cannot be used.</exception>
    public static void UseGatewayHttps(this ListenOptions listen) =>
        listen.ApplicationServices.GetRequiredService<HttpsListener>().Use(listen);
}
