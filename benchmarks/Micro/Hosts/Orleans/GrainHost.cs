using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace OrleansIoT.Micro.Hosts.Orleans;

internal sealed class GrainHost(IHost host) : IAsyncDisposable
{
    public const string Engine = "Orleans, one silo";

    public IGrainFactory Grains { get; } = host.Services.GetRequiredService<IGrainFactory>();

    public static async Task<GrainHost> Start(bool filter = false)
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.ClearProviders();
        builder.UseOrleans(silo => silo.UseLocalhostClustering());
        if (filter)
        {
            builder.Services.AddSingleton<IIncomingGrainCallFilter, CountingFilter>();
        }

        var host = builder.Build();
        await host.StartAsync();
        return new GrainHost(host);
    }

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync();
        host.Dispose();
    }
}
