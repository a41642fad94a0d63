using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using OrleansIoT.DeviceEdge;
using OrleansIoT.DeviceEdge.Identity;
using OrleansIoT.Gateway.Identity;
using OrleansIoT.Gateway.Transports;

namespace OrleansIoT.Silo;

public static partial class EdgeSetup
{
    /// <summary>The edge with what this process was told: its certificates, and who may connect.</summary>
    public static void AddEdge(this IServiceCollection services, SiloOptions options)
    {
        services.AddDeviceEdge(edge =>
        {
            edge.TlsCertificate = options.TlsCert ?? edge.TlsCertificate;
            edge.TlsKey = options.TlsKey ?? edge.TlsKey;
            edge.DeviceCa = options.DeviceCa is null ? edge.DeviceCa : SiloOptions.List(options.DeviceCa);
            edge.DeviceCrl = options.DeviceCrl is null ? edge.DeviceCrl : SiloOptions.List(options.DeviceCrl);
            if (options.DeviceRate is { } rate)
            {
                (edge.DeviceRate, edge.DeviceBurst) = (rate, (int)Math.Clamp(rate * 20L, 1, int.MaxValue));
            }

            edge.Anonymous = options.Anonymous is null ? edge.Anonymous : SiloOptions.List(options.Anonymous);
        });
        if (options.Mqtts is not null)
        {
            services.TryAddSingleton<DevelopmentCertificates>();
            services.AddOptions<DeviceEdgeOptions>().Configure<IServiceProvider>((edge, provider) =>
            {
                if (edge.TlsCertificate is null && edge.TlsKey is null)
                {
                    var development = provider.GetRequiredService<DevelopmentCertificates>();
                    (edge.TlsCertificate, edge.TlsKey) = (development.ServerFile, development.KeyFile);
                }
            });
        }

        if (services.ChecksTokens())
        {
            services.AddSingleton<TokenCheck>(provider => async token =>
                await provider.CheckMqttToken(token) is var (caller, credentialId, isRevoked) ? new CheckedToken(caller, credentialId, isRevoked) : null);
            services.AddSingleton<UserCredentialCheck>(PlainHttp.Fault);
        }
    }

    public static void UseEdge(this WebApplication app)
    {
        if (app.Services.GetService<TokenCheck>() is null)
        {
            LogNoTokens(app.Logger);
        }
        else if (!app.Services.GetRequiredService<SiloOptions>().ProcessRoles.HasFlag(ProcessRoles.Gateway))
        {
            app.UseTokenChecks();
        }

        app.MapMqtt();
        if (app.Services.GetRequiredService<IOptions<DeviceEdgeOptions>>().Value.Anonymous is { Count: > 0 } anonymous)
        {
            LogAnonymous(app.Logger, string.Join(", ", anonymous));
        }
    }

    [LoggerMessage(LogLevel.Information,
        "Tokens are no MQTT passwords here: this process has not the keys that gateways check them with. Name the directory that gateways share in Gateway:DataDirectory; keys and certificates of devices are taken all the same")]
    private static partial void LogNoTokens(ILogger logger);

    [LoggerMessage(LogLevel.Warning, "Whoever reaches this process may, without any credential, publish and subscribe to: {Filters}")]
    private static partial void LogAnonymous(ILogger logger, string filters);
}
