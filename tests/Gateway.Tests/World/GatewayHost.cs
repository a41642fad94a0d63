using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansIoT.Fixtures;
using OrleansIoT.Gateway.Identity;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Tests.World;

/// <summary>The gateway as a process has it, on a real socket, before grains in memory.</summary>
internal sealed class GatewayHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly TemporaryFolder _data;

    private GatewayHost(WebApplication app, TemporaryFolder data, InMemoryGrains grains, ManualClock clock, LogLines log)
    {
        (_app, _data, Grains, Clock, Log) = (app, data, grains, clock, log);
        Http = Client();
    }

    /// <summary>A client that is nobody.</summary>
    public HttpClient Http { get; }

    public InMemoryGrains Grains { get; }

    public ManualClock Clock { get; }

    public LogLines Log { get; }

    public string DataDirectory => _data.Path;

    public IServiceProvider Services => _app.Services;

    public Uri Address => new(_app.Urls.Single());

    public static async Task<GatewayHost> Start(
        Action<GatewayOptions>? configure = null, Action<IServiceCollection>? services = null, Action<WebApplication>? routes = null,
        InMemoryGrains? grains = null)
    {
        var data = new TemporaryFolder();
        var clock = new ManualClock(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
        var log = new LogLines();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Trace).AddProvider(log);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.LimitGateway();
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.LimitConnections());
        });
        builder.Services.AddSingleton<TimeProvider>(clock);
        grains ??= new InMemoryGrains(clock);
        builder.Services.AddSingleton(grains.Factory());
        builder.Services.AddGateway(options =>
        {
            options.DataDirectory = data.Path;
            configure?.Invoke(options);
        });
        services?.Invoke(builder.Services);
        var app = builder.Build();
        app.UseGateway();
        app.MapGateway();
        routes?.Invoke(app);
        await app.StartAsync();
        return new GatewayHost(app, data, grains, clock, log);
    }

    /// <summary>A client that carries a token of ours.</summary>
    public HttpClient As(Roles roles, string tenant = "default", string id = "u-1") => With(Token(roles, tenant, id));

    /// <summary>A client that carries this token.</summary>
    public HttpClient With(string token)
    {
        var client = Client();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    public string Token(Roles roles, string tenant = "default", string id = "u-1") => Services.GetRequiredService<AccessTokens>()
        .Issue(tenant, new UserRecord(id, "ada@example.org", "Ada", true, roles, Clock.GetUtcNow()), Grains.AddSession(tenant, id, roles));

    /// <summary>Complete when the gateway relies on what it hears of revocations.</summary>
    public Task Hears() => Eventually.Is(() => Services.GetRequiredService<Revocations>().IsFresh);

    /// <summary>Moves the clock a second, and waits until the gateway has heard of everything until now.</summary>
    public async Task HearsNews()
    {
        var asked = Grains.RevocationsAsked;
        Clock.Advance(TimeSpan.FromSeconds(1));
        await Eventually.Is(() => Grains.RevocationsAsked > asked);
        await Hears();
    }

    /// <summary>Sends these bytes and reads what comes until the server closes: for what no decent client would send.</summary>
    public async Task<RawAnswer> Send(string request)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, Address.Port);
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request));
        using var reader = new StreamReader(stream, Encoding.UTF8);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20)); // Kestrel keeps an idle connection for 130
        return RawAnswer.Parse(await reader.ReadToEndAsync(limit.Token));
    }

    /// <summary>A request with this target exactly as written.</summary>
    public Task<RawAnswer> Get(string target, string? token = null, string method = "GET") =>
        Send($"{method} {target} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n{(token is null ? "" : $"Authorization: Bearer {token}\r\n")}\r\n");

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
        _data.Dispose();
    }

    private HttpClient Client() => new(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = Address };
}

internal sealed record RawAnswer(int Status, string Head, string Body)
{
    public static RawAnswer Parse(string text)
    {
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        return new RawAnswer(int.Parse(text.AsSpan(9, 3), null), text[..end], text[(end + 4)..]);
    }

    /// <summary>The JSON of the body, whatever its chunks.</summary>
    public JsonNode Json => JsonNode.Parse(Body[Body.IndexOf('{', StringComparison.Ordinal)..(Body.LastIndexOf('}') + 1)])!;
}

internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("gateway-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

internal static class Answers
{
    public static async Task<JsonNode> Json(this HttpResponseMessage answer) => (await answer.Content.ReadFromJsonAsync<JsonNode>())!;

    public static async Task<JsonNode> Json(this Task<HttpResponseMessage> answer) => await (await answer).Json();

    public static Task<HttpResponseMessage> Post(this HttpClient http, string path, string body, string type = "application/json") =>
        http.PostAsync(path, new StringContent(body, Encoding.UTF8, MediaTypeHeaderValue.Parse(type)));

    /// <summary>The answer is a problem of this status and says why.</summary>
    public static async Task<string> IsProblem(this Task<HttpResponseMessage> answering, int status, string? failure = null)
    {
        using var answer = await answering;
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        var problem = await answer.Json();
        Assert.Equal(status, (int)problem["status"]!);
        Assert.Equal(failure, (string?)problem["failure"]);
        Assert.Equal(failure is null ? "about:blank" : $"urn:orleans-iot:failure:{failure}", (string?)problem["type"]);
        Assert.NotEmpty((string)problem["title"]!);
        return (string)problem["detail"]!;
    }
}
