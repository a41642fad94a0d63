using System.Net;
using OrleansIoT.Gateway.Tests.World;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Tests.Identity;

public sealed class RefreshCookieTests : IAsyncLifetime
{
    private const string Login = """{"email": "ada@example.org", "password": "correct horse", "cookie": true}""";
    private const string Name = "__Host-orleans-iot-refresh";

    private GatewayHost _gateway = null!;

    public async Task InitializeAsync()
    {
        _gateway = await GatewayHost.Start();
        _gateway.Grains.AddUser("ada@example.org");
    }

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task The_refresh_token_of_a_page_is_in_a_cookie_that_no_script_reads_and_nowhere_else()
    {
        using var answer = await Send("/auth/login", Login, site: "same-origin");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(["message", "auth_token", "expires_in", "refresh_expires_in"], (await answer.Json()).AsObject().Select(field => field.Key));
        var parts = Assert.Single(answer.Headers.GetValues("Set-Cookie")).Split("; ");
        Assert.StartsWith($"{Name}=iotr_default.", parts[0], StringComparison.Ordinal);
        Assert.Equal(["httponly", "max-age=2592000", "path=/", "samesite=strict", "secure"], parts.Skip(1).Order());
    }

    [Fact]
    public async Task The_cookie_is_exchanged_for_the_next_one_and_a_used_one_ends_the_session()
    {
        var first = await SignIn();
        using var refreshed = await Send("/auth/refresh", "", first, "same-origin");
        Assert.Equal(HttpStatusCode.OK, refreshed.StatusCode);
        Assert.Null((await refreshed.Json())["refresh_token"]);
        var second = Cookie(refreshed);
        Assert.NotEqual(first, second);
        using var again = await Send("/auth/refresh", "", first, "same-origin"); // by a page that was left meanwhile
        Assert.Equal(second, Cookie(again));

        _gateway.Clock.Advance(TimeSpan.FromSeconds(30));
        using var stolen = await Send("/auth/refresh", "", first, "same-origin");
        Assert.Equal(HttpStatusCode.Unauthorized, stolen.StatusCode);
        Assert.Equal("", Cookie(stolen)); // the browser forgets it
        await Send("/auth/refresh", "", second, "same-origin").IsProblem(401, "not_signed_in");
    }

    [Theory]
    [InlineData("cross-site", null)]
    [InlineData("same-site", null)]
    [InlineData("none", null)]
    [InlineData("cross-site", "own")]
    [InlineData(null, "https://evil.example")]
    [InlineData(null, "null")]
    [InlineData(null, null)]
    public async Task Pages_of_other_sites_can_do_nothing_with_the_cookie(string? site, string? origin)
    {
        var cookie = await SignIn();
        origin = origin == "own" ? Own : origin;
        await Send("/auth/refresh", "", cookie, site, origin).IsProblem(403, "forbidden");
        await Send("/auth/login", Login, null, site, origin).IsProblem(403, "forbidden");
        using var good = await Send("/auth/refresh", "", cookie, "same-origin");
        Assert.Equal(HttpStatusCode.OK, good.StatusCode); // it was not used up
    }

    [Fact]
    public async Task A_browser_without_fetch_metadata_says_where_its_page_is_from()
    {
        var cookie = await SignIn();
        using var answer = await Send("/auth/refresh", "", cookie, origin: Own);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task Without_a_cookie_and_a_body_there_is_nothing_to_refresh() =>
        await Send("/auth/refresh", "", site: "same-origin").IsProblem(401, "not_signed_in");

    [Fact]
    public async Task A_token_in_the_body_is_the_one_that_counts_and_sets_no_cookie()
    {
        var cookie = await SignIn();
        var signedIn = await _gateway.Http.Post("/auth/login", Login.Replace(", \"cookie\": true", "", StringComparison.Ordinal)).Json();
        using var answer = await Send("/auth/refresh", $$"""{"refresh_token": "{{signedIn["refresh_token"]}}"}""", cookie, "cross-site");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.NotNull((await answer.Json())["refresh_token"]);
        Assert.False(answer.Headers.Contains("Set-Cookie"));
    }

    [Fact]
    public async Task To_leave_takes_the_cookie_away()
    {
        using var signedIn = await Send("/auth/login", Login, site: "same-origin");
        using var http = _gateway.With((string)(await signedIn.Json())["auth_token"]!);
        http.DefaultRequestHeaders.Add("Cookie", $"{Name}={Cookie(signedIn)}");
        using var left = await http.PostAsync(new Uri("/auth/logout", UriKind.Relative), null);
        Assert.Equal(HttpStatusCode.NoContent, left.StatusCode);
        Assert.Contains("max-age=0", Assert.Single(left.Headers.GetValues("Set-Cookie")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cookie_is_no_token()
    {
        var cookie = await SignIn();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/iot");
        request.Headers.Add("Cookie", $"{Name}={cookie}");
        await _gateway.Http.SendAsync(request).IsProblem(401, "not_signed_in");
    }

    [Fact]
    public async Task Everybody_can_ask_who_they_are()
    {
        var ada = _gateway.Grains.Users["default/ada@example.org"].Record;
        _gateway.Grains.Users["default/ada@example.org"] = (ada with { Grants = ["plant/#"] }, "");
        var me = await _gateway.As(Roles.Viewer, id: ada.Id).GetAsync("/auth/me").Json();
        Assert.Equal(
            $$"""{"id":"{{ada.Id}}","kind":"user","tenant":"default","email":"ada@example.org","username":"ada","roles":["viewer"],"grants":["plant/#"],"expires_at":"2026-03-01T12:15:05Z"}""",
            me.ToJsonString());
        Assert.Empty((await _gateway.As(Roles.None, "other", "somebody").GetAsync("/auth/me").Json())["roles"]!.AsArray());
        await _gateway.Http.GetAsync("/auth/me").IsProblem(401, "not_signed_in");
    }

    private string Own => _gateway.Address.GetLeftPart(UriPartial.Authority);

    private async Task<string> SignIn()
    {
        using var answer = await Send("/auth/login", Login, site: "same-origin");
        return Cookie(answer);
    }

    private static string Cookie(HttpResponseMessage answer) =>
        Assert.Single(answer.Headers.GetValues("Set-Cookie")).Split(';')[0].Split('=', 2)[1];

    private Task<HttpResponseMessage> Send(string path, string body, string? cookie = null, string? site = null, string? origin = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path);
        if (body.Length > 0)
        {
            request.Content = new StringContent(body, null, "application/json");
        }

        Add("Cookie", cookie is null ? null : $"{Name}={cookie}");
        Add("Sec-Fetch-Site", site);
        Add("Origin", origin);
        return _gateway.Http.SendAsync(request);

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                request.Headers.Add(name, value);
            }
        }
    }
}
