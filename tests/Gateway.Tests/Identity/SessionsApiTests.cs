using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using OrleansIoT.Gateway.Tests.World;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Tests.Identity;

public sealed class SessionsApiTests : IAsyncLifetime
{
    private const string Credentials = """{"email": "ada@example.org", "password": "correct horse"}""";

    private GatewayHost _gateway = null!;

    public async Task InitializeAsync()
    {
        _gateway = await GatewayHost.Start();
        _gateway.Grains.AddUser("ada@example.org");
    }

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task A_refresh_token_is_exchanged_for_a_pair_that_works()
    {
        var first = await SignIn();
        var second = await _gateway.Http.Post("/auth/refresh", Body(first)).Json();
        var third = await _gateway.Http.Post("/auth/refresh", Body(second)).Json();

        Assert.Equal(["message", "auth_token", "expires_in", "refresh_token", "refresh_expires_in"], second.AsObject().Select(field => field.Key));
        Assert.Equal(30 * 24 * 3_600, (int)second["refresh_expires_in"]!);
        Assert.StartsWith("iotr_default.", (string)second["refresh_token"]!, StringComparison.Ordinal);
        using var answer = await As(third).GetAsync("/auth/sessions");
        Assert.Equal(200, (int)answer.StatusCode);
        Assert.Single((await answer.Json())["sessions"]!.AsArray());
    }

    [Fact] // J15
    public async Task A_refresh_token_that_is_used_twice_ends_its_session()
    {
        var stolen = await SignIn();
        var next = await _gateway.Http.Post("/auth/refresh", Body(stolen)).Json();
        Assert.NotNull(next["refresh_token"]);
        _gateway.Clock.Advance(TimeSpan.FromSeconds(30));

        await _gateway.Http.Post("/auth/refresh", Body(stolen)).IsProblem(401, "not_signed_in");
        await _gateway.Http.Post("/auth/refresh", Body(next)).IsProblem(401, "not_signed_in");
    }

    [Theory]
    [InlineData("")]
    [InlineData("iotr_")]
    [InlineData("iotr_default.0195e8a0-3f5e-7d3f-8b7c-9a533f0c2f3b.kq0UzqLQ3Fh1rWfLZ8s1VA.short")]
    [InlineData("iotr_a/b.0195e8a0-3f5e-7d3f-8b7c-9a533f0c2f3b.kq0UzqLQ3Fh1rWfLZ8s1VA.0123456789012345678901234567890123456789012")]
    [InlineData("iotr_$system.0195e8a0-3f5e-7d3f-8b7c-9a533f0c2f3b.kq0UzqLQ3Fh1rWfLZ8s1VA.0123456789012345678901234567890123456789012")]
    [InlineData("iotp_default.0195e8a0-3f5e-7d3f-8b7c-9a533f0c2f3b.kq0UzqLQ3Fh1rWfLZ8s1VA.0123456789012345678901234567890123456789012")]
    public async Task What_cannot_be_a_refresh_token_wakes_no_grain_and_gets_the_same_answer(string token)
    {
        var unknown = await _gateway.Http.Post("/auth/refresh", """
            {"refresh_token": "iotr_default.0195e8a0-3f5e-7d3f-8b7c-9a533f0c2f3b.kq0UzqLQ3Fh1rWfLZ8s1VA.0123456789012345678901234567890123456789012"}
            """).IsProblem(401, "not_signed_in");
        var refreshed = await _gateway.Http.Post("/auth/refresh", Body(await SignIn())).Json();
        Assert.NotEmpty(_gateway.Grains.Calls);
        _gateway.Grains.Calls.Clear();

        // Of somebody who is there, so that her grain would be asked.
        var parts = ((string)refreshed["refresh_token"]!).Split('.');
        var wrong = token.Replace("0195e8a0-3f5e-7d3f-8b7c-9a533f0c2f3b", parts[1], StringComparison.Ordinal)
            .Replace("kq0UzqLQ3Fh1rWfLZ8s1VA", parts[2], StringComparison.Ordinal);
        var refusal = await _gateway.Http.Post("/auth/refresh", new JsonObject { ["refresh_token"] = wrong }.ToJsonString()).IsProblem(401, "not_signed_in");

        Assert.Equal(unknown, refusal);
        Assert.Empty(_gateway.Grains.Calls);
    }

    [Fact]
    public async Task Who_logs_out_leaves_no_session_behind()
    {
        var session = await SignIn();
        using var out_ = await As(session).PostAsync("/auth/logout", null);
        Assert.Equal(204, (int)out_.StatusCode);
        Assert.Empty(_gateway.Grains.Sessions);
        await _gateway.Http.Post("/auth/refresh", Body(session)).IsProblem(401, "not_signed_in");
    }

