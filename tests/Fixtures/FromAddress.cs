using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace OrleansIoT.Fixtures;

/// <summary>Requests that come from another machine, or from the one that the test says.</summary>
public sealed class FromAddress(Func<string> address) : IStartupFilter
{
    public const string Elsewhere = "203.0.113.7";

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use((context, rest) =>
        {
            context.Connection.RemoteIpAddress = IPAddress.Parse(address());
            return rest(context);
        });
        next(app);
    };
}
