using System.Text.Json.Nodes;
using OrleansIoT.Gateway.Tests.World;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Tests.Identity;

public sealed class AuthApiTests
{
    private const string Ada = """{"email": "Ada@example.org", "username": "Ada", "password": "correct horse"}""";

    [Fact]
    public async Task Who_registers_can_sign_in_and_read_with_the_token()
    {
        await using var gateway = await GatewayHost.Start();

        using var registered = await gateway.Http.Post("/auth/register", Ada);
        var user = await registered.Json();
        var signedIn = await gateway.Http.Post("/auth/login", """{"email": "ADA@example.org", "password": "correct horse"}""").Json();
        var me = await gateway.With((string)signedIn["auth_token"]!).GetAsync($"/users/{user["id"]}").Json();

        Assert.Equal(201, (int)registered.StatusCode);
        Assert.Equal($"/users/{user["id"]}", registered.Headers.Location?.ToString());
        Assert.Equal(["id", "email", "username"], user.AsObject().Select(field => field.Key));
        Assert.Equal(["message", "auth_token", "expires_in", "refresh_token", "refresh_expires_in"], signedIn.AsObject().Select(field => field.Key));
        Assert.Equal(900, (int)signedIn["expires_in"]!);
        Assert.Equal(["viewer"], me["data"]!["users"]![0]!["roles"]!.AsArray().Select(role => (string)role!));
    }

    [Fact]
    public async Task An_email_registers_once_whatever_its_case()
    {
        await using var gateway = await GatewayHost.Start();
        (await gateway.Http.Post("/auth/register", Ada)).Dispose();

        await gateway.Http.Post("/auth/register", Ada.Replace("Ada@", "ada@", StringComparison.Ordinal)).IsProblem(409, "conflict");
    }

    [Fact]
    public async Task The_registration_role_is_the_operators_choice()
    {
        await using var gateway = await GatewayHost.Start(options => options.RegistrationRole = Roles.None);

        (await gateway.Http.Post("/auth/register", Ada)).Dispose();

        Assert.Equal(Roles.None, gateway.Grains.Users["default/ada@example.org"].Record.Roles);
    }

    [Theory]
    [InlineData("password", "short", "8 to 128")]
    [InlineData("password", "PASSWORD123", "most common")]
    [InlineData("password", "ada@example.org", "not the email")]
    [InlineData("username", "", "user name")]
    [InlineData("email", "ada", "name@domain")]
    [InlineData("email", "", "name@domain")]
    [InlineData("email", "a@b@c", "name@domain")]
    [InlineData("email", "../../x@y z", "name@domain")]
    public async Task A_registration_that_breaks_a_rule_says_which(string field, string value, string rule)
    {
        await using var gateway = await GatewayHost.Start();
        var body = JsonNode.Parse(Ada)!;
        body[field] = value;

        var detail = await gateway.Http.Post("/auth/register", body.ToJsonString()).IsProblem(400, "invalid");

        Assert.Contains(rule, detail, StringComparison.Ordinal);
        Assert.Empty(gateway.Grains.Users);
    }

    [Fact]
    public async Task An_unknown_user_and_a_wrong_password_are_the_same_answer()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddUser("ada@example.org");

        using var wrong = await gateway.Http.Post("/auth/login", """{"email": "ada@example.org", "password": "wrong"}""");
        using var unknown = await gateway.Http.Post("/auth/login", """{"email": "bob@example.org", "password": "wrong"}""");

        Assert.Equal(401, (int)wrong.StatusCode);
        Assert.Equal(await wrong.Content.ReadAsStringAsync(), await unknown.Content.ReadAsStringAsync());
        foreach (var answer in new[] { wrong, unknown })
        {
            Assert.True(answer.Headers.Remove("RateLimit")); // it counts down
        }

