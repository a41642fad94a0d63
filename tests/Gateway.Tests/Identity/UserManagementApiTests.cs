using System.Text;
using System.Text.Json.Nodes;
using OrleansIoT.Gateway.Identity;
using OrleansIoT.Gateway.Tests.World;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Tests.Identity;

public sealed class UserManagementApiTests : IAsyncLifetime
{
    private GatewayHost _gateway = null!;
    private HttpClient _admin = null!;

    public async Task InitializeAsync()
    {
        _gateway = await GatewayHost.Start();
        _admin = _gateway.As(Roles.Admin);
    }

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task A_user_is_made_changed_reset_and_deleted()
    {
        using var made = await _admin.Post("/users", """{"email": "ada@example.org", "username": "Ada", "roles": ["operator"], "grants": ["plant/#", "!plant/x"]}""");
        var created = await made.Json();
        var id = (string)created["data"]!["users"]![0]!["id"]!;
        Assert.Equal((201, $"/users/{id}"), ((int)made.StatusCode, made.Headers.Location?.ToString()));
        await SignsIn((string)created["password"]!);

        var changed = (await Patch(_admin, $"/users/{id}", """{"roles": ["viewer"], "grants": [], "username": "Countess"}""").Json())["data"]!["users"]![0]!;
        Assert.Equal("Countess", (string)changed["username"]!);
        Assert.Equal(["viewer"], changed["roles"]!.AsArray().Select(role => (string)role!));
        Assert.Empty(changed["grants"]!.AsArray());
        Assert.Contains($"default/{id}", _gateway.Grains.Revoked);

        var reset = await _admin.PostAsync($"/users/{id}/password", null).Json();
        await SignsIn((string)reset["password"]!);
        Assert.Equal(204, (int)(await _admin.DeleteAsync($"/users/{id}")).StatusCode);
        await _admin.GetAsync($"/users/{id}").IsProblem(404, "not_found");
    }

    [Fact]
    public async Task What_the_administrator_chose_as_password_is_not_repeated()
    {
        var created = await _admin.Post("/users", """{"email": "ada@example.org", "username": "Ada", "password": "correct horse battery", "roles": []}""").Json();
        Assert.Null((string?)created["password"]);
        await SignsIn("correct horse battery");
    }

    [Theory] // API5:2023, H03
    [InlineData("POST", "/users", """{"email": "eve@example.org", "username": "Eve", "roles": ["admin"]}""")]
    [InlineData("PATCH", "/users/u-9", """{"roles": ["admin"]}""")]
    [InlineData("DELETE", "/users/u-9", null)]
    [InlineData("POST", "/users/u-9/password", null)]
    public async Task Who_is_no_administrator_manages_nobody_not_even_itself(string method, string path, string? body)
    {
        _gateway.Grains.AddUser("ada@example.org", id: "u-9");
        foreach (var roles in new[] { Roles.Viewer, Roles.Operator })
        {
            var answer = Send(_gateway.As(roles, id: "u-9"), method, path, body);
            await answer.IsProblem(403, "forbidden");
        }

        Assert.Equal(Roles.Viewer, _gateway.Grains.Users["default/ada@example.org"].Record.Roles);
        Assert.True((await Send(_admin, method, path, body)).IsSuccessStatusCode);
    }

    [Theory] // H01, API3:2023
    [InlineData("tenant", "\"other\"")]
    [InlineData("id", "\"u-1\"")]
    [InlineData("created_at", "\"2020-01-01T00:00:00Z\"")]
    [InlineData("Roles", "[\"admin\"]")]
    [InlineData("password_hash", "\"x\"")]
    public async Task A_field_that_is_not_the_callers_to_set_is_refused(string field, string value)
    {
        _gateway.Grains.AddUser("ada@example.org", id: "u-9");
        Assert.True((await Patch(_admin, "/users/u-9", """{"username": "Ada"}""")).IsSuccessStatusCode);
        await Patch(_admin, "/users/u-9", $$"""{"username": "Eve", "{{field}}": {{value}}}""").IsProblem(400, "invalid");
        Assert.Equal("Ada", _gateway.Grains.Users["default/ada@example.org"].Record.Username);
    }

    [Fact]
    public async Task Tenants_are_made_by_administrators_of_the_installation_and_seen_by_their_own()
    {
        using var made = await _admin.Post("/tenants", """{"name": "acme", "title": "Acme Ltd", "admin_email": "ada@acme.example"}""");
        Assert.Equal((201, "/tenants/acme"), ((int)made.StatusCode, made.Headers.Location?.ToString()));
        Assert.Equal(["id", "email", "password"], (await made.Json())["admin"]!.AsObject().Select(field => field.Key));
        await _admin.Post("/tenants", """{"name": "acme", "admin_email": "ada@acme.example"}""").IsProblem(409, "conflict");
        await _admin.Post("/tenants", """{"name": "$system", "admin_email": "ada@acme.example"}""").IsProblem(400, "invalid");
        (await _admin.Post("/tenants", """{"name": "bolt", "admin_email": "bob@bolt.example"}""")).Dispose();
        Assert.Equal(["acme", "bolt"], (await _admin.GetAsync("/tenants").Json())["tenants"]!.AsArray().Select(tenant => (string)tenant!["name"]!));

        var acme = _gateway.As(Roles.Admin, "acme");
        Assert.Equal(["acme"], (await acme.GetAsync("/tenants").Json())["tenants"]!.AsArray().Select(tenant => (string)tenant!["name"]!));
        Assert.Equal("Acme Ltd", (string)(await acme.GetAsync("/tenants/acme").Json())["title"]!);
        await acme.GetAsync("/tenants/bolt").IsProblem(404, "not_found");
        await acme.Post("/tenants", """{"name": "mine", "admin_email": "ada@acme.example"}""").IsProblem(403, "forbidden");
        await Patch(acme, "/tenants/bolt", """{"active": false}""").IsProblem(403, "forbidden");

        Assert.False((bool)(await Patch(_admin, "/tenants/acme", """{"active": false}""").Json())["active"]!);
        Assert.Contains("acme/", _gateway.Grains.Revoked);
    }

