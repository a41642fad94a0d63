using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansIoT.Certificates;
using OrleansIoT.DeviceEdge.Identity;
using OrleansIoT.DeviceEdge.Sessions;
using OrleansIoT.DeviceEdge.Topics;
using OrleansIoT.DeviceEdge.Transports;
using OrleansIoT.Identity;

namespace OrleansIoT.DeviceEdge;

public static class DeviceEdgeSetup
{
    /// <summary>What has arrived on a socket and nobody has looked at yet; the socket is not read beyond it.</summary>
    private const int MaxUnreadBytes = 64 * 1024;

    /// <summary>The MQTT edge. It needs an <see cref="IGrainFactory"/>, and a listener with <see cref="UseMqtt"/>.</summary>
    public static IServiceCollection AddDeviceEdge(this IServiceCollection services, Action<DeviceEdgeOptions>? configure = null)
    {
        services.AddOptions<DeviceEdgeOptions>()
            .BindConfiguration(DeviceEdgeOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true)
            .Configure(configure ?? (_ => { }))
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<DeviceEdgeOptions>, DeviceEdgeOptionsCheck>();
        services.Configure<SocketTransportOptions>(sockets => sockets.MaxReadBufferSize = MaxUnreadBytes);

        services.TryAddSingleton(TimeProvider.System);
        services.AddMetrics();
        services.AddSingleton<DeviceEdgeMetrics>();
        services.TryAddSingleton<AuditTrail>();
        services.AddHostedService(provider => provider.GetRequiredService<AuditTrail>());
        services.AddSingleton<DeviceAuthenticator>();
        services.AddSingleton<TenantWatch>();
        services.AddHostedService(s => s.GetRequiredService<TenantWatch>());
        services.AddSingleton<Deliveries>();
        services.AddSingleton<LiveSessions>();
        services.AddSingleton<Edge>();
        services.AddSingleton<EdgeContext>();
        services.AddSingleton<MqttConnectionHandler>();
        services.AddTransports();
        return services;
    }

    /// <summary>This edge is one of a cluster. To be added behind <see cref="AddDeviceEdge"/>.</summary>
    public static IServiceCollection AddEdgePresence(this IServiceCollection services) => services.AddHostedService<EdgePresence>();

    /// <summary>What connects here speaks MQTT.</summary>
    public static void UseMqtt(this ListenOptions listen) => listen.UseConnectionHandler<MqttConnectionHandler>();

    /// <summary>What connects here speaks MQTT over TLS, with the certificate of the options.</summary>
    /// <exception cref="CertificateFileException">A file of the options cannot be used.</exception>
    public static void UseMqttOverTls(this ListenOptions listen)
    {
        listen.ApplicationServices.GetRequiredService<TlsListener>().Use(listen);
        listen.UseMqtt();
    }

    /// <summary>
    /// MQTT over WebSocket at <c>/mqtt</c>, for whoever has a credential of MQTT's own. The host has WebSockets in its
    /// pipeline before this.
    /// </summary>
    public static void MapMqtt(this IEndpointRouteBuilder routes) =>
        routes.Map("/mqtt", (HttpContext http, WebSocketListener mqtt) => mqtt.Accept(http)).AllowAnonymous().ExcludeFromDescription();

    private static void AddTransports(this IServiceCollection services)
    {
        services.AddSingleton(s =>
        {
            var options = s.GetRequiredService<IOptions<DeviceEdgeOptions>>().Value;
            return new ServerCertificate(
                options.TlsCertificate ?? throw new InvalidOperationException("A TLS listener has a certificate."),
                options.TlsKey!,
                s.GetRequiredService<TimeProvider>(),
                s.GetRequiredService<ILogger<ServerCertificate>>());
        });
        services.AddSingleton(s => new DeviceTrust(
            s.GetRequiredService<IOptions<DeviceEdgeOptions>>().Value,
            s.GetRequiredService<TimeProvider>(),
            s.GetRequiredService<ILogger<DeviceTrust>>()));
        services.AddSingleton(s =>
        {
            var options = s.GetRequiredService<IOptions<DeviceEdgeOptions>>().Value;
            return new TlsListener(
                s.GetRequiredService<ServerCertificate>(),
                options.DeviceCa.Count > 0 ? s.GetRequiredService<DeviceTrust>() : null,
                options,
                s.GetRequiredService<DeviceEdgeMetrics>(),
                new LogLimit(s.GetRequiredService<TimeProvider>()),
                s.GetRequiredService<ILogger<TlsListener>>());
        });
        services.AddSingleton(s => new WebSocketListener(
            s.GetRequiredService<MqttConnectionHandler>().OnConnectedAsync,
            s.GetRequiredService<IOptions<DeviceEdgeOptions>>().Value,
            s.GetRequiredService<TimeProvider>(),
            s.GetService<UserCredentialCheck>()));
    }
}
