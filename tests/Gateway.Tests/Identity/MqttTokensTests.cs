using System.Text.Json.Nodes;
using OrleansIoT.Gateway.Identity;
using OrleansIoT.Gateway.Tests.World;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Tests.Identity;

public sealed class MqttTokensTests : IAsyncLifetime
{
    private GatewayHost _gateway = null!;

    public async Task InitializeAsync()
    {
        _gateway = await GatewayHost.Start();
        _gateway.Grains.AddDevice("meter-7");
    }

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task A_devices_token_names_the_device_and_its_credential_until_it_ends()
    {
        using var answer = await _gateway.As(Roles.Operator).Post("/devices/meter-7/tokens", """{"expires_in": 600}""");
        var json = await answer.Json();

        Assert.Equal(201, (int)answer.StatusCode);
        Assert.Equal("2026-03-01T12:10:00Z", (string)json["expires_at"]!);
        var (caller, credential, _) = (await Check((string)json["token"]!))!;
        Assert.Equal(("default", "meter-7", CallerKind.Device, Roles.None), (caller.Tenant, caller.Subject, caller.Kind, caller.Roles));
        Assert.Equal(_gateway.Clock.GetUtcNow().AddSeconds(603), caller.ExpiresAt); // and some skew, less than 5 s
        Assert.Equal("credential of key-1", credential);

        _gateway.Clock.Advance(TimeSpan.FromSeconds(604));
        Assert.NotNull(await Check((string)json["token"]!));
        _gateway.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(await Check((string)json["token"]!));
    }

    [Fact]
    public async Task Without_a_wish_a_devices_token_is_good_for_an_hour()
    {
        using var answer = await _gateway.As(Roles.Admin).PostAsync("/devices/meter-7/tokens", null);

        Assert.Equal(201, (int)answer.StatusCode);
        Assert.Equal("2026-03-01T13:00:00Z", (string)(await answer.Json())["expires_at"]!);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("2592001")]
    public async Task A_devices_token_lives_a_second_to_thirty_days(string seconds) =>
        await _gateway.As(Roles.Operator).Post("/devices/meter-7/tokens", $$"""{"expires_in": {{seconds}}}""").IsProblem(400, "invalid");

    [Fact]
    public async Task Who_does_not_manage_devices_makes_no_tokens_for_them()
    {
        await _gateway.As(Roles.Viewer).Post("/devices/meter-7/tokens", "{}").IsProblem(403, "forbidden");
        await _gateway.As(Roles.Admin, "another").Post("/devices/meter-7/tokens", "{}").IsProblem(404, "not_found");
        await _gateway.As(Roles.Admin).Post("/devices/meter-8/tokens", "{}").IsProblem(404, "not_found");
        await _gateway.Http.Post("/devices/meter-7/tokens", "{}").IsProblem(401, "not_signed_in");
    }

    [Fact]
    public async Task An_access_token_names_its_user_with_its_roles()
    {
        var (caller, credential, _) = (await Check(_gateway.Token(Roles.Operator)))!;

        Assert.Equal(("u-1", CallerKind.User, Roles.Operator, null), (caller.Subject, caller.Kind, caller.Roles, credential));
    }

    [Fact]
    public async Task A_devices_token_is_no_access_token()
    {
        var token = DeviceToken().Sign();

        Assert.NotNull(await Check(token));
        await _gateway.With(token).GetAsync("/devices").IsProblem(401, "not_signed_in");
    }

    [Theory]
    [InlineData("cred", null)]
    [InlineData("cred", 7)]
    [InlineData("cred", "")]
    [InlineData("iss", "elsewhere")]
    [InlineData("aud", "elsewhere")]
    [InlineData("exp", 1)]
    [InlineData("exp", null)]
    [InlineData("tenant", null)]
    public async Task A_devices_token_with_a_claim_that_is_not_right_is_none(string claim, object? value)
    {
        var jwt = DeviceToken();
        jwt.Claims[claim] = value is null ? null : JsonValue.Create(value);
        if (value is null)
        {
            jwt.Claims.Remove(claim);
        }

        Assert.Null(await Check(jwt.Sign()));
    }

    [Fact]
    public async Task No_part_of_a_token_can_be_changed()
    {
        var token = DeviceToken().Sign();
        var parts = token.Split('.');

        Assert.Null(await Check($"{Jwt.Encode("""{"alg":"none","typ":"device+jwt"}""")}.{parts[1]}."));
        Assert.Null(await Check($"{Jwt.Encode("""{"alg":"none","typ":"device+jwt"}""")}.{parts[1]}.{parts[2]}"));
        Assert.Null(await Check($"{parts[0]}.{Jwt.Encode(DeviceToken("meter-8").Claims.ToJsonString())}.{parts[2]}"));
        Assert.DoesNotContain(_gateway.Log.Lines, line => line.Contains(parts[1], StringComparison.Ordinal));
    }

    private Task<MqttToken?> Check(string token) => _gateway.Services.CheckMqttToken(token);

    private Jwt DeviceToken(string device = "meter-7")
    {
        var jwt = new Jwt(_gateway);
        jwt.Header["typ"] = "device+jwt";
        jwt.Claims["sub"] = device;
        jwt.Claims["cred"] = "c-1";
        jwt.Claims.Remove("roles");
        return jwt;
    }
}