    [Fact]
    public async Task A_personal_token_may_what_its_scopes_and_grants_let_it()
    {
        var ada = _gateway.Grains.AddUser("ada@example.org", roles: Roles.Operator);
        _gateway.Grains.AddReading("plant/a", _gateway.Clock.GetUtcNow(), "1"u8.ToArray());
        _gateway.Grains.AddReading("office/a", _gateway.Clock.GetUtcNow(), "1"u8.ToArray());
        var session = _gateway.As(Roles.Operator, id: ada.Id);
        var issued = await session.Post("/auth/tokens", """{"name": "script", "scopes": ["operator"], "grants": ["plant/#"], "expires_in": 3600}""").Json();
        var token = (string)issued["token"]!;
        var admissions = new Admissions(_gateway.Grains.Factory());

        var admitted = (await admissions.AdmitOpaque(token))!.Value;
        Assert.Equal((ada.Id, "default", Roles.Operator, CallerKind.User), (admitted.Caller.Subject, admitted.Caller.Tenant, admitted.Caller.Roles, admitted.Caller.Kind));
        Assert.Equal("plant/#", Assert.Single(admitted.Caller.Grants));
        Assert.Equal(_gateway.Clock.GetUtcNow().AddHours(1), admitted.Until);
        Assert.Null(await admissions.AdmitOpaque(token[..^1] + (token[^1] == 'A' ? 'B' : 'A')));
        Assert.Null(await admissions.AdmitOpaque("iotp_nonsense"));
        Assert.Null(await admissions.AdmitOpaque(token.Replace("iotp_", "iotr_", StringComparison.Ordinal)));

        var listed = Assert.Single((await session.GetAsync("/auth/tokens").Json())["tokens"]!.AsArray())!;
        Assert.Equal("script", (string)listed["name"]!);
        Assert.DoesNotContain(token, listed.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(204, (int)(await session.DeleteAsync($"/auth/tokens/{listed["id"]}")).StatusCode);
        Assert.Null(await admissions.AdmitOpaque(token));
        await session.Post("/auth/tokens", """{"name": "script", "expires_in": 0}""").IsProblem(400, "invalid");
        await session.Post("/auth/tokens", """{"name": "script", "expires_in": 40000000}""").IsProblem(400, "invalid");
        await session.Post("/auth/tokens", """{"name": "script", "scopes": ["root"], "expires_in": 60}""").IsProblem(400, "invalid");
    }

    [Fact]
    public async Task An_admission_has_the_rights_of_now_and_ends_with_the_session()
    {
        var ada = _gateway.Grains.AddUser("ada@example.org", roles: Roles.Viewer);
        var session = _gateway.Grains.AddSession("default", ada.Id, Roles.Viewer);
        var claimed = new Caller("default", ada.Id, CallerKind.User, Roles.Admin, "j", DateTimeOffset.MaxValue, session);
        var admissions = new Admissions(_gateway.Grains.Factory());

        Assert.Equal(Roles.Viewer, (await admissions.Admit(claimed))!.Roles); // whatever the token says
        Assert.Null(await admissions.Admit(claimed with { SessionId = null }));
        Assert.Null(await admissions.Admit(claimed with { SessionId = "another" }));
        Assert.Null(await admissions.Admit(claimed with { Subject = "u-other" }));
        Assert.Null(await admissions.Admit(claimed with { Tenant = "other" }));
        Assert.Null(await admissions.Admit(claimed with { Kind = CallerKind.Service }));
        Assert.Null(await admissions.Admit(claimed with { Kind = CallerKind.Device }));
        _gateway.Grains.Sessions.Clear();
        Assert.Null(await admissions.Admit(claimed));
    }

    private static Task<HttpResponseMessage> Patch(HttpClient http, string path, string body) => Send(http, "PATCH", path, body);

    private static Task<HttpResponseMessage> Send(HttpClient http, string method, string path, string? body) => http.SendAsync(
        new HttpRequestMessage(new HttpMethod(method), path)
        {
            Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json"),
        });

    private async Task SignsIn(string password)
    {
        var body = new JsonObject { ["email"] = "ada@example.org", ["password"] = password };
        Assert.Equal(200, (int)(await _gateway.Http.Post("/auth/login", body.ToJsonString())).StatusCode);
    }
}
