using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace OrleansIoT.Gateway.Dashboard;

/// <summary>The one page of the web app, with the base path that the gateway has; or what to do where it was not built.</summary>
internal sealed class DashboardPage
{
    private const string Base = "<base href=\"/\" />";

    private const string Missing =
        """
        <!doctype html>
        <html lang="en">
          <head><meta charset="utf-8" /><meta name="viewport" content="width=device-width, initial-scale=1" /><title>OrleansIoT</title></head>
          <body>
            <h1>The dashboard is not here</h1>
            <p>This server was built without it: Node.js was missing, or <code>BuildDashboard=false</code> was said. Everything else works.</p>
            <p>To get it, install Node.js 20 or newer and build again: <code>dotnet build src/Silo -c Release</code>, or <code>./dev run</code>.</p>
            <p>The API describes itself in <a href="{base}/openapi/v1.json">openapi/v1.json</a>.</p>
          </body>
        </html>
        """;

    private readonly byte[] _html;
    private readonly EntityTagHeaderValue _tag;

    public DashboardPage(IOptions<GatewayOptions> options)
    {
        var path = options.Value.PathBase;
        var file = Path.Combine(options.Value.DashboardDirectory, "index.html");
        IsBuilt = File.Exists(file);
        var html = IsBuilt
            ? File.ReadAllText(file).Replace(Base, $"<base href=\"{path}/\" />", StringComparison.Ordinal)
            : Missing.Replace("{base}", path, StringComparison.Ordinal);
        _html = Encoding.UTF8.GetBytes(html);
        _tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(_html).AsSpan(0, 12))}\"");
    }

    public bool IsBuilt { get; }

    public Task Write(HttpContext context)
    {
        PageHeaders.Set(context.Response);
        context.Response.Headers.CacheControl = "no-cache";
        context.Response.Headers.Vary = $"{HeaderNames.Accept}, {HeaderNames.AcceptEncoding}";
        if (!IsBuilt)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
        }

        IResult page = IsBuilt
            ? TypedResults.Bytes(_html, "text/html; charset=utf-8", entityTag: _tag)
            : TypedResults.Text(_html, "text/html; charset=utf-8", StatusCodes.Status404NotFound);
        return page.ExecuteAsync(context);
    }
}