    [Fact]
    public async Task One_sees_ones_sessions_and_ends_one_or_all_others()
    {
        var (mine, second, third) = (await SignIn("one/1.0"), await SignIn("two/2.0"), await SignIn("three/3.0"));
        var listed = (await As(mine).GetAsync("/auth/sessions").Json())["sessions"]!.AsArray();
        Assert.Equal(["one/1.0", "three/3.0", "two/2.0"], listed.Select(session => (string)session!["agent"]!).Order());
        Assert.Equal("one/1.0", (string)Assert.Single(listed, session => (bool)session!["current"]!)!["agent"]!);
        Assert.All(listed, session => Assert.Equal("127.0.0.1", (string)session!["address"]!));

        var id = (string)listed.Single(session => (string)session!["agent"]! == "two/2.0")!["id"]!;
        Assert.Equal(204, (int)(await As(mine).DeleteAsync($"/auth/sessions/{id}")).StatusCode);
        await As(mine).DeleteAsync($"/auth/sessions/{id}").IsProblem(404, "not_found");
        await _gateway.Http.Post("/auth/refresh", Body(second)).IsProblem(401, "not_signed_in");
        Assert.Equal(204, (int)(await As(mine).DeleteAsync("/auth/sessions")).StatusCode);
        await _gateway.Http.Post("/auth/refresh", Body(third)).IsProblem(401, "not_signed_in");
        Assert.Equal(200, (int)(await _gateway.Http.Post("/auth/refresh", Body(mine))).StatusCode);
    }

    [Fact] // API1:2023
    public async Task Nobody_ends_the_session_of_somebody_else_except_an_administrator()
    {
        var ada = await SignIn();
        var record = _gateway.Grains.Users["default/ada@example.org"].Record;
        var session = _gateway.Grains.Sessions.Values.Single(one => one.User == "default/ada@example.org").Record.Id;
        _gateway.Grains.AddUser("eve@example.org", id: "u-eve");
        var eve = _gateway.As(Roles.Viewer, id: "u-eve");

        await eve.DeleteAsync($"/auth/sessions/{session}").IsProblem(404, "not_found");
        await eve.GetAsync($"/users/{record.Id}/sessions").IsProblem(404, "not_found");
        await eve.DeleteAsync($"/users/{record.Id}/sessions").IsProblem(404, "not_found");
        await _gateway.As(Roles.Admin, "other").DeleteAsync($"/users/{record.Id}/sessions").IsProblem(404, "not_found");
        var seen = await _gateway.As(Roles.Admin).GetAsync($"/users/{record.Id}/sessions").Json();
        Assert.Equal(session, (string)Assert.Single(seen["sessions"]!.AsArray())!["id"]!);
        Assert.Equal(204, (int)(await _gateway.As(Roles.Admin).DeleteAsync($"/users/{record.Id}/sessions")).StatusCode);
        await _gateway.Http.Post("/auth/refresh", Body(ada)).IsProblem(401, "not_signed_in");
    }

    [Fact]
    public async Task A_tenant_is_named_at_the_sign_in_or_it_is_the_gateways_own()
    {
        _gateway.Grains.AddUser("bob@acme.example", tenant: "acme");
        var body = """{"email": "bob@acme.example", "password": "correct horse", "tenant": "acme"}""";
        var session = await _gateway.Http.Post("/auth/login", body).Json();
        Assert.StartsWith("iotr_acme.", (string)session["refresh_token"]!, StringComparison.Ordinal);
        Assert.Equal(200, (int)(await _gateway.Http.Post("/auth/refresh", Body(session))).StatusCode);
        Assert.Equal(["acme", "acme"], _gateway.Grains.Audit.Select(entry => entry.Tenant));

        await _gateway.Http.Post("/auth/login", body.Replace("""
            , "tenant": "acme"
            """.Trim(), "", StringComparison.Ordinal)).IsProblem(401, "not_signed_in");
        await _gateway.Http.Post("/auth/login", body.Replace("acme\"", "$system\"", StringComparison.Ordinal)).IsProblem(400, "invalid");
        await _gateway.Http.Post("/auth/login", body.Replace("\"acme\"", "\"a/b\"", StringComparison.Ordinal)).IsProblem(400, "invalid");
        await _gateway.Http.Post("/auth/login", body.Replace("correct", "wrong", StringComparison.Ordinal)).IsProblem(401, "not_signed_in");
        Assert.All(_gateway.Grains.Audit.Skip(2), entry => Assert.Equal("default", entry.Tenant));
    }

    [Fact]
    public async Task A_password_is_changed_with_the_current_one()
    {
        var session = await SignIn();
        await As(session).Post("/auth/password", """{"current_password": "wrong", "new_password": "a longer one than that"}""").IsProblem(401, "not_signed_in");
        using var changed = await As(session).Post("/auth/password", """{"current_password": "correct horse", "new_password": "a longer one than that"}""");
        Assert.Equal(204, (int)changed.StatusCode);
        await _gateway.Http.Post("/auth/login", Credentials).IsProblem(401, "not_signed_in");
    }

    [Fact]
    public async Task A_secret_of_a_session_is_in_no_log()
    {
        var session = await SignIn();
        var next = await _gateway.Http.Post("/auth/refresh", Body(session)).Json();
        foreach (var token in new[] { session, next }.SelectMany(one => new[] { one["refresh_token"], one["auth_token"] }))
        {
            var secret = ((string)token!).Split('.')[^1];
            Assert.DoesNotContain(_gateway.Log.Lines, line => line.Contains(secret, StringComparison.Ordinal));
        }
    }

    private static string Body(JsonNode session) => new JsonObject { ["refresh_token"] = (string)session["refresh_token"]! }.ToJsonString();

    private HttpClient As(JsonNode session) => _gateway.With((string)session["auth_token"]!);

    private async Task<JsonNode> SignIn(string agent = "test/1.0")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/auth/login")
        {
            Content = new StringContent(Credentials, MediaTypeHeaderValue.Parse("application/json")),
        };
        request.Headers.UserAgent.ParseAdd(agent);
        return await _gateway.Http.SendAsync(request).Json();
    }
}
