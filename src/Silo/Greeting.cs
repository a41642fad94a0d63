using System.Reflection;
using System.Text;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace OrleansIoT.Silo;

/// <summary>What somebody who has just started it needs to know next.</summary>
public static class Greeting
{
    public static string Of(WebApplication app)
    {
        var options = app.Services.GetRequiredService<SiloOptions>();
        var first = app.Services.GetRequiredService<FirstStart>();
        var version = typeof(Greeting).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
        var text = new StringBuilder().AppendLine(
            $"OrleansIoT {version.Split('+')[0]} on the {ClusterSetup.Engine}, data in {Path.GetFullPath(options.Data)}");

        // Kestrel lists its addresses in the order in which they were configured, the MQTT listener as a plain endpoint.
        foreach (var address in app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses)
        {
            text.AppendLine(IsMqtt(address, options)
                ? $"  MQTT  {address.Replace("http://", "mqtt://", StringComparison.Ordinal)}"
                : $"  REST  {address}   (described by {address}/openapi/v1.json)");
        }

        if (first.CreatedAdministrator)
        {
            text.AppendLine(first.GeneratedPassword is { } password
                ? $"  Administrator {FirstStart.AdministratorEmail}, password {password} (shown this once)"
                : $"  Administrator {FirstStart.AdministratorEmail}, with the password it was given");
        }

        return text.Append("Ready. Ctrl-C ends it.").ToString();
    }
}
