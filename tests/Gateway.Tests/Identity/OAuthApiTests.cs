using System.Text;
using OrleansIoT.Gateway.Tests.World;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Tests.Identity;

/// <summary>The token endpoint (RFC 6749 sections 2.3.1, 4.4 and 5.2).</summary>
public sealed class OAuthApiTests : IAsyncLifetime
{
    private const string Form = "application/x-www-form-urlencoded";

    private GatewayHost _gateway = null!;
    private HttpClient _admin = null!;
    private string _id = null!;
    private string _secret = null!;

    public async Task InitializeAsync()
    {
        _gateway = await GatewayHost.Start();
        _admin = _gateway.As(Roles.Admin);
        var account = await _admin.Post("/service-accounts", """{"name": "billing", "roles": ["viewer", "operator"], "grants": ["plant/#"]}""").Json();
        (_id, _secret) = ((string)account["client_id"]!, (string)account["client_secret"]!);
    }

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Id_and_secret_get_a_token_that_works(bool basic)
    {
        using var answer = await Ask(basic ? "grant_type=client_credentials" : InBody(), basic ? Basic(_id, _secret) : null);
        var token = await answer.Json();

        Assert.Equal(200, (int)answer.StatusCode);
        Assert.Equal("no-store", answer.Headers.CacheControl?.ToString());
        Assert.Equal(["access_token", "token_type", "expires_in", "scope"], token.AsObject().Select(field => field.Key));
        Assert.Equal(("Bearer", 900, "viewer operator"), ((string)token["token_type"]!, (int)token["expires_in"]!, (string)token["scope"]!));
        using var devices = await _gateway.With((string)token["access_token"]!).GetAsync("/devices");
        Assert.Equal(200, (int)devices.StatusCode);
        Assert.Equal((CallerKind.Service, _id, "default"), (_gateway.Grains.Calls.Last().Caller.Kind, _gateway.Grains.Calls.Last().Caller.Subject, _gateway.Grains.Calls.Last().Caller.Tenant));
    }

    [Fact]
    public async Task Both_parts_of_basic_are_form_encoded()
    {
        using var answer = await Ask("grant_type=client_credentials", Basic(_id.Replace(".", "%2E", StringComparison.Ordinal).Replace("-", "%2d", StringComparison.Ordinal), _secret));
        Assert.Equal(200, (int)answer.StatusCode);
    }

    [Fact]
    public async Task A_scope_narrows_and_never_widens()
    {
        var token = await (await Ask(InBody() + "&scope=viewer")).Json();
        Assert.Equal("viewer", (string)token["scope"]!);
        await _gateway.With((string)token["access_token"]!).Post("/devices", """{"id": "meter-7"}""").IsProblem(403, "forbidden");

        foreach (var scope in new[] { "admin", "viewer+admin", "system", "sign_in", "viewer++operator", "Viewer" })
        {
            await Refused(400, "invalid_scope", InBody() + $"&scope={scope}");
        }
    }

    [Theory]
    [InlineData("grant_type=password", "unsupported_grant_type")]
    [InlineData("grant_type=refresh_token", "unsupported_grant_type")]
    [InlineData("scope=viewer", "invalid_request")]
    [InlineData("grant_type=", "invalid_request")]
    [InlineData("grant_type=client_credentials&grant_type=client_credentials", "invalid_request")]
    [InlineData("grant_type=client_credentials&scope=viewer&scope=operator", "invalid_request")]
    public async Task What_is_wrong_with_a_request_has_its_code(string body, string error)
    {
        await Accepted();
        await Refused(400, error, body, Basic(_id, _secret));
    }

    [Fact]
    public async Task A_client_authenticates_in_one_way()
    {
        await Accepted();
        await Refused(400, "invalid_request", InBody(), Basic(_id, _secret));
        await Refused(400, "invalid_request", "grant_type=client_credentials&client_id=default.other", Basic(_id, _secret));
    }

