using System.ComponentModel;
using System.IO.Compression;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Options;
using OrleansIoT.Gateway.Tests.World;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Tests;

/// <summary>What every route has in common, and what bad clients try (H03, H09, H10, H14, H16, H18).</summary>
public sealed class HttpTests
{
    [Theory]
    [InlineData("/")]
    [InlineData("/health/live")]
    [InlineData("/openapi/v1.json")]
    [InlineData("/devices")]
    [InlineData("/nothing")]
    public async Task Every_answer_is_uncached_unsniffed_and_of_an_unnamed_server(string path)
    {
        await using var gateway = await GatewayHost.Start();

        using var answer = await gateway.Http.GetAsync(path);

        Assert.Equal("no-store", answer.Headers.CacheControl?.ToString());
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.StartsWith("default-src 'none'", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Empty(answer.Headers.Server);
    }

    [Fact]
    public async Task The_start_page_says_where_to_go()
    {
        await using var gateway = await GatewayHost.Start();

        var start = await gateway.Http.GetAsync("/").Json();

        Assert.Equal(200, (int)(await gateway.Http.GetAsync((string)start["openapi"]!)).StatusCode);
        foreach (var health in start["health"]!.AsArray())
        {
            Assert.Equal(200, (int)(await gateway.Http.GetAsync((string)health!)).StatusCode);
        }
    }

    [Theory]
    [InlineData("/nothing")]
    [InlineData("/.git/config")]
    [InlineData("/metrics")]
    [InlineData("/swagger")]
    [InlineData("/devices/a/b")]
    [InlineData("/users/a/b")]
    [InlineData("/auth")]
    [InlineData("//devices")]
    [InlineData("/devices%2f")]
    public async Task There_is_nothing_at_other_addresses(string path)
    {
        await using var gateway = await GatewayHost.Start();

        Assert.Equal(401, (await gateway.Get(path)).Status);
        var answer = await gateway.Get(path, gateway.Token(Roles.Admin));

        Assert.Equal(404, answer.Status);
        Assert.Equal("not_found", (string)answer.Json["failure"]!);
    }

    [Theory] // H03: another spelling of a route is the same route with the same rights
    [InlineData("/users/")]
    [InlineData("/USERS")]
    [InlineData("/users?")]
    [InlineData("/x/../users")]
    [InlineData("/%75sers")]
    public async Task Another_spelling_of_a_route_is_no_way_around_it(string path)
    {
        await using var gateway = await GatewayHost.Start();

        Assert.Equal(401, (await gateway.Get(path)).Status);
        Assert.Equal(403, (await gateway.Get(path, gateway.Token(Roles.Viewer))).Status);
        Assert.Equal(403, (await gateway.Get(path, gateway.Token(Roles.Viewer), "HEAD")).Status);
    }

    [Theory]
    [InlineData("PUT", "/devices", "GET, POST")]
    [InlineData("PUT", "/devices/meter-7", "DELETE, GET, PATCH")]
    [InlineData("DELETE", "/users", "GET, POST")]
    [InlineData("POST", "/iot/t", "GET")]
    [InlineData("OPTIONS", "/devices", "GET, POST")]
    [InlineData("TRACE", "/devices", "GET, POST")]
    [InlineData("BREW", "/devices", "GET, POST")]
    public async Task Another_method_is_refused_with_the_ones_that_are_taken(string method, string path, string allow)
    {
        await using var gateway = await GatewayHost.Start();
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Headers.Add("X-HTTP-Method-Override", "GET");

        using var answer = await gateway.As(Roles.Admin).SendAsync(request);

        Assert.Contains(allow, await Task.FromResult(answer).IsProblem(405), StringComparison.Ordinal);
        Assert.Equal(allow, string.Join(", ", answer.Content.Headers.Allow.Order()));
    }

    [Theory] // H14: a page of another origin may neither read an answer nor have a token sent along
    [InlineData("null")]
    [InlineData("https://evil.example")]
    [InlineData("http://127.0.0.1")]
    public async Task No_origin_is_given_leave(string origin)
    {
        await using var gateway = await GatewayHost.Start();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/devices");
        request.Headers.Add("Origin", origin);
        using var preflight = new HttpRequestMessage(HttpMethod.Options, "/devices");
        preflight.Headers.Add("Origin", origin);
        preflight.Headers.Add("Access-Control-Request-Method", "DELETE");
        preflight.Headers.Add("Access-Control-Request-Headers", "authorization");
        var http = gateway.As(Roles.Admin);

        using var answer = await http.SendAsync(request);
        using var refused = await http.SendAsync(preflight);

        Assert.Equal(200, (int)answer.StatusCode); // to whoever has the token, which no browser sends by itself
        Assert.Equal(405, (int)refused.StatusCode);
        Assert.All(new[] { answer, refused }, each => Assert.DoesNotContain(each.Headers, header =>
            header.Key.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase) || header.Key == "Set-Cookie"));
    }

