using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using OrleansIoT.DeviceEdge;
using OrleansIoT.Gateway;
using OrleansIoT.Grains;
using OrleansIoT.History;

namespace OrleansIoT.Silo;

/// <summary>The whole process, put together from its parts.</summary>
public static class SiloHost
{
    /// <summary>From SIGTERM to the end of the process at most.</summary>
    public static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(9);

    public static WebApplication Build(SiloOptions options)
    {
        var builder = WebApplication.CreateSlimBuilder(
            new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddEnvironmentVariables("IOT_");
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = DrainLimit);
        builder.Services.AddSingleton(options);

        builder.Services.AddSqliteHistory(options.Data);
        builder.AddGrainEngine(options);
        builder.Services.AddGrains();
        builder.Services.AddSingleton<FirstStart>().AddHostedService(services => services.GetRequiredService<FirstStart>());
        builder.AddObservability();

        if (options.ProcessRoles.HasFlag(ProcessRoles.Gateway))
        {
            builder.Services.AddGateway(builder.Configuration.GetSection("Gateway"), options.Data);
        }

        if (options.ProcessRoles.HasFlag(ProcessRoles.Edge))
        {
            builder.Services.AddDeviceEdge(builder.Configuration.GetSection("Edge"));
        }

        builder.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, options));
        var app = builder.Build();
        if (options.ProcessRoles.HasFlag(ProcessRoles.Gateway))
        {
            app.UseGateway();
            app.MapGateway();
        }

        return app;
    }
}