    [Fact]
    public async Task An_unknown_a_wrong_and_a_deactivated_client_are_one_answer()
    {
        await Accepted();
        var unknown = await Refused(401, "invalid_client", "grant_type=client_credentials", Basic("default.0195e8a0-3f5e-7d3f-8b7c-9a533f0c2f3b", _secret));
        Assert.Equal(unknown, await Refused(401, "invalid_client", "grant_type=client_credentials", Basic(_id, "wrong")));
        Assert.Equal(unknown, await Refused(401, "invalid_client", "grant_type=client_credentials"));
        Assert.Equal(unknown, await Refused(401, "invalid_client", "grant_type=client_credentials", "Basic !!!"));
        Assert.Equal(unknown, await Refused(401, "invalid_client", "grant_type=client_credentials", Basic("$system.0195e8a0-3f5e-7d3f-8b7c-9a533f0c2f3b", "x")));
        Assert.Equal(unknown, await Refused(401, "invalid_client", "grant_type=client_credentials", "Bearer x"));
        (await _admin.PatchAsync($"/service-accounts/{_id}", new StringContent("""{"active": false}""", Encoding.UTF8, "application/json"))).Dispose();
        Assert.Equal(unknown, await Refused(401, "invalid_client", InBody()));
    }

    [Fact]
    public async Task An_old_secret_gets_nothing()
    {
        await Accepted();
        var renewed = await _admin.PostAsync($"/service-accounts/{_id}/secret", null).Json();
        await Refused(401, "invalid_client", InBody());
        _secret = (string)renewed["client_secret"]!;
        await Accepted();
        Assert.Equal(204, (int)(await _admin.DeleteAsync($"/service-accounts/{_id}")).StatusCode);
        await Refused(401, "invalid_client", InBody());
    }

    [Fact]
    public async Task Json_is_no_form()
    {
        await Accepted();
        using var answer = await _gateway.Http.Post("/oauth/token", """{"grant_type": "client_credentials"}""");
        Assert.Equal(415, (int)answer.StatusCode);
    }

    [Fact]
    public async Task Accounts_are_listed_and_changed_by_administrators_of_their_tenant_only()
    {
        var listed = await _admin.GetAsync("/service-accounts").Json();
        Assert.Equal(_id, (string)Assert.Single(listed["service_accounts"]!.AsArray())!["client_id"]!);
        Assert.DoesNotContain(_secret, listed.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal("billing", (string)(await _admin.GetAsync($"/service-accounts/{_id}").Json())["name"]!);
        await _gateway.As(Roles.Operator).GetAsync("/service-accounts").IsProblem(403, "forbidden");
        await _gateway.As(Roles.Operator).PostAsync($"/service-accounts/{_id}/secret", null).IsProblem(403, "forbidden");
        await _gateway.As(Roles.Admin, "other").GetAsync($"/service-accounts/{_id}").IsProblem(404, "not_found");
        Assert.Empty((await _gateway.As(Roles.Admin, "other").GetAsync("/service-accounts").Json())["service_accounts"]!.AsArray());
        await _admin.Post("/service-accounts", """{"name": "x", "roles": ["system"]}""").IsProblem(400, "invalid");
        await _admin.Post("/service-accounts", """{"name": "x", "roles": [null]}""").IsProblem(400, "invalid");
        await _admin.GetAsync("/service-accounts/nonsense").IsProblem(404, "not_found");
    }

    private static string Basic(string id, string secret) => $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{id}:{secret}"))}";

    private string InBody() => $"grant_type=client_credentials&client_id={_id}&client_secret={_secret}";

    private async Task Accepted() => Assert.Equal(200, (int)(await Ask(InBody())).StatusCode);

    private Task<HttpResponseMessage> Ask(string body, string? authorization = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/oauth/token") { Content = new StringContent(body, Encoding.UTF8, Form) };
        if (authorization is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        }

        return _gateway.Http.SendAsync(request);
    }

    /// <returns>The whole body.</returns>
    private async Task<string> Refused(int status, string error, string body, string? authorization = null)
    {
        using var answer = await Ask(body, authorization);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal("no-store", answer.Headers.CacheControl?.ToString());
        Assert.Equal(status == 401, answer.Headers.WwwAuthenticate.ToString().StartsWith("Basic", StringComparison.Ordinal));
        var json = await answer.Json();
        Assert.Equal(["error", "error_description"], json.AsObject().Select(field => field.Key));
        Assert.Equal(error, (string)json["error"]!);
        return json.ToJsonString();
    }
}
