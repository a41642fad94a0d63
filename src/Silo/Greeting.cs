using System.Reflection;
using System.Text;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using OrleansIoT.DeviceEdge;
using OrleansIoT.Gateway;

namespace OrleansIoT.Silo;

/// <summary>What somebody who has just started it needs to know next.</summary>
public static class Greeting
{
    public static string Of(WebApplication app)
    {
        var options = app.Services.GetRequiredService<SiloOptions>();
        var first = app.Services.GetService<FirstStart>();
        var version = typeof(Greeting).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
        var text = new StringBuilder().AppendLine(
            $"OrleansIoT {version.Split('+')[0]} on the {ClusterSetup.Engine}, data in {(options.Postgres is null ? "" : "PostgreSQL and ")}{Path.GetFullPath(options.Data)}");

        var addresses = Addresses(app.Services.GetRequiredService<IServer>());
        if (options.ProcessRoles.HasFlag(ProcessRoles.Gateway))
        {
            text.AppendLine($"  Dashboard  {Dashboard(addresses[0], app.Services.GetRequiredService<IOptions<GatewayOptions>>().Value)}");
        }

        text.AppendLine(options.ProcessRoles.HasFlag(ProcessRoles.Gateway)
            ? $"  REST  {addresses[0]}   (described by {addresses[0]}/openapi/v1.json)"
            : $"  HTTP  {addresses[0]}   (health only)");
        if (options.Https is not null)
        {
            var certificate = app.Services.GetRequiredService<IOptions<GatewayOptions>>().Value.TlsCertificate;
            text.AppendLine($"  HTTPS {addresses[^1]}   ({TrustIn(certificate, options)})");
        }

        if (options.ProcessRoles.HasFlag(ProcessRoles.Edge))
        {
            AppendMqtt(text, addresses, app.Services.GetRequiredService<IOptions<DeviceEdgeOptions>>().Value, options);
        }

        if (first is { CreatedAdministrator: true })
        {
            text.AppendLine(first.GeneratedPassword is { } password
                ? $"  Administrator {FirstStart.AdministratorEmail}, password {password} (shown this once)"
                : $"  Administrator {FirstStart.AdministratorEmail}, with the password it was given");
        }

        return text.Append("Ready. Ctrl-C ends it.").ToString();
    }

    private static string Dashboard(string address, GatewayOptions gateway) =>
        File.Exists(Path.Combine(gateway.DashboardDirectory, "index.html"))
            ? $"{address}{gateway.PathBase}/app/"
            : $"not built: Node.js was missing (see {address}{gateway.PathBase}/app/)";

    private static void AppendMqtt(StringBuilder text, List<string> addresses, DeviceEdgeOptions edge, SiloOptions options)
    {
        text.AppendLine($"  MQTT  {addresses[1].Replace("http://", "mqtt://", StringComparison.Ordinal)}");
        if (options.Mqtts is not null)
        {
            text.AppendLine(
                $"  TLS   {addresses[2].Replace("https://", "mqtts://", StringComparison.Ordinal)}   ({TrustIn(edge.TlsCertificate, options)})");
        }

        text.AppendLine($"  WS    {addresses[0].Replace("http://", "ws://", StringComparison.Ordinal)}/mqtt");
    }

    private static string TrustIn(string? certificate, SiloOptions options) =>
        certificate == DevelopmentCertificates.ServerFileIn(options.Data)
            ? $"clients trust {DevelopmentCertificates.CaFileIn(options.Data)}"
            : $"certificate {certificate}";

    /// <summary>The port that MQTT is heard on, known once the listeners are open.</summary>
    public static int MqttPort(IServer server) => new Uri(Addresses(server)[1]).Port;

    /// <summary>The port of MQTT over TLS, likewise, where there is one.</summary>
    public static int MqttsPort(IServer server) => new Uri(Addresses(server)[2]).Port;

    /// <summary>Kestrel lists them in the order in which <see cref="SiloHost"/> opens them: HTTP, MQTT, MQTT over TLS, and last HTTPS.</summary>
    private static List<string> Addresses(IServer server) =>
        [.. server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses];
}