    [Theory] // H03
    [InlineData("X-HTTP-Method-Override")]
    [InlineData("X-HTTP-Method")]
    [InlineData("X-Method-Override")]
    public async Task Another_method_in_a_header_or_in_the_query_is_not_heard(string header)
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddDevice("meter-7");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/devices/meter-7?_method=DELETE");
        request.Headers.Add(header, "DELETE");

        Assert.Equal(200, (int)(await gateway.As(Roles.Admin).SendAsync(request)).StatusCode);
        Assert.Single(gateway.Grains.Devices);
    }

    [Theory] // H03: it would send a request back, with what a proxy has put into it
    [InlineData("/")]
    [InlineData("/devices")]
    [InlineData("/health/live")]
    public async Task TRACE_says_nothing_of_the_request(string path)
    {
        await using var gateway = await GatewayHost.Start();
        using var request = new HttpRequestMessage(HttpMethod.Trace, path);
        request.Headers.Add("X-Mine", "to be sent back");

        using var answer = await gateway.As(Roles.Admin).SendAsync(request);

        Assert.Equal(405, (int)answer.StatusCode);
        Assert.DoesNotContain("to be sent back", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact] // H10
    public async Task A_client_that_is_slow_to_send_its_body_is_shown_out()
    {
        await using var gateway = await GatewayHost.Start(options => options.MinDataRate = 1_000_000); // of which it has 5 s of grace

        Assert.Equal(408, (await gateway.Send("POST /auth/login HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{")).Status);
    }

    [Fact] // H09
    public async Task A_hundred_thousand_elements_are_refused_by_their_bytes()
    {
        await using var gateway = await GatewayHost.Start();

        await gateway.As(Roles.Operator).Post("/devices", $$"""{"id": "a", "publish": [{{string.Join(',', Enumerable.Repeat("1", 100_000))}}]}""").IsProblem(413, "too_large");
    }

    [Fact]
    public async Task Who_is_not_signed_in_is_told_of_a_wrong_method_where_one_signs_in()
    {
        await using var gateway = await GatewayHost.Start();

        Assert.Contains("POST", await gateway.Http.GetAsync("/auth/login").IsProblem(405), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/xml")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("multipart/form-data; boundary=x")]
    public async Task A_body_that_is_not_said_to_be_json_is_refused(string type)
    {
        await using var gateway = await GatewayHost.Start();

        Assert.Contains("application/json",
            await gateway.Http.Post("/auth/login", """{"email": "a@b", "password": "x"}""", type).IsProblem(415), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_accepts_html_only_gets_its_problem_all_the_same()
    {
        await using var gateway = await GatewayHost.Start();
        var http = gateway.As(Roles.Admin);
        http.DefaultRequestHeaders.Add("Accept", "text/html");

        await http.GetAsync("/nothing").IsProblem(404, "not_found");
    }

    [Fact] // H09
    public async Task A_body_over_the_limit_is_refused_before_it_is_read()
    {
        await using var gateway = await GatewayHost.Start();

        await gateway.Http.Post("/auth/login", $"{{\"email\": \"{new string('a', 65_536)}\"}}").IsProblem(413, "too_large");
        var announced = await gateway.Send("POST /auth/login HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 10737418240\r\n\r\n{");
        var chunked = new StringBuilder("POST /auth/login HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
        chunked.Append("20000\r\n").Append(' ', 0x20000).Append("\r\n0\r\n\r\n");

        Assert.Equal(413, announced.Status);
        Assert.Equal(413, (await gateway.Send(chunked.ToString())).Status);
    }

    [Theory] // H09
    [InlineData(31)]
    [InlineData(1_000)]
    [InlineData(20_000)]
    public async Task A_body_nested_deep_is_refused(int depth)
    {
        await using var gateway = await GatewayHost.Start();

        await gateway.As(Roles.Operator).Post("/devices", $"{{\"id\": \"a\", \"publish\": {new string('[', depth)}{new string(']', depth)}}}").IsProblem(400, "invalid");
    }

    [Fact] // H09
    public async Task A_packed_body_is_not_unpacked()
    {
        await using var gateway = await GatewayHost.Start();
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            await gzip.WriteAsync(new byte[1_000_000]);
        }

        using var content = new ByteArrayContent(packed.ToArray());
        content.Headers.ContentType = new("application/json");
        content.Headers.ContentEncoding.Add("gzip");

        await gateway.Http.PostAsync("/auth/login", content).IsProblem(400, "invalid");
    }

    [Fact] // H10
    public async Task A_client_that_is_slow_to_say_what_it_wants_is_shown_out()
    {
        await using var gateway = await GatewayHost.Start(options => options.RequestHeadersTimeout = TimeSpan.FromSeconds(1));

        Assert.Equal(408, (await gateway.Send("GET /health/live HTTP/1.1\r\nHost: gate")).Status);
    }

    [Fact] // H10
    public async Task Connections_over_the_limit_are_closed()
    {
        await using var gateway = await GatewayHost.Start(options => options.MaxConnections = 1);
        using var only = new TcpClient();
        await only.ConnectAsync(gateway.Address.Host, gateway.Address.Port);
        await only.GetStream().WriteAsync("GET /health/live HTTP/1.1\r\nHost: gateway\r\n\r\n"u8.ToArray());
        Assert.NotEqual(0, await only.GetStream().ReadAsync(new byte[1]));

        await Assert.ThrowsAsync<HttpRequestException>(() => gateway.Http.GetAsync("/health/live"));
    }

    [Fact]
    public async Task A_route_that_says_nothing_about_it_demands_a_token()
    {
        await using var gateway = await GatewayHost.Start(routes: app => app.MapGet("/forgotten", () => "secret"));

        await gateway.Http.GetAsync("/forgotten").IsProblem(401, "not_signed_in");
        Assert.Equal("secret", await gateway.As(Roles.None).GetStringAsync(new Uri("/forgotten", UriKind.Relative)));
    }

    [Theory]
    [InlineData("Tenant", "a/b")]
    [InlineData("ClockSkew", "00:00:31")]
    [InlineData("AccessTokenLifetime", "24:00:00")]
    [InlineData("RegistrationRole", "Operator")]
    [InlineData("MaxConnections", "0")]
    [InlineData("RequestRate", "-1")]
    [InlineData("RequestBurst", "99")]
    public async Task Senseless_options_keep_the_gateway_from_starting(string option, string value)
    {
        var refused = await Assert.ThrowsAsync<OptionsValidationException>(() => GatewayHost.Start(options =>
        {
            var property = typeof(GatewayOptions).GetProperty(option)!;
            property.SetValue(options, TypeDescriptor.GetConverter(property.PropertyType).ConvertFromInvariantString(value));
        }));

        Assert.Contains("Gateway", refused.Message, StringComparison.Ordinal);
    }
}
