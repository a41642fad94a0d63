using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using OrleansIoT.Gateway.Tests.World;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Tests.Dashboard;

public sealed class DashboardTests : IDisposable
{
    private const string Html = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    private const string Script = "/assets/main-4f3a.js";

    private readonly TemporaryFolder _folder = new();

    public DashboardTests()
    {
        Directory.CreateDirectory(Path.Combine(_folder.Path, "assets"));
        Write("index.html", """<!doctype html><base href="/" /><script type="module" src="./assets/main-4f3a.js"></script>""");
        Write("favicon.svg", "<svg/>");
        Write("assets/main-4f3a.js", new string('x', 5_000));
        Write("assets/other-1b2c.js", new string('y', 5_000));
        using var brotli = new BrotliStream(File.Create(Path.Combine(_folder.Path, "assets/main-4f3a.js.br")), CompressionLevel.SmallestSize);
        brotli.Write(Encoding.UTF8.GetBytes(new string('x', 5_000)));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_browser_is_sent_to_the_app_and_a_program_gets_what_the_api_says()
    {
        await using var gateway = await Start();
        using var browser = await Get(gateway, "/", Html);
        Assert.Equal((HttpStatusCode.Found, "/app/"), (browser.StatusCode, browser.Headers.Location?.ToString()));
        using var program = await Get(gateway, "/", "*/*");
        var start = await program.Json();
        Assert.Equal(("OrleansIoT", "/app/"), ((string)start["name"]!, (string)start["dashboard"]!));
        using var curious = await Get(gateway, "/app/", "*/*");
        Assert.Equal("text/html", curious.Content.Headers.ContentType?.MediaType);
        using var slashless = await Get(gateway, "/app", Html);
        Assert.Equal("/app/", slashless.Headers.Location?.ToString());
    }

    [Theory]
    [InlineData("/app/")]
    [InlineData("/app/devices/meter-7")]
    [InlineData("/app/topics/devices/meter-7/t%2Fx")]
    public async Task Every_address_of_the_app_is_its_page_and_nothing_inline_or_from_elsewhere_runs_in_it(string path)
    {
        await using var gateway = await Start();
        using var page = await Get(gateway, path, Html);
        Assert.Equal((HttpStatusCode.OK, "text/html"), (page.StatusCode, page.Content.Headers.ContentType?.MediaType));
        Assert.Contains("<base href=\"/\" />", await page.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        var policy = Assert.Single(page.Headers.GetValues("Content-Security-Policy"));
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.StartsWith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:;", policy, StringComparison.Ordinal);
        Assert.Equal(
            ["nosniff", "DENY", "same-origin", "same-origin"],
            new[] { "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy" }.Select(name => page.Headers.GetValues(name).Single()));
        Assert.True(page.Headers.CacheControl!.NoCache);

        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.ParseAdd(Html);
        request.Headers.IfNoneMatch.Add(page.Headers.ETag!);
        using var again = await gateway.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
    }

    [Fact]
    public async Task What_is_named_by_its_hash_never_changes_and_the_rest_is_asked_for_again()
    {
        await using var gateway = await Start();
        using var script = await Get(gateway, Script);
        Assert.Equal("public, max-age=31536000, immutable", script.Headers.CacheControl?.ToString());
        Assert.Equal("text/javascript", script.Content.Headers.ContentType?.MediaType);
        Assert.Equal(5_000, (await script.Content.ReadAsByteArrayAsync()).Length);
        using var icon = await Get(gateway, "/favicon.svg");
        Assert.Equal(("no-cache", "image/svg+xml"), (icon.Headers.CacheControl?.ToString(), icon.Content.Headers.ContentType?.MediaType));
    }

    [Theory]
    [InlineData(Script, "gzip, br", "br")]
    [InlineData(Script, "gzip, br;q=0", "gzip")]
    [InlineData("/assets/other-1b2c.js", "gzip, deflate, br, zstd", "br")]
    [InlineData("/assets/other-1b2c.js", "gzip", "gzip")]
    [InlineData("/app/", "br", "br")]
    [InlineData(Script, "identity", null)]
    public async Task Files_come_compressed_as_the_browser_takes_them(string path, string accepted, string? encoding)
    {
        await using var gateway = await Start();
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Accept-Encoding", accepted);
        request.Headers.Accept.ParseAdd("text/html, */*");
        using var answer = await gateway.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(encoding, answer.Content.Headers.ContentEncoding.SingleOrDefault());
        Assert.Contains("Accept-Encoding", answer.Headers.Vary);
        await using var body = await answer.Content.ReadAsStreamAsync();
        using var text = new StreamReader(encoding switch
        {
            "br" => new BrotliStream(body, CompressionMode.Decompress),
            "gzip" => new GZipStream(body, CompressionMode.Decompress),
            _ => body,
        });
        var content = await text.ReadToEndAsync();
        Assert.True(content.Length == 5_000 || content.StartsWith("<!doctype", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("/app/devices", "application/json", 404)] // the app has no data of its own
    [InlineData("/assets/nothing.js", Html, 404)]
    [InlineData("/assets/main-4f3a.js.br", "*/*", 404)]
    [InlineData("/index.html", Html, 401)]
    [InlineData("/assets/..%2f..%2fetc/passwd", "*/*", 404)]
    [InlineData("/devices", Html, 401)]
    [InlineData("/iot/a", Html, 401)]
    public async Task What_is_no_page_and_no_file_is_the_apis_to_answer(string path, string accept, int status)
    {
        await using var gateway = await Start();
        await Get(gateway, path, accept).IsProblem(status, status == 404 ? "not_found" : "not_signed_in");
    }

    [Fact]
    public async Task Answers_of_the_api_are_not_compressed()
    {
        await using var gateway = await Start();
        using var http = gateway.As(Roles.Viewer);
        http.DefaultRequestHeaders.AcceptEncoding.Add(new StringWithQualityHeaderValue("br"));
        using var answer = await http.GetAsync(new Uri("/openapi/v1.json", UriKind.Relative));
        Assert.Empty(answer.Content.Headers.ContentEncoding);
    }

    [Fact]
    public async Task Below_a_base_path_everything_is_as_at_the_root_whether_the_proxy_passes_it_on_or_not()
    {
        await using var gateway = await Start(options => options.PathBase = "/plant/iot");
        gateway.Grains.AddReading("a/b", gateway.Clock.GetUtcNow(), "1"u8.ToArray());
        foreach (var prefix in new[] { "", "/plant/iot" })
        {
            using var home = await Get(gateway, $"{prefix}/", Html);
            Assert.Equal("/plant/iot/app/", home.Headers.Location?.ToString());
            using var page = await Get(gateway, $"{prefix}/app/devices", Html);
            Assert.Contains("<base href=\"/plant/iot/\" />", await page.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            using var script = await Get(gateway, prefix + Script);
            Assert.Equal(HttpStatusCode.OK, script.StatusCode);
            using var start = await Get(gateway, $"{prefix}/");
            Assert.Equal("/plant/iot/openapi/v1.json", (string)(await start.Json())["openapi"]!);
            using var http = gateway.As(Roles.Operator);
            Assert.Equal("a/b", (string)(await http.GetAsync($"{prefix}/iot/a/b/latest").Json())["topic"]!);
            using var registered = await http.Post($"{prefix}/devices", $$"""{"id": "meter-{{prefix.Length}}"}""");
            Assert.Equal($"/plant/iot/devices/meter-{prefix.Length}", registered.Headers.Location?.ToString());
        }

        using var document = await Get(gateway, "/openapi/v1.json");
        Assert.Equal("/plant/iot", (string)(await document.Json())["servers"]![0]!["url"]!);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("plant")]
    [InlineData("/plant/")]
    [InlineData("/a//b")]
    [InlineData("/a\"b")]
    public async Task A_base_path_that_is_none_does_not_start(string path) =>
        Assert.Contains("PathBase", (await Assert.ThrowsAsync<Microsoft.Extensions.Options.OptionsValidationException>(
            () => Start(options => options.PathBase = path))).Message, StringComparison.Ordinal);

    [Fact]
    public async Task Where_the_app_was_not_built_a_page_says_how_to_get_it()
    {
        await using var gateway = await GatewayHost.Start(options => options.DashboardDirectory = Path.Combine(_folder.Path, "nothing"));
        using var page = await Get(gateway, "/app/", Html);
        Assert.Equal((HttpStatusCode.NotFound, "text/html"), (page.StatusCode, page.Content.Headers.ContentType?.MediaType));
        Assert.Contains("Node.js", await page.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder.Path, name), text);

    private Task<GatewayHost> Start(Action<GatewayOptions>? configure = null) => GatewayHost.Start(options =>
    {
        options.DashboardDirectory = _folder.Path;
        configure?.Invoke(options);
    });

    private static async Task<HttpResponseMessage> Get(GatewayHost gateway, string path, string accept = "*/*")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.ParseAdd(accept);
        return await gateway.Http.SendAsync(request);
    }
}