        Assert.Equal(wrong.Headers.ToString(), unknown.Headers.ToString());
        Assert.Equal("Bearer", wrong.Headers.WwwAuthenticate.ToString());
    }

    [Fact]
    public async Task Who_signs_in_is_nobody_but_the_gateway_to_the_grain()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddUser("ada@example.org");

        (await gateway.As(Roles.Admin).Post("/auth/login", """{"email": "ada@example.org", "password": "correct horse"}""")).Dispose();

        var call = Assert.Single(gateway.Grains.Calls);
        Assert.Equal((Roles.SignIn, CallerKind.Service, "gateway", "default"), (call.Caller.Roles, call.Caller.Kind, call.Caller.Subject, call.Caller.Tenant));
    }

    [Fact]
    public async Task A_bad_token_does_not_keep_anybody_from_signing_in()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddUser("ada@example.org");

        using var answer = await gateway.With("x.y.z").Post("/auth/login", """{"email": "ada@example.org", "password": "correct horse"}""");

        Assert.Equal(200, (int)answer.StatusCode);
    }

    [Theory] // H01
    [InlineData("\"role\": \"admin\"", "role")]
    [InlineData("\"roles\": [\"admin\"]", "roles")]
    [InlineData("\"tenant_id\": \"other\"", "tenant_id")]
    [InlineData("\"tenant\": \"other\"", "tenant")]
    [InlineData("\"id\": \"u-1\"", "id")]
    [InlineData("\"created_at\": {\"a\": [1]}", "created_at")]
    [InlineData("\"Email\": \"x\"", "Email")]
    [InlineData("\"PASSWORD\": \"x\"", "PASSWORD")]
    public async Task A_field_that_is_none_is_refused_by_name(string field, string name)
    {
        await using var gateway = await GatewayHost.Start();

        var detail = await gateway.Http.Post("/auth/register", $"{{{field},{Ada[1..]}").IsProblem(400, "invalid");

        Assert.Equal($"'{name}' is not a field of this request. It takes: email, username, password.", detail);
        Assert.Empty(gateway.Grains.Users);
    }

    [Theory] // H16
    [InlineData("", "missing or could not be read")]
    [InlineData("null", "missing or could not be read")]
    [InlineData("{", "not valid JSON")]
    [InlineData("{}", "a field is missing")]
    [InlineData("[]", "no object")]
    [InlineData("\"hunter2\"", "no object")]
    [InlineData("{\"email\": tru-hunter2}", "not valid JSON, or is nested too deep, at line 1, byte ")]
    [InlineData("{\"email\": \"a@b\", \"password\": hunter2}", "not valid JSON")]
    [InlineData("{\"email\": \"a@b\"}", "It takes: email, password, tenant (may be left out), cookie (may be left out).")]
    [InlineData("{\"email\": \"a@b\", \"password\": 5}", "'password' has a value of another type")]
    [InlineData("{\"email\": \"a@b\", \"password\": null}", "'password' has a value of another type")]
    [InlineData("{\"email\": \"a@b\", \"password\": [\"hunter2\"]}", "'password' has a value of another type")]
    [InlineData("{\"email\": \"a@b\", \"password\": \"hunter2\", \"password\": \"x\"}", "'password' has a value of another type, or is there twice")]
    [InlineData("{\"email\": \"a@b\", \"password\": \"hunter2\"} hunter2", "not valid JSON")]
    [InlineData("{\"email\": \"a@b\", \"password\": \"hunter2\\ud800\"}", "'password'")]
    [InlineData("email=a&password=hunter2", "not valid JSON")]
    public async Task A_broken_body_says_what_and_where_and_repeats_nothing(string body, string what)
    {
        await using var gateway = await GatewayHost.Start();

        var detail = await gateway.Http.Post("/auth/login", body).IsProblem(400, "invalid");

        Assert.Contains(what, detail, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", detail, StringComparison.Ordinal);
        Assert.DoesNotContain("OrleansIoT", detail, StringComparison.Ordinal);
        Assert.Empty(gateway.Grains.Calls);
    }

    [Fact]
    public async Task Neither_passwords_nor_tokens_reach_the_log()
    {
        await using var gateway = await GatewayHost.Start();
        (await gateway.Http.Post("/auth/register", Ada)).Dispose();
        var token = (string)(await gateway.Http.Post("/auth/login", """{"email": "ada@example.org", "password": "correct horse"}""").Json())["auth_token"]!;
        (await gateway.Http.Post("/auth/login", """{"email": "ada@example.org", "password": "correct horsehunter2"}""")).Dispose();
        (await gateway.Http.Post("/auth/login", "{\"password\": hunter2}")).Dispose();
        (await gateway.With(token).GetAsync("/users")).Dispose();

        Assert.NotEmpty(gateway.Log.Lines);
        Assert.DoesNotContain(gateway.Log.Lines, line => line.Contains("correct horse", StringComparison.Ordinal));
        Assert.DoesNotContain(gateway.Log.Lines, line => line.Contains(token, StringComparison.Ordinal));
    }
}
