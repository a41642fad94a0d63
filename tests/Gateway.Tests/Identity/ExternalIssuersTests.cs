using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OrleansIoT.Gateway.Identity;
using OrleansIoT.Gateway.Tests.World;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Tests.Identity;

/// <summary>Tokens of OpenID Connect providers: what they may say, and the attacks on them (RFC 8725).</summary>
public sealed class ExternalIssuersTests : IAsyncLifetime
{
    private OpenIdProvider _provider = null!;
    private GatewayHost _gateway = null!;

    public async Task InitializeAsync()
    {
        _provider = await OpenIdProvider.Start();
        _gateway = await Start();
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [Fact]
    public async Task A_providers_token_names_its_user_with_the_roles_that_the_configuration_gives()
    {
        Assert.Equal(200, await Status(Token()));

        var caller = _gateway.Grains.Calls.Last().Caller;
        Assert.Equal(("default", "corp:ada", CallerKind.User, Roles.Admin), (caller.Tenant, caller.Subject, caller.Kind, caller.Roles));
        Assert.Equal(200, await Status(_gateway.Token(Roles.Admin))); // ours go on
    }

    [Theory] // J01, J02, J03, J04, J13, J14: what a header may not say
    [InlineData("alg", "\"none\"")]
    [InlineData("alg", "\"HS256\"")]
    [InlineData("alg", "\"RS512\"")]
    [InlineData("alg", "\"ES256\"")]
    [InlineData("alg", "null")]
    [InlineData("kid", "\"unknown\"")]
    [InlineData("kid", "\"../../dev/null\"")]
    [InlineData("kid", "null")]
    [InlineData("kid", "[\"k1\"]")]
    [InlineData("typ", "\"JWT\"")]
    [InlineData("typ", "\"device+jwt\"")]
    [InlineData("typ", "null")]
    [InlineData("crit", "[\"exp\"]")]
    [InlineData("b64", "false")]
    [InlineData("zip", "\"DEF\"")]
    [InlineData("jwk", "{}")]
    [InlineData("x5c", "[\"MIIB\"]")]
    [InlineData("x5u", "\"https://evil.example/keys\"")]
    public async Task A_header_that_is_not_of_its_access_tokens_is_refused(string name, string json)
    {
        Assert.Equal(200, await Status(Token()));

        Assert.Equal(401, await Status(Token(header: header => header[name] = JsonNode.Parse(json))));
    }

    [Fact] // J14
    public async Task A_token_without_a_type_is_refused_unless_configured()
    {
        Assert.Equal(401, await Status(Token(header: header => header.Remove("typ"))));
        await using var gateway = await Start(issuer => issuer.Types = ["", "JWT"]);

        Assert.Equal(200, await Status(Token(header: header => header.Remove("typ")), gateway));
        Assert.Equal(200, await Status(Token(header: header => header["typ"] = "JWT"), gateway));
        Assert.Equal(401, await Status(Token(), gateway));
    }

    [Theory] // J05 to J09: claims
    [InlineData("aud", "\"other\"")]
    [InlineData("aud", "[]")]
    [InlineData("aud", "null")]
    [InlineData("iss", "\"orleans-iot\"")]
    [InlineData("iss", "\"https://other.example\"")]
    [InlineData("exp", "1")]
    [InlineData("exp", "null")]
    [InlineData("exp", "\"9999999999\"")]
    [InlineData("nbf", "9999999999")]
    [InlineData("nbf", "\"1\"")]
    [InlineData("iat", "9999999999")]
    [InlineData("iat", "null")]
    [InlineData("sub", "null")]
    [InlineData("sub", "\"\"")]
    [InlineData("sub", "\"a/b\"")]
    [InlineData("sub", "\"a#\"")]
    [InlineData("sub", "\"a\\u0000\"")]
    [InlineData("sub", "\"a b\"")]
    public async Task A_claim_that_is_not_right_is_refused(string name, string json)
    {
        Assert.Equal(200, await Status(Token()));

        Assert.Equal(401, await Status(Token(claims => claims[name] = JsonNode.Parse(json))));
    }

    [Fact] // J08
    public async Task A_key_is_only_good_for_its_own_issuer()
    {
        await using var another = await OpenIdProvider.Start();
        await using var gateway = await GatewayHost.Start(options =>
        {
            var second = another.Options();
            second.Name = "partner";
            options.Issuers = [_provider.Options(), second];
        });
        Assert.Equal(200, await Status(Token(), gateway));
        Assert.Equal(200, await Status(another.Token(gateway.Clock.GetUtcNow()), gateway));

        Assert.Equal(401, await Status(Token(key: another.Key), gateway));
        Assert.Equal(401, await Status(another.Token(gateway.Clock.GetUtcNow(), claims => claims["iss"] = _provider.Issuer), gateway));
        Assert.Equal(401, await Status(another.Token(gateway.Clock.GetUtcNow(), claims => claims["iss"] = "orleans-iot"), gateway));
        var ours = new Jwt(gateway) { Claims = { ["iss"] = _provider.Issuer, ["aud"] = "iot" } };
        Assert.Equal(401, await Status(ours.Sign(), gateway));
    }

    [Fact] // J02
    public async Task The_public_key_is_no_secret_to_sign_with()
    {
        Assert.Equal(200, await Status(Token()));
        foreach (var secret in new[] { _provider.Key.ExportSubjectPublicKeyInfoPem(), _provider.Key.ExportRSAPublicKeyPem() })
        {
            var content = Token(header: header => header["alg"] = "HS256");
            content = content[..content.LastIndexOf('.')];
            var mac = HMACSHA256.HashData(Encoding.ASCII.GetBytes(secret), Encoding.ASCII.GetBytes(content));
            Assert.Equal(401, await Status($"{content}.{Base64Url.EncodeToString(mac)}"));
            Assert.Equal(401, await Status($"{content}."));
        }
    }

    [Fact] // J04
    public async Task Nobody_is_asked_for_a_key_where_a_token_says()
    {
        using var attacker = RSA.Create(2048);
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var url = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/keys.json";
        Assert.Equal(200, await Status(Token()));
        foreach (var name in new[] { "jku", "x5u" })
        {
            Assert.Equal(401, await Status(Token(header: header => header[name] = url, key: attacker)));
            Assert.Equal(401, await Status(Token(header: header => (header[name], header["kid"]) = (url, "attacker"), key: attacker)));
        }

        Assert.Equal(401, await Status(Token(claims => claims["iss"] = url, key: attacker)));
        Assert.False(listener.Pending());
        listener.Stop();
    }

    [Fact] // J20
    public async Task Not_a_character_of_a_token_can_be_changed()
    {
        var token = Token();
        Assert.Equal(200, await Status(token));
        for (var i = 0; i < token.Length; i += 7)
        {
            Assert.Equal(401, await Status($"{token[..i]}{(token[i] == 'A' ? 'B' : 'A')}{token[(i + 1)..]}"));
        }
    }

    [Fact] // J10, J11
    public async Task A_token_with_a_claim_twice_or_too_much_of_it_is_refused()
    {
        Assert.Equal(200, await Status(Token()));
        foreach (var more in new[] { "\"sub\":\"root\",", "\"s\\u0075b\":\"root\",", "\"realm_access\":{\"a\":1,\"a\":2},", $"\"x\":\"{new string('x', 8_000)}\"," })
        {
            var parts = Token().Split('.');
            var claims = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(parts[1]));
            var content = $"{parts[0]}.{Jwt.Encode($"{{{more}{claims[1..]}")}";
            var signature = _provider.Key.SignData(Encoding.ASCII.GetBytes(content), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            Assert.Equal(401, await Status($"{content}.{Base64Url.EncodeToString(signature)}"));
        }
    }

    [Fact] // J17
    public async Task A_new_key_of_the_provider_is_found_and_the_old_one_ends()
    {
        var old = Token();
        Assert.Equal(200, await Status(old));
        _provider.Rotate();
        var young = Token();
        _gateway.Clock.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(200, await Status(young));
        Assert.Equal(401, await Status(Token(header: header => header["kid"] = "k1")));
        _gateway.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(401, await Status(old));
    }

    [Fact] // J03
    public async Task Unknown_keys_do_not_make_us_ask_the_provider_again_and_again()
    {
        Assert.Equal(200, await Status(Token()));
        var asked = _provider.Asked;
        _gateway.Clock.Advance(TimeSpan.FromSeconds(10));
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(401, await Status(Token(header: header => header["kid"] = $"unknown-{i}")));
        }

        Assert.InRange(_provider.Asked, asked, asked + 1);
    }

    [Fact] // J17
    public async Task While_the_provider_is_away_its_last_keys_are_good_and_nothing_else_is()
    {
        Assert.Equal(200, await Status(Token()));
        _provider.IsDown = true;
        _gateway.Clock.Advance(TimeSpan.FromMinutes(6));
        using var other = RSA.Create(2048);

        Assert.Equal(200, await Status(Token()));
        Assert.Equal(401, await Status(Token(key: other)));
        Assert.Equal(401, await Status(Token(header: header => header["kid"] = "k2")));
    }

    [Fact]
    public async Task A_provider_that_was_never_there_lets_nobody_in_and_the_gateway_starts()
    {
        _provider.IsDown = true;
        await using var gateway = await Start();

        Assert.Equal(401, await Status(Token(), gateway));
        Assert.Equal(200, await Status(gateway.Token(Roles.Viewer), gateway));

        _provider.IsDown = false;
        gateway.Clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(200, await Status(Token(), gateway));
    }

    [Fact] // J18
    public async Task A_weak_key_of_a_provider_is_none()
    {
        using var weak = RSA.Create(1024);
        var numbers = weak.ExportParameters(false);
        _provider.Bend = keys => keys.Add(new JsonObject
        {
            ["kty"] = "RSA",
            ["kid"] = "weak",
            ["n"] = Base64Url.EncodeToString(numbers.Modulus),
            ["e"] = Base64Url.EncodeToString(numbers.Exponent),
        });
        await using var gateway = await Start();

        Assert.Equal(200, await Status(Token(), gateway));
        Assert.Equal(401, await Status(Token(header: header => header["kid"] = "weak", key: weak), gateway));
    }

    [Theory]
    [InlineData("use", "enc")]
    [InlineData("alg", "RS512")]
    [InlineData("kty", "oct")]
    public async Task A_key_for_something_else_verifies_nothing(string name, string value)
    {
        Assert.Equal(200, await Status(Token()));
        _provider.Bend = keys => keys[0]![name] = value;
        await using var gateway = await Start();

        Assert.Equal(401, await Status(Token(), gateway));
    }

    [Fact]
    public async Task A_tenant_that_a_token_names_is_one_of_those_it_may_name()
    {
        await using var gateway = await Start(issuer =>
            (issuer.Tenant, issuer.TenantClaim, issuer.Tenants) = (null, "org.name", ["north", "south"]));
        string Of(JsonNode? tenant) => Token(claims => claims["org"] = new JsonObject { ["name"] = tenant });

        Assert.Equal(200, await Status(Of("south"), gateway));
        Assert.Equal("south", gateway.Grains.Calls.Last().Caller.Tenant);
        foreach (var tenant in new JsonNode?[] { "default", "South", "", null, 5, new JsonArray("north", "south"), "$system" })
        {
            Assert.Equal(401, await Status(Of(tenant), gateway));
        }

        Assert.Equal(401, await Status(Token(), gateway));
    }

    [Fact]
    public async Task Of_a_tenant_that_is_not_active_nobody_is_let_in()
    {
        await _gateway.Hears();
        Assert.Equal(200, await Status(Token()));
        _gateway.Grains.Tenants["default"] = new TenantRecord("default", "", false, null);
        _gateway.Grains.Revoked.Enqueue("default/");
        await _gateway.HearsNews();

        Assert.Equal(401, await Status(Token()));
    }

    [Fact]
    public async Task Grants_narrow_and_are_demanded_where_they_are_configured()
    {
        await using var gateway = await Start(issuer => issuer.GrantsClaim = "topics");

        Assert.Equal(200, await Status(Token(claims => claims["topics"] = new JsonArray("plant/#", "!plant/secret")), gateway));
        Assert.Equal(["plant/#", "!plant/secret"], gateway.Grains.Calls.Last().Caller.Grants.ToArray());
        foreach (var topics in new JsonNode?[] { null, new JsonArray(), new JsonArray("a/#/b"), 5, new JsonArray(5) })
        {
            Assert.Equal(401, await Status(Token(claims => claims["topics"] = topics), gateway));
        }
    }

    [Fact]
    public async Task Roles_that_are_not_mapped_are_none()
    {
        Assert.Equal(403, await Status(Token(claims => claims["realm_access"] = new JsonObject { ["roles"] = new JsonArray("admin") })));
        Assert.Equal(403, await Status(Token(claims => claims.Remove("realm_access"))));
        Assert.Equal(200, await Status(Token(claims => claims["realm_access"] = new JsonObject { ["roles"] = "staff" })));
    }

    [Fact]
    public async Task A_providers_token_is_a_password_for_mqtt()
    {
        var token = await _gateway.Services.CheckMqttToken(Token());

        Assert.Equal(("corp:ada", CallerKind.User, Roles.Admin), (token!.Caller.Subject, token.Caller.Kind, token.Caller.Roles));
        Assert.False(token.IsRevoked());
    }

    [Fact]
    public async Task An_issuer_that_is_not_whole_stops_the_start()
    {
        foreach (var (spoil, why) in new (Action<ExternalIssuerOptions>, string)[]
                 {
                     (issuer => issuer.Name = "Corp:1", "Name"), (issuer => issuer.Issuer = "corp", "URL"), (issuer => issuer.Audience = "", "Audience"),
                     (issuer => issuer.Issuer = "http://example.org", "https"), (issuer => issuer.RequireHttps = true, "https"),
                     (issuer => issuer.Algorithms = ["RS256", "ES256"], "Algorithms"), (issuer => issuer.Algorithms = ["HS256"], "Algorithms"),
                     (issuer => issuer.Algorithms = ["none"], "Algorithms"), (issuer => issuer.Types = ["device+jwt"], "Types"),
                     (issuer => issuer.TenantClaim = "org", "Tenant"), (issuer => issuer.Tenant = null, "Tenant"), (issuer => issuer.Tenant = "$system", "tenant"),
                     (issuer => issuer.RoleMap["x"] = "system", "RoleMap"),
                 })
        {
            Assert.Contains(why, (await Assert.ThrowsAsync<OptionsValidationException>(() => Start(spoil))).Message, StringComparison.Ordinal);
        }
    }

    private string Token(Action<JsonObject>? claims = null, Action<JsonObject>? header = null, RSA? key = null) =>
        _provider.Token(_gateway.Clock.GetUtcNow(), claims, header, key);

    private Task<GatewayHost> Start(Action<ExternalIssuerOptions>? configure = null)
    {
        var issuer = _provider.Options();
        configure?.Invoke(issuer);
        return GatewayHost.Start(options => options.Issuers = [issuer]);
    }

    private async Task<int> Status(string token, GatewayHost? gateway = null)
    {
        using var answer = await (gateway ?? _gateway).With(token).GetAsync("/devices");
        return (int)answer.StatusCode;
    }
}
