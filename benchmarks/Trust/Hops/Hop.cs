using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using OrleansIoT.Benchmarks.Trust.Processes;
using OrleansIoT.Benchmarks.Trust.Schemes;
using OrleansIoT.Benchmarks.Trust.Tokens;

namespace OrleansIoT.Benchmarks.Trust.Hops;

/// <summary>
/// A process of the chain, for every scheme: <c>GET /{scheme}/{hops that are left}</c> is examined as the scheme says, and
/// then passed on, or answered by the last one. Clients come to the gateway over plain HTTP in every scheme; behind it each
/// scheme is at the one port that is its own.
/// </summary>
internal sealed class Hop
{
    public const string Role = "hop";

    private readonly Dictionary<string, Scheme> _schemes;
    private readonly bool _isGateway;
    private readonly HttpMessageInvoker? _plain;
    private readonly HttpMessageInvoker? _tls;

    private Hop(IReadOnlyList<Scheme> schemes, Settings settings, PeerTls tls)
    {
        _schemes = schemes.ToDictionary(scheme => scheme.Path);
        _isGateway = settings.IsGateway;
        if (settings.Next is { } next)
        {
            _plain = HopClient.To(next.Plain, null);
            _tls = HopClient.To(next.MutualTls, tls);
        }
    }

    /// <param name="Folder">Of the run's secrets.</param>
    /// <param name="IsGateway">Whether it is the first, where clients come with a token.</param>
    /// <param name="Sts">The port of the security token service.</param>
    /// <param name="Next">Whom it passes requests on to; null for the last.</param>
    public sealed record Settings(string Folder, bool IsGateway, int Sts, Ports? Next);

    public static async Task Run(string json)
    {
        var settings = JsonSerializer.Deserialize<Settings>(json)!;
        using var listener = Counters.ListenToGateway();
        await using var product = settings.IsGateway
            ? await ProductHost.Start(RunKeys.ProductIn(settings.Folder), ProductHost.Silence)
            : null;
        using var tls = new PeerTls(settings.Folder, RunKeys.Good);
        var hop = new Hop(Catalogue.Of(settings, product?.Services), settings, tls);
        await using var app = Listen(tls);
        app.Run(hop.Answer);
        await app.StartAsync();
        var ports = ChildLoop.PortsOf(app);
        await ChildLoop.Serve(new Ports(ports[0], ports[1], product is null ? 0 : ChildLoop.PortsOf(product)[0]));
    }

    /// <summary>A bare Kestrel, with room for large tokens.</summary>
    public static WebApplication Listen(PeerTls? tls)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestHeadersTotalSize = 2 * StrictJwt.MaxBytes;
            kestrel.Limits.MaxRequestBufferSize = 4 * StrictJwt.MaxBytes;
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
            if (tls is not null)
            {
                kestrel.Listen(IPAddress.Loopback, 0, listen =>
                {
                    listen.Protocols = HttpProtocols.Http1;
                    listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => new(tls.ForServer()) });
                });
            }
        });
        return builder.Build();
    }

    private async Task Answer(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        if (path.Length < 3 || path[^2] != '/' || path[^1] - '0' is not (>= 0 and <= BenchmarkOptions.MostHops and var left)
            || !_schemes.TryGetValue(path[1..^2], out var scheme)
            || (!_isGateway && scheme.IsMutualTls != context.Request.IsHttps))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        if (await scheme.Receive(context.Request.Headers) is not { } credential)
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }

        await (left == 0 ? LatestAnswer.Write(context) : PassOn(context, scheme, credential, left - 1));
    }

    private async Task PassOn(HttpContext context, Scheme scheme, Credential credential, int left)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, scheme.AddressOf(left));
        if (await scheme.ForNext(credential) is { Value: { } value } next)
        {
            request.Headers.TryAddWithoutValidation(next.Header, value);
        }

        using var response = await (scheme.IsMutualTls ? _tls! : _plain!).SendAsync(request, context.RequestAborted);
        var body = await response.Content.ReadAsByteArrayAsync(context.RequestAborted);
        context.Response.StatusCode = (int)response.StatusCode;
        context.Response.ContentType = response.Content.Headers.ContentType?.ToString();
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }
}
