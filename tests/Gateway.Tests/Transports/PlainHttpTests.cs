using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OrleansIoT.Fixtures;
using OrleansIoT.Gateway.Tests.World;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Tests.Transports;

/// <summary>Passwords and tokens over plain HTTP, and whose word about it counts (OWASP API2:2023, H05).</summary>
public sealed class PlainHttpTests
{
    private string _from = "127.0.0.1";

    [Theory]
    [InlineData("GET", "/devices")]
    [InlineData("GET", "/health/live")]
    [InlineData("POST", "/auth/login")]
    [InlineData("POST", "/AUTH/register")]
    [InlineData("POST", "/%61uth/login")]
    public async Task Credentials_from_another_machine_are_refused(string method, string path)
    {
        await using var gateway = await Start();
        Assert.NotEqual(403, (int)(await Send(gateway, method, path)).StatusCode);
        _from = "::ffff:127.0.0.1";
        Assert.NotEqual(403, (int)(await Send(gateway, method, path)).StatusCode);

        foreach (var elsewhere in new[] { FromAddress.Elsewhere, "::ffff:203.0.113.7", "2001:db8::7", "10.0.0.1" })
        {
            _from = elsewhere;
            var why = await Send(gateway, method, path).IsProblem(403, "forbidden");

            Assert.Contains("--https", why, StringComparison.Ordinal);
            Assert.Contains("Gateway:AllowPlainHttp", why, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Whoever_shows_no_credentials_is_answered_as_ever()
    {
        await using var gateway = await Start();
        _from = FromAddress.Elsewhere;

        Assert.Equal(200, (int)(await gateway.Http.GetAsync("/health/live")).StatusCode);
        await gateway.Http.GetAsync("/devices").IsProblem(401, "not_signed_in");
    }

    [Fact]
    public async Task They_are_taken_where_the_operator_says_so()
    {
        await using var gateway = await Start(options => options.AllowPlainHttp = true);
        _from = FromAddress.Elsewhere;

        Assert.Equal(200, (int)(await Send(gateway, "GET", "/devices")).StatusCode);
    }

    [Fact]
    public async Task What_anybody_says_of_itself_changes_nothing()
    {
        await using var gateway = await Start(options => options.TrustedProxies = ["10.0.0.0/8"]);
        _from = "10.9.8.7";
        Assert.Equal(200, (int)(await Send(gateway, "GET", "/devices", Forwarded("198.51.100.1"))).StatusCode);

        _from = FromAddress.Elsewhere;
        foreach (var client in new[] { "127.0.0.1", "::1", "10.9.8.7", "127.0.0.1, 10.9.8.7", "203.0.113.8" })
        {
            await Send(gateway, "GET", "/devices", Forwarded(client)).IsProblem(403, "forbidden");
            Assert.Equal($"{FromAddress.Elsewhere} http gateway", await WhoAmI(gateway, Forwarded(client)));
        }
    }

    [Theory]
    [InlineData("10.9.8.7", "10.0.0.0/8")]
    [InlineData("::ffff:10.9.8.7", "10.9.8.7")]
    [InlineData("2001:db8::1", "2001:db8::/32")]
    public async Task A_trusted_proxys_word_counts_and_only_the_last_one(string proxy, string trusted)
    {
        await using var gateway = await Start(options => options.TrustedProxies = [trusted]);
        _from = proxy;

        Assert.Equal(200, (int)(await Send(gateway, "GET", "/devices", Forwarded("198.51.100.1"))).StatusCode);
        Assert.Equal("198.51.100.1 https iot.example", await WhoAmI(gateway, Forwarded("127.0.0.1, 198.51.100.1")));
    }

    [Fact]
    public async Task Behind_a_trusted_proxy_too_plain_HTTP_takes_no_credentials()
    {
        await using var gateway = await Start(options => options.TrustedProxies = ["10.9.8.7"]);
        _from = "10.9.8.7";

        await Send(gateway, "GET", "/devices", Forwarded("198.51.100.1", scheme: "http")).IsProblem(403, "forbidden");
        await Send(gateway, "GET", "/devices", new() { ["X-Forwarded-For"] = "198.51.100.1" }).IsProblem(403, "forbidden");
        await Send(gateway, "GET", "/devices").IsProblem(403, "forbidden");
    }

    [Theory]
    [InlineData("proxy.example")]
    [InlineData("10.0.0.0/33")]
    public async Task What_is_no_address_and_no_network_keeps_the_gateway_from_starting(string proxy)
    {
        var refused = await Assert.ThrowsAsync<OptionsValidationException>(() => Start(options => options.TrustedProxies = [proxy]));

        Assert.Contains("Gateway:TrustedProxies", refused.Message, StringComparison.Ordinal);
    }

    private Task<GatewayHost> Start(Action<GatewayOptions>? configure = null) => GatewayHost.Start(
        configure,
        services => services.AddSingleton<IStartupFilter>(new FromAddress(() => _from)),
        app => app.MapGet("/who", (HttpContext http) =>
            $"{http.Connection.RemoteIpAddress} {http.Request.Scheme} {http.Request.Host}").AllowAnonymous());

    private static Dictionary<string, string> Forwarded(string client, string scheme = "https") => new()
    {
        ["X-Forwarded-For"] = client,
        ["X-Forwarded-Proto"] = scheme,
        ["X-Forwarded-Host"] = "iot.example",
    };

    /// <summary>What a client that is signed in would send there.</summary>
    private static async Task<HttpResponseMessage> Send(
        GatewayHost gateway, string method, string path, Dictionary<string, string>? headers = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (method == "POST")
        {
            request.Content = new StringContent("""{"email": "ada@example.org", "password": "x"}""", MediaTypeHeaderValue.Parse("application/json"));
        }
        else
        {
            request.Headers.Authorization = new("Bearer", gateway.Token(Roles.Viewer));
        }

        foreach (var (name, value) in headers ?? [])
        {
            request.Headers.Add(name, value);
        }

        return await gateway.Http.SendAsync(request);
    }

    private static async Task<string> WhoAmI(GatewayHost gateway, Dictionary<string, string> headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/who");
        request.Headers.Host = "gateway";
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        using var answer = await gateway.Http.SendAsync(request);
        return await answer.Content.ReadAsStringAsync();
    }
}
