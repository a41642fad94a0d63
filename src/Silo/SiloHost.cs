using Microsoft.AspNetCore.Server.Kestrel.Core;
using OrleansIoT.DeviceEdge;
using OrleansIoT.Gateway;
using OrleansIoT.Gateway.Identity;
using OrleansIoT.Gateway.Transports;
using OrleansIoT.Grains;
using OrleansIoT.Grains.Identity;
using OrleansIoT.History;
using OrleansIoT.Silo.Demo;
using OrleansIoT.Silo.Status;
using OrleansIoT.Silo.Trust;

namespace OrleansIoT.Silo;

/// <summary>The whole process, put together from its parts.</summary>
public static class SiloHost
{
    /// <summary>From SIGTERM to the end of the process at most; a supervisor that waits 10 s never has to kill.</summary>
    public static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(9);

    /// <param name="options">What the process was told.</param>
    /// <param name="configure">What a test adds or replaces, last.</param>
    public static WebApplication Build(SiloOptions options, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = WebApplication.CreateSlimBuilder(
            new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddEnvironmentVariables("IOT_");
        builder.AddLogging();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = DrainLimit);
        builder.Services.AddSingleton(options);

        var trust = builder.AddTrust();
        if (options.ProcessRoles.HasFlag(ProcessRoles.Silo))
        {
            builder.Services.AddOptions<HistoryOptions>().BindConfiguration("History", binder => binder.ErrorOnUnknownConfiguration = true);
            builder.Services.AddHistory(options);
            builder.AddGrainEngine(options, trust);
            builder.Services.AddGrains();
            builder.Services.AddFirstStart();
        }
        else
        {
            builder.Services.AddDataDirectory(options.Data);
            builder.AddGrainEngine(options, trust);
        }

        // Gateways of a cluster share a directory with the keys of tokens.
        var keys = builder.Configuration["Gateway:DataDirectory"];
        if (options.ProcessRoles.HasFlag(ProcessRoles.Gateway))
        {
            builder.Services.AddGateway(gateway => gateway.DataDirectory = keys ?? options.Data);
        }
        else if (options.ProcessRoles.HasFlag(ProcessRoles.Edge) && (keys is not null || MqttTokens.AreKeysIn(options.Data)))
        {
            builder.Services.AddTokenChecks(gateway => gateway.DataDirectory = keys ?? options.Data);
        }

        if (options.ProcessRoles.HasFlag(ProcessRoles.Edge))
        {
            builder.Services.AddEdge(options);
        }

        builder.AddCluster(options);
        builder.Services.AddHttps(options);
        builder.Services.AddPki(options);
        if (options.Demo > 0)
        {
            builder.Services.AddDemoFleet();
        }

        builder.Services.AddHealth();
        builder.Services.AddStatus();
        builder.Services.AddConnectionBudget();
        builder.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, options));
        configure?.Invoke(builder);

        var app = builder.Build();
        app.UseWebSockets();
        app.Services.GetRequiredService<DataDirectory>(); // before anything else looks into it, and says so if it cannot be used
        app.Services.GetService<ClusterKeys>(); // likewise
        app.UsePki();
        if (options.ProcessRoles.HasFlag(ProcessRoles.Gateway))
        {
            app.WarnOfPlainHttp(options);
            app.UseGateway();
            app.MapGateway();
        }
        else
        {
            app.MapHealth();
        }

        if (options.ProcessRoles.HasFlag(ProcessRoles.Edge))
        {
            app.UseEdge();
        }

        return app;
    }

    private static void Listen(KestrelServerOptions kestrel, SiloOptions options)
    {
        // Every process answers /health, whatever its roles.
        kestrel.LimitGateway();
        kestrel.Listen(options.Address, options.Http, listen => listen.LimitConnections());
        if (options.ProcessRoles.HasFlag(ProcessRoles.Edge))
        {
            kestrel.Listen(options.Address, options.Mqtt, listen => listen.UseMqtt());
            if (options.Mqtts is { } mqtts)
            {
                kestrel.Listen(options.Address, mqtts, listen => listen.UseMqttOverTls());
            }
        }

        if (options.Https is { } https)
        {
            kestrel.Listen(options.Address, https, listen => listen.UseGatewayHttps());
        }
    }
}
