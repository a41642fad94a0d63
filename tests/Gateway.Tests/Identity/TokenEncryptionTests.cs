using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using OrleansIoT.Gateway.Identity;
using OrleansIoT.Gateway.Tests.World;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Tests.Identity;

/// <summary>Tokens within an encryption of our own making, by the published key alone (RFC 7516; J12).</summary>
public sealed class TokenEncryptionTests : IAsyncLifetime
{
    private GatewayHost _gateway = null!;
    private JsonNode _key = null!;

    public async Task InitializeAsync()
    {
        _gateway = await GatewayHost.Start();
        _key = (await _gateway.Http.GetAsync("/.well-known/jwks.json").Json())["keys"]!.AsArray().Single(key => (string)key!["use"]! == "enc")!;
    }

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task A_token_that_is_encrypted_to_the_published_key_is_taken()
    {
        Assert.Equal(("RSA", "RSA-OAEP"), ((string)_key["kty"]!, (string)_key["alg"]!));

        Assert.Equal(200, await Status(Encrypt(_gateway.Token(Roles.Viewer))));
        Assert.NotNull(await _gateway.Services.CheckMqttToken(Encrypt(_gateway.Token(Roles.Viewer))));
    }

    [Fact] // J12
    public async Task What_is_within_is_verified_like_every_token()
    {
        Assert.Equal(200, await Status(Encrypt(new Jwt(_gateway).Sign())));
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var jwt = new Jwt(_gateway);
        var (header, claims) = (jwt.Header.ToJsonString(), jwt.Claims.ToJsonString());
        var expired = new Jwt(_gateway) { Claims = { ["exp"] = 1 } };

        foreach (var inner in new[]
                 {
                     jwt.Sign(header, claims, other), expired.Sign(), claims, "", "a.b.c", $"{Jwt.Encode("{\"alg\":\"none\"}")}.{Jwt.Encode(claims)}.",
                     Encrypt(jwt.Sign()), // twice
                 })
        {
            Assert.Equal(401, await Status(Encrypt(inner)));
        }
    }

    [Theory] // J12
    [InlineData("zip", "\"DEF\"")]
    [InlineData("alg", "\"dir\"")]
    [InlineData("alg", "\"RSA1_5\"")]
    [InlineData("alg", "\"RSA-OAEP-256\"")]
    [InlineData("enc", "\"A256GCM\"")]
    [InlineData("enc", "\"A128CBC-HS256\"")]
    [InlineData("cty", "\"text\"")]
    [InlineData("cty", "null")]
    [InlineData("typ", "\"at+jwt\"")]
    [InlineData("kid", "\"unknown\"")]
    [InlineData("kid", "null")]
    [InlineData("jku", "\"http://127.0.0.1/keys\"")]
    [InlineData("p2c", "1000000000")]
    [InlineData("epk", "{}")]
    [InlineData("crit", "[\"exp\"]")]
    public async Task A_header_that_is_not_as_of_encrypted_tokens_is_refused(string name, string json)
    {
        Assert.Equal(200, await Status(Encrypt(_gateway.Token(Roles.Viewer))));

        Assert.Equal(401, await Status(Encrypt(_gateway.Token(Roles.Viewer), header => header[name] = JsonNode.Parse(json))));
    }

    [Fact] // J11
    public async Task A_header_parameter_that_is_there_twice_is_refused()
    {
        var header = Header().ToJsonString();

        Assert.Equal(200, await Status(Encrypt(_gateway.Token(Roles.Viewer), header)));
        Assert.Equal(401, await Status(Encrypt(_gateway.Token(Roles.Viewer), $"{{\"alg\":\"RSA-OAEP\",{header[1..]}")));
    }

    [Fact] // J19, J20
    public async Task No_part_of_an_encrypted_token_can_be_changed_or_left_out()
    {
        var token = Encrypt(_gateway.Token(Roles.Viewer));
        Assert.Equal(200, await Status(token));
        for (var i = 0; i < token.Length; i += 11)
        {
            Assert.Equal(401, await Status($"{token[..i]}{(token[i] == 'A' ? 'B' : 'A')}{token[(i + 1)..]}"));
        }

        var parts = token.Split('.');
        for (var i = 0; i < parts.Length; i++)
        {
            Assert.Equal(401, await Status(string.Join('.', parts.Select((part, j) => i == j ? "" : part))));
        }

        Assert.Equal(401, await Status(string.Join('.', parts[..4])));
        Assert.Equal(401, await Status(token + ".AAAA"));
    }

    [Fact] // J10
    public async Task An_encrypted_token_is_no_longer_than_another()
    {
        var jwt = new Jwt(_gateway) { Claims = { ["x"] = new string('x', 2_500) } };
        Assert.Equal(200, await Status(Encrypt(jwt.Sign())));
        jwt.Claims["x"] = new string('x', 5_000);

        Assert.True(Encrypt(jwt.Sign()).Length > 8_192);
        Assert.Equal(401, await Status(Encrypt(jwt.Sign())));
    }

    [Fact]
    public async Task Where_they_are_refused_an_encrypted_token_is_none_and_no_key_is_published()
    {
        await using var gateway = await GatewayHost.Start(options => options.TokenEncryption = TokenEncryptionMode.Refuse);
        var keys = (await gateway.Http.GetAsync("/.well-known/jwks.json").Json())["keys"]!.AsArray();

        Assert.Equal("sig", (string)Assert.Single(keys)!["use"]!);
        Assert.Equal(401, await Status(Encrypt(gateway.Token(Roles.Viewer)), gateway));
        Assert.Equal(200, await Status(gateway.Token(Roles.Viewer), gateway));
    }

    [Fact]
    public async Task Where_they_are_issued_a_token_says_nothing_to_whom_it_is_shown_to()
    {
        await using var gateway = await GatewayHost.Start(options => options.TokenEncryption = TokenEncryptionMode.Issue);
        var token = gateway.Token(Roles.Admin, id: "somebody");

        var parts = token.Split('.');
        Assert.Equal(5, parts.Length);
        Assert.DoesNotContain(parts, part => Encoding.UTF8.GetString(Base64Url.DecodeFromChars(part)).Contains("somebody", StringComparison.Ordinal));
        Assert.Equal(200, await Status(token, gateway));
        Assert.Equal("somebody", gateway.Grains.Calls.Last().Caller.Subject);
        Assert.All(gateway.Grains.Calls, call => Assert.DoesNotContain(token, call.Caller.ToString(), StringComparison.Ordinal));
    }

    [Fact] // J17
    public async Task After_a_rotation_what_was_encrypted_to_the_old_key_is_still_read()
    {
        var before = Encrypt(_gateway.Token(Roles.Viewer));
        KeyRotation.Rotate(_gateway.DataDirectory, atOnce: false, _gateway.Clock);
        _gateway.Clock.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(200, await Status(before));
        Assert.NotEqual((string)_key["kid"]!, (string)(await _gateway.Http.GetAsync("/.well-known/jwks.json").Json())["keys"]!.AsArray()
            .Single(key => (string)key!["use"]! == "enc")!["kid"]!);
        KeyRotation.Rotate(_gateway.DataDirectory, atOnce: true, _gateway.Clock);
        _gateway.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(401, await Status(Encrypt(_gateway.Token(Roles.Viewer))));
    }

    private JsonObject Header() => new()
    {
        ["alg"] = "RSA-OAEP",
        ["enc"] = "A256CBC-HS512",
        ["kid"] = (string)_key["kid"]!,
        ["cty"] = "JWT",
    };

    private string Encrypt(string token, Action<JsonObject> bend)
    {
        var header = Header();
        bend(header);
        return Encrypt(token, header.ToJsonString());
    }

    /// <summary>RFC 7516 section 5.1 with RFC 7518 sections 4.3 and 5.2.5, by hand.</summary>
    private string Encrypt(string token, string? header = null)
    {
        using var rsa = RSA.Create(new RSAParameters
        {
            Modulus = Base64Url.DecodeFromChars((string)_key["n"]!),
            Exponent = Base64Url.DecodeFromChars((string)_key["e"]!),
        });
        var protectedHeader = Jwt.Encode(header ?? Header().ToJsonString());
        var key = RandomNumberGenerator.GetBytes(64);
        var iv = RandomNumberGenerator.GetBytes(16);
        using var aes = Aes.Create();
        aes.Key = key[32..];
        var text = aes.EncryptCbc(Encoding.UTF8.GetBytes(token), iv);
        var associated = Encoding.ASCII.GetBytes(protectedHeader);
        var length = BitConverter.GetBytes(IPAddress.HostToNetworkOrder(associated.Length * 8L));
        var tag = HMACSHA512.HashData(key[..32], (byte[])[.. associated, .. iv, .. text, .. length])[..32];
        return string.Join('.', protectedHeader, Base64Url.EncodeToString(rsa.Encrypt(key, RSAEncryptionPadding.OaepSHA1)),
            Base64Url.EncodeToString(iv), Base64Url.EncodeToString(text), Base64Url.EncodeToString(tag));
    }

    private async Task<int> Status(string token, GatewayHost? gateway = null)
    {
        using var answer = await (gateway ?? _gateway).With(token).GetAsync("/devices");
        return (int)answer.StatusCode;
    }
}
