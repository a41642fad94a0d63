using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using OrleansIoT.Silo;

namespace OrleansIoT.Fixtures;

/// <summary>The whole product inside the test's process, on free ports, with a data directory of its own on the disk.</summary>
public sealed class IotHost : IAsyncDisposable
{
    public const string AdminPassword = "an administrator's secret";

    private readonly string _roles;
    private readonly Action<WebApplicationBuilder>? _configure;
    private readonly Action<SiloOptions>? _options;
    private WebApplication _app = null!;

    private IotHost(string roles, Action<WebApplicationBuilder>? configure, Action<SiloOptions>? options) =>
        (_roles, _configure, _options) = (roles, configure, options);

    /// <summary>Beside the test's binaries: on a real disk, as the promise is about one.</summary>
    public string Data { get; } = Path.Combine(AppContext.BaseDirectory, "data", Guid.NewGuid().ToString("N")[..12]);

    public IServiceProvider Services => _app.Services;

    public IGrainFactory Grains => Services.GetRequiredService<IGrainFactory>();

    public int HttpPort => Port(0);

    public int MqttPort => Port(1);

    /// <summary>MQTT over TLS, with the development certificate.</summary>
    public int MqttsPort => Port(2);

    /// <summary>HTTP over TLS, where the options ask for it.</summary>
    public int HttpsPort => Port(^1);

    /// <summary>What a client of <see cref="MqttsPort"/> trusts.</summary>
    public string CaFile => DevelopmentCertificates.CaFileIn(Data);

    /// <param name="roles">What the process is.</param>
    /// <param name="configure">What is other than in the product.</param>
    /// <param name="options">What the command line says besides.</param>
    public static async Task<IotHost> Start(
        string roles = "silo,gateway,edge", Action<WebApplicationBuilder>? configure = null, Action<SiloOptions>? options = null)
    {
        var host = new IotHost(roles, configure, options);
        await host.Launch();
        return host;
    }

    /// <summary>Ends it as SIGTERM does, and starts it on the same data.</summary>
    public async Task Restart()
    {
        await Stop();
        await Launch();
    }

    public async ValueTask DisposeAsync()
    {
        await Stop();
        Directory.Delete(Data, recursive: true);
    }

    private async Task Stop()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private async Task Launch()
    {
        var options = new SiloOptions { Data = Data, Http = 0, Mqtt = 0, Mqtts = 0, Roles = _roles, AdminPassword = AdminPassword };
        _options?.Invoke(options);
        _app = SiloHost.Build(options.Checked(), _configure);
        await _app.StartAsync();
    }

    private int Port(Index listener)
    {
        var addresses = Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses;
        return new Uri(addresses.ElementAt(listener)).Port;
    }
}
