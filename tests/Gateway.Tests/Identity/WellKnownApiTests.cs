using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using OrleansIoT.Gateway.Tests.World;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Tests.Identity;

public sealed class WellKnownApiTests
{
    [Fact]
    public async Task A_stranger_verifies_our_tokens_with_what_is_published()
    {
        await using var gateway = await GatewayHost.Start();
        var parts = gateway.Token(Roles.Viewer).Split('.');
        using var answer = await gateway.Http.GetAsync("/.well-known/jwks.json");
        var key = (await answer.Json())["keys"]![0]!;
        using var ecdsa = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint { X = Base64Url.DecodeFromChars((string)key["x"]!), Y = Base64Url.DecodeFromChars((string)key["y"]!) },
        });

        Assert.Equal(("EC", "P-256", "sig", "ES256"), ((string)key["kty"]!, (string)key["crv"]!, (string)key["use"]!, (string)key["alg"]!));
        Assert.True(ecdsa.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256));
        Assert.Contains($"\"kid\":\"{(string)key["kid"]!}\"", Encoding.UTF8.GetString(Base64Url.DecodeFromChars(parts[0])), StringComparison.Ordinal);
        var thumbprint = SHA256.HashData(Encoding.UTF8.GetBytes($$"""{"crv":"P-256","kty":"EC","x":"{{key["x"]}}","y":"{{key["y"]}}"}""")); // RFC 7638 section 3
        Assert.Equal(Base64Url.EncodeToString(thumbprint), (string)key["kid"]!);
        Assert.Equal("public, max-age=300", answer.Headers.CacheControl!.ToString());
    }

    [Fact]
    public async Task Nothing_private_is_published()
    {
        await using var gateway = await GatewayHost.Start();
        var keys = (await gateway.Http.GetAsync("/.well-known/jwks.json").Json())["keys"]!.AsArray();

        Assert.Equal(2, keys.Count);
        Assert.All(keys, key => Assert.Empty(key!.AsObject().Select(member => member.Key).Intersect(["d", "p", "q", "dp", "dq", "qi", "k", "oth"])));
    }

    [Fact]
    public async Task With_a_public_url_clients_find_everything_below_it_whatever_host_they_name()
    {
        await using var gateway = await GatewayHost.Start(options => options.PublicUrl = "https://iot.example.org/api");
        var answer = await gateway.Send("GET /.well-known/openid-configuration HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: evil.example\r\nConnection: close\r\n\r\n");

        Assert.Equal(200, answer.Status);
        Assert.Equal("https://iot.example.org/api", (string)answer.Json["issuer"]!);
        Assert.Equal("https://iot.example.org/api/.well-known/jwks.json", (string)answer.Json["jwks_uri"]!);
        Assert.Equal("https://iot.example.org/api/oauth/token", (string)answer.Json["token_endpoint"]!);
        Assert.DoesNotContain("evil", answer.Body, StringComparison.Ordinal);
        using var list = await gateway.As(Roles.Viewer).GetAsync("/devices");
        Assert.Equal(200, (int)list.StatusCode);
        Assert.Contains("\"iss\":\"https://iot.example.org/api\"", Encoding.UTF8.GetString(Base64Url.DecodeFromChars(gateway.Token(Roles.Viewer).Split('.')[1])), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_public_url_no_address_is_guessed()
    {
        await using var gateway = await GatewayHost.Start();

        Assert.Contains("PublicUrl", await gateway.Http.GetAsync("/.well-known/openid-configuration").IsProblem(404, "not_found"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://iot.example.org", null)]
    [InlineData("https://iot.example.org/", null)]
    [InlineData("https://iot.example.org?x", null)]
    [InlineData("iot.example.org", null)]
    [InlineData("https://iot.example.org", "another")]
    public async Task A_public_url_that_clients_could_not_use_stops_the_start(string url, string? issuer) =>
        await Assert.ThrowsAsync<OptionsValidationException>(() => GatewayHost.Start(options =>
        {
            options.PublicUrl = url;
            options.Issuer = issuer ?? options.Issuer;
        }));
}
