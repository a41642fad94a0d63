using System.Text.Json;
using Microsoft.AspNetCore.Authentication;
using OrleansIoT.Gateway;
using OrleansIoT.Gateway.Identity;
using OrleansIoT.Silo;

namespace OrleansIoT.Benchmarks.Trust.Processes;

/// <summary>The whole product in this process, as its executable puts it together: silo, gateway and edge on the embedded engine.</summary>
internal static class ProductHost
{
    public const string Role = "product";
    public const string AdminPassword = "only for this benchmark";

    /// <param name="Data">Its data directory.</param>
    /// <param name="AuthenticationOff">Whether it lets in everybody as who came first.</param>
    public sealed record Settings(string Data, bool AuthenticationOff = false);

    public static async Task Run(string json)
    {
        var settings = JsonSerializer.Deserialize<Settings>(json)!;
        using var listener = Counters.ListenToGateway();
        await using var app = await Start(settings.Data, settings.AuthenticationOff ? LetEverybodyIn : Silence);
        var ports = ChildLoop.PortsOf(app);
        await ChildLoop.Serve(new Ports(0, Product: ports[0], Mqtt: ports[1]));
    }

    /// <summary>On free ports, with one administrator, for callers who ask as often as they can.</summary>
    public static async Task<WebApplication> Start(string data, Action<WebApplicationBuilder> configure)
    {
        var options = new SiloOptions
        {
            Data = data,
            Http = 0,
            Mqtt = 0,
            Mqtts = null,
            AdminPassword = AdminPassword,
            Anonymous = "bench/#",
        };
        var app = SiloHost.Build(options.Checked(), builder =>
        {
            configure(builder);
            builder.Services.PostConfigure<GatewayOptions>(gateway => gateway.RequestRate = 0);
        });
        await app.StartAsync();
        return app;
    }

    /// <summary>Nobody reads what it would print.</summary>
    public static void Silence(WebApplicationBuilder builder) => builder.Logging.ClearProviders();

    private static void LetEverybodyIn(WebApplicationBuilder builder)
    {
        Silence(builder);
        builder.Services.AddSingleton<FirstComer>();
        builder.Services.AddTransient<EverybodyAuthentication>();
        builder.Services.Configure<AuthenticationOptions>(options =>
            options.SchemeMap[BearerAuthentication.Scheme].HandlerType = typeof(EverybodyAuthentication));
    }
}
