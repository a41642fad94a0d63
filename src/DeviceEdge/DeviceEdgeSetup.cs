using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using OrleansIoT.DeviceEdge.Identity;
using OrleansIoT.DeviceEdge.Sessions;
using OrleansIoT.DeviceEdge.Topics;

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
        services.AddSingleton<DeviceAuthenticator>();
        services.AddSingleton<Deliveries>();
        services.AddSingleton<LiveSessions>();
        services.AddSingleton<Edge>();
        services.AddSingleton<EdgeContext>();
        services.AddSingleton<MqttConnectionHandler>();
        return services;
    }

    /// <summary>What connects here speaks MQTT.</summary>
    public static void UseMqtt(this ListenOptions listen) => listen.UseConnectionHandler<MqttConnectionHandler>();
}
