using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using OrleansIoT.Gateway.Identity;
using OrleansIoT.Gateway.Tests.World;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Tests.Identity;

/// <summary>The attacks on a token, by the names that docs and audits give them (RFC 8725, RFC 9068).</summary>
public sealed class JwtAuthenticationTests : IAsyncLifetime
{
    private const string InvalidToken = "Bearer error=\"invalid_token\"";

    private GatewayHost _gateway = null!;
    private Jwt _jwt = null!;

    public async Task InitializeAsync()
    {
        _gateway = await GatewayHost.Start();
        _jwt = new Jwt(_gateway);
        await Accepted(new Jwt(_gateway).Sign()); // what every attack below starts from
    }

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task A_token_as_ours_is_accepted() => await Accepted(_jwt.Sign());

    [Fact]
    public async Task A_token_has_the_claims_of_an_access_token_and_nothing_of_the_person()
    {
        var parts = _gateway.Token(Roles.Viewer | Roles.Operator).Split('.').Select(part => Base64Url.DecodeFromChars(part)).ToArray();
        var header = JsonNode.Parse(parts[0])!.AsObject();
        var claims = JsonNode.Parse(parts[1])!.AsObject();

        Assert.Equal(["alg", "kid", "typ"], header.Select(parameter => parameter.Key).Order());
        Assert.Equal(("ES256", "at+jwt"), ((string)header["alg"]!, (string)header["typ"]!));
        Assert.Equal(["aud", "client_id", "exp", "iat", "iss", "jti", "nbf", "roles", "sid", "sub", "tenant"], claims.Select(claim => claim.Key).Order());
        Assert.Equal(["viewer", "operator"], claims["roles"]!.AsArray().Select(role => (string)role!));
        Assert.Equal(900, (long)claims["exp"]! - (long)claims["iat"]!);
        Assert.Equal(64, parts[2].Length);
        await Accepted(_gateway.Token(Roles.Viewer));
    }

    [Fact]
    public async Task Without_a_token_there_is_no_error_to_name()
    {
        using var answer = await _gateway.Http.GetAsync("/devices");

        Assert.Equal("Bearer", answer.Headers.WwwAuthenticate.ToString());
        await Task.FromResult(answer).IsProblem(401, "not_signed_in");
    }

    [Fact]
    public async Task Who_shows_one_that_is_refused_hears_how_long_they_last()
    {
        using var http = _gateway.With(_gateway.Token(Roles.Viewer));
        _gateway.Clock.Advance(TimeSpan.FromMinutes(16));

        using var answer = await http.GetAsync(new Uri("/devices", UriKind.Relative));

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Contains("is good for 15 minutes. Sign in again", (string)(await answer.Json())["detail"]!, StringComparison.Ordinal);
    }

    [Fact] // J01
    public async Task A_token_without_a_signature_is_refused()
    {
        var claims = _jwt.Claims.ToJsonString();
        foreach (var alg in new[] { "none", "None", "NONE", "nOnE" })
        {
            _jwt.Header["alg"] = alg;
            var header = _jwt.Header.ToJsonString();
            await Refused($"{Jwt.Encode(header)}.{Jwt.Encode(claims)}.");
            await Refused($"{Jwt.Encode(header)}.{Jwt.Encode(claims)}");
            await Refused(_jwt.Sign(header, claims));
        }

        var signed = _jwt.Sign().Split('.');
        await Refused($"{signed[0]}.{signed[1]}.");
        await Refused($"{signed[0]}.{signed[1]}");
    }

    [Fact] // J02
    public async Task The_public_key_is_no_secret_to_sign_with()
    {
        var pem = _jwt.Key.ExportSubjectPublicKeyInfoPem();
        var point = _jwt.Key.ExportParameters(false).Q;
        byte[][] secrets =
        [
            Encoding.ASCII.GetBytes(pem), Encoding.ASCII.GetBytes(pem + "\n"), _jwt.Key.ExportSubjectPublicKeyInfo(),
            Encoding.ASCII.GetBytes($$"""{"kty":"EC","crv":"P-256","x":"{{Base64Url.EncodeToString(point.X)}}","y":"{{Base64Url.EncodeToString(point.Y)}}"}"""),
            Encoding.ASCII.GetBytes("secret"),
        ];
        foreach (var secret in secrets)
        {
            _jwt.Header["alg"] = "HS256";
            var content = $"{Jwt.Encode(_jwt.Header.ToJsonString())}.{Jwt.Encode(_jwt.Claims.ToJsonString())}";
            await Refused($"{content}.{Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(content)))}");
        }
    }

    [Fact] // J01, J02: the algorithm is ours to choose
    public async Task Another_algorithm_over_our_signature_is_refused()
    {
        foreach (var alg in new[] { "ES384", "ES512", "RS256", "PS256", "HS512", "es256", "ES256 ", "EdDSA", "" })
        {
            _jwt.Header["alg"] = alg;
            await Refused(_jwt.Sign());
        }
    }

    [Fact] // J03
    public async Task A_key_id_is_a_name_and_nothing_more()
    {
        foreach (var kid in new[] { "../../../../dev/null", "' OR 1=1--", "\0", "", "unknown", "http://127.0.0.1/keys", new string('k', 5_000) })
        {
            _jwt.Header["kid"] = kid;
            await Refused(_jwt.Sign());
        }

        _jwt.Header["kid"] = new JsonArray(_gateway.Services.GetRequiredService<TokenKeys>().Ring.Signing.KeyId);
        await Refused(_jwt.Sign());
        _jwt.Header.Remove("kid");
        await Refused(_jwt.Sign());
    }

    [Fact] // J04
    public async Task A_token_that_brings_its_own_key_is_refused_and_nobody_is_asked_for_it()
    {
        using var attacker = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var url = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/keys.json";
        var point = attacker.ExportParameters(false).Q;
        var jwk = new JsonObject
        {
            ["kty"] = "EC",
            ["crv"] = "P-256",
            ["x"] = Base64Url.EncodeToString(point.X),
            ["y"] = Base64Url.EncodeToString(point.Y),
        };
        foreach (var (name, value) in new (string, JsonNode)[] { ("jku", url), ("x5u", url), ("jwk", jwk), ("x5c", new JsonArray("MIIB")) })
        {
            var header = _jwt.Header.DeepClone();
            header[name] = value;
            await Refused(_jwt.Sign(header.ToJsonString(), _jwt.Claims.ToJsonString(), attacker));
            header["kid"] = "attacker";
            await Refused(_jwt.Sign(header.ToJsonString(), _jwt.Claims.ToJsonString(), attacker));
        }

        Assert.False(listener.Pending());
        listener.Stop();
    }

    [Theory] // J05
    [InlineData(899, true)]
    [InlineData(904, true)]
    [InlineData(905, false)]
    [InlineData(929, false)]
    [InlineData(931, false)]
    [InlineData(1_199, false)]
    public async Task A_token_lives_as_long_as_it_says_and_the_clocks_may_differ(int seconds, bool accepted)
    {
        var token = _gateway.Token(Roles.Viewer);
        _gateway.Clock.Advance(TimeSpan.FromSeconds(seconds));

        await (accepted ? Accepted(token) : Refused(token));
    }

    [Fact] // J06
    public async Task A_token_from_the_future_is_refused()
    {
        foreach (var (claim, seconds, accepted) in new[]
                 { ("nbf", 5, true), ("nbf", 6, false), ("nbf", 31, false), ("nbf", 3_600, false), ("iat", 5, true), ("iat", 31, false) })
        {
            var jwt = new Jwt(_gateway);
            jwt.Claims[claim] = (long)jwt.Claims[claim]! + seconds;
            await (accepted ? Accepted(jwt.Sign()) : Refused(jwt.Sign()));
        }
    }

    [Fact] // J07
    public async Task A_token_for_another_audience_is_refused()
    {
        foreach (var aud in new JsonNode?[]
                 { "other", "", "orleans-iot", "orleans-iot-api2", "orleans-iot-ap", "Orleans-IoT-Api", "orleans-iot-api ", null, 5, new JsonArray(), new JsonArray("other") })
        {
            _jwt.Claims["aud"] = aud;
            await Refused(_jwt.Sign());
        }

        _jwt.Claims.Remove("aud");
        await Refused(_jwt.Sign());
        _jwt.Claims["aud"] = new JsonArray("other", "orleans-iot-api");
        await Accepted(_jwt.Sign());
    }

    [Fact] // J08
    public async Task A_token_of_another_issuer_is_refused()
    {
        foreach (var iss in new JsonNode?[] { "other", "", "orleans-iot/", "Orleans-IoT", null, 5, new JsonArray("orleans-iot") })
        {
            _jwt.Claims["iss"] = iss;
            await Refused(_jwt.Sign());
        }

        _jwt.Claims.Remove("iss");
        await Refused(_jwt.Sign());
    }

    [Fact] // J09
    public async Task A_token_without_a_readable_end_is_refused()
    {
        var exp = (long)_jwt.Claims["exp"]!;
        foreach (var text in new[] { $"\"{exp}\"", "1e308", $"{exp}.5", "-1", "null", "true", "[]", "99999999999999999999", "9223372036854775807", "\"\"" })
        {
            await Refused(_jwt.Sign(_jwt.Header.ToJsonString(), _jwt.Claims.ToJsonString().Replace($"\"exp\":{exp}", $"\"exp\":{text}", StringComparison.Ordinal)));
        }

        _jwt.Claims.Remove("exp");
        await Refused(_jwt.Sign());
    }

    [Fact] // J10
    public async Task A_token_that_is_too_large_is_refused()
    {
        _jwt.Claims["x"] = new string('x', 7_000);
        await Refused(_jwt.Sign());
        Assert.Equal(431, (await _gateway.Get("/devices", new string('a', 33_000))).Status);
        Assert.Equal(431, (await _gateway.Get("/devices", new string('a', 1_000_000))).Status);

        var deep = $"{{\"x\":{new string('[', 1_000)}{new string(']', 1_000)},{_jwt.Claims.ToJsonString()[1..]}";
        await Refused(_jwt.Sign(_jwt.Header.ToJsonString(), deep));
    }

    [Theory] // J11
    [InlineData("\"sub\":\"admin\",")]
    [InlineData("\"s\\u0075b\":\"admin\",")]
    [InlineData("\"tenant\":\"other\",")]
    [InlineData("\"x\":{\"a\":1,\"a\":2},")]
    public async Task A_claim_that_is_there_twice_is_refused(string more) =>
        await Refused(_jwt.Sign(_jwt.Header.ToJsonString(), $"{{{more}{_jwt.Claims.ToJsonString()[1..]}"));

    [Theory] // J11
    [InlineData("\"alg\":\"none\",")]
    [InlineData("\"\\u0061lg\":\"none\",")]
    [InlineData("\"kid\":\"x\",")]
    public async Task A_header_parameter_that_is_there_twice_is_refused(string more) =>
        await Refused(_jwt.Sign($"{{{more}{_jwt.Header.ToJsonString()[1..]}", _jwt.Claims.ToJsonString()));

    [Fact] // J12
    public async Task An_encrypted_compressed_or_nested_token_is_refused()
    {
        await Refused("eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA");
        var nested = new Jwt(_gateway).Sign();
        await Refused(_jwt.Sign(_jwt.Header.ToJsonString(), nested));
        foreach (var (name, value) in new[] { ("zip", "DEF"), ("cty", "JWT"), ("enc", "A128GCM") })
        {
            var header = _jwt.Header.DeepClone();
            header[name] = value;
            await Refused(_jwt.Sign(header.ToJsonString(), _jwt.Claims.ToJsonString()));
        }
    }

    [Theory] // J13
    [InlineData("\"crit\":[\"exp\"]")]
    [InlineData("\"crit\":[\"b64\"],\"b64\":false")]
    [InlineData("\"crit\":[\"unknown\"]")]
    [InlineData("\"crit\":[]")]
    [InlineData("\"b64\":false")]
    public async Task A_critical_extension_is_refused(string extension) =>
        await Refused(_jwt.Sign($"{{{extension},{_jwt.Header.ToJsonString()[1..]}", _jwt.Claims.ToJsonString()));

    [Fact] // J14
    public async Task A_token_of_another_type_is_refused()
    {
        foreach (var typ in new JsonNode?[] { "JWT", "jwt", "id+jwt", "application/at+jwt", "AT+JWT", "", null })
        {
            _jwt.Header["typ"] = typ;
            await Refused(_jwt.Sign());
        }

        _jwt.Header.Remove("typ");
        await Refused(_jwt.Sign());
    }

    [Fact] // J18
    public async Task A_signature_that_fits_every_key_is_refused()
    {
        var content = _jwt.Sign()[.._jwt.Sign().LastIndexOf('.')];
        var order = Convert.FromHexString("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551");
        await Refused($"{content}.{Base64Url.EncodeToString(new byte[64])}"); // r = s = 0
        await Refused($"{content}.{Base64Url.EncodeToString([.. order, .. order])}"); // r = s = n
        await Refused($"{content}.{Base64Url.EncodeToString(_jwt.Key.SignData(
            Encoding.ASCII.GetBytes(content), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence))}");
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await Refused(_jwt.Sign(_jwt.Header.ToJsonString(), _jwt.Claims.ToJsonString(), other));
    }

    [Fact] // J19
    public async Task Only_strict_base64url_in_three_parts_is_a_token()
    {
        var token = _jwt.Sign();
        var parts = token.Split('.');
        string[] bent =
        [
            token + ".", "." + token, token + "=", token + "==", $"{parts[0]}=.{parts[1]}.{parts[2]}", " " + token, $"{parts[0]}. {parts[1]}.{parts[2]}",
            token.Replace('-', '+').Replace('_', '/') + "/", "Bearer " + token, token + "," + token, $"\"{token}\"", "x", "..", "a.b.c",
        ];
        foreach (var attempt in bent)
        {
            Assert.Equal(401, (await _gateway.Get("/devices", attempt)).Status);
        }
    }

    [Fact] // J19
    public async Task Two_credentials_are_refused_as_such()
    {
        var token = _jwt.Sign();
        var two = await _gateway.Send($"GET /devices HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\nAuthorization: Bearer {token}\r\nAuthorization: Bearer {token}\r\n\r\n");
        var headerAndQuery = await _gateway.Get($"/devices?access_token={token}", token);
        var query = await _gateway.Get($"/devices?access_token={token}");

        Assert.Equal(400, two.Status);
        Assert.Contains("WWW-Authenticate: Bearer error=\"invalid_request\"", two.Head, StringComparison.Ordinal);
        Assert.Equal(400, headerAndQuery.Status);
        Assert.Equal(401, query.Status);
        Assert.EndsWith("WWW-Authenticate: Bearer", query.Head.Split("\r\n").Single(line => line.StartsWith("WWW", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact] // J20
    public async Task Not_a_character_of_a_token_can_be_changed()
    {
        var token = _jwt.Sign();
        await _gateway.Hears();
        await Accepted(token); // so that it is also remembered
        var http = _gateway.Http;
        for (var i = 0; i < token.Length; i++)
        {
            var other = token[i] == 'A' ? 'B' : 'A';
            using var request = new HttpRequestMessage(HttpMethod.Get, "/devices");
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token[..i]}{other}{token[(i + 1)..]}");
            using var answer = await http.SendAsync(request);
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        }
    }

    [Fact] // J20: 64 bytes leave four unused bits in the last character
    public async Task The_unused_bits_of_the_last_character_are_zero()
    {
        const string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        var token = _jwt.Sign();
        for (var bits = 1; bits < 16; bits++)
        {
            await Refused(token[..^1] + alphabet[alphabet.IndexOf(token[^1], StringComparison.Ordinal) + bits]);
        }
    }

    [Fact] // J20
    public async Task The_claims_of_one_token_do_not_fit_another()
    {
        var viewer = _gateway.Token(Roles.Viewer).Split('.');
        var admin = _gateway.Token(Roles.Admin).Split('.');

        await Refused($"{viewer[0]}.{admin[1]}.{viewer[2]}");
    }

    [Theory]
    [InlineData("sub", "5")]
    [InlineData("sub", "\"\"")]
    [InlineData("tenant", "null")]
    [InlineData("tenant", "[\"default\"]")]
    [InlineData("jti", "{}")]
    [InlineData("iat", "\"1\"")]
    [InlineData("nbf", "0.5")]
    [InlineData("roles", "\"admin\"")]
    [InlineData("roles", "[\"system\"]")]
    [InlineData("roles", "[\"signin\"]")]
    [InlineData("roles", "[\"Admin\"]")]
    [InlineData("roles", "[5]")]
    [InlineData("roles", "[null]")]
    public async Task A_claim_of_ours_with_another_form_is_refused(string claim, string json)
    {
        _jwt.Claims[claim] = JsonNode.Parse(json);
        await Refused(_jwt.Sign());
        _jwt.Claims.Remove(claim);
        await Refused(_jwt.Sign());
    }

    [Fact]
    public async Task Every_reason_has_the_same_answer_and_only_the_log_knows_it()
    {
        var expired = new Jwt(_gateway);
        expired.Claims["exp"] = 1;
        var foreign = new Jwt(_gateway);
        foreign.Claims["iss"] = "evil\nError forged line";
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        string[] tokens = [expired.Sign(), foreign.Sign(), _jwt.Sign(_jwt.Header.ToJsonString(), _jwt.Claims.ToJsonString(), key), "x.y.z"];

        var bodies = new HashSet<string>();
        foreach (var token in tokens)
        {
            bodies.Add((await _gateway.Get("/devices", token)).Body);
        }

        Assert.Single(bodies);
        var refusals = _gateway.Log.Lines.Where(line => line.Contains("An access token was refused", StringComparison.Ordinal)).ToList();
        Assert.Equal(tokens.Length, refusals.Count);
        Assert.Equal(tokens.Length, refusals.Distinct().Count());
        Assert.DoesNotContain(_gateway.Log.Lines, line => tokens.Any(token => line.Contains(token, StringComparison.Ordinal)));
        Assert.DoesNotContain(refusals, line => line.Contains("forged", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_token_is_validated_once_and_nothing_behind_sees_it()
    {
        using var counts = TokenCounts.Of(_gateway);
        await _gateway.Hears();
        _gateway.Grains.AddUser("ada@example.org");
        _gateway.Grains.AddUser("bob@example.org");
        _gateway.Grains.AddDevice("meter-7");
        var token = _gateway.Token(Roles.Admin);
        var http = _gateway.With(token);
        string[] paths = ["/users", "/devices", "/devices/meter-7", "/iot/unknown", "/nothing", "/users/unknown"];
        foreach (var path in paths)
        {
            using var answer = await http.GetAsync(path);
        }

        Assert.Equal((1, paths.Length - 1), (counts.Validated, counts.Remembered));
        Assert.True(_gateway.Grains.Calls.Count > paths.Length - 1);
        Assert.All(_gateway.Grains.Calls, call => Assert.DoesNotContain(token, call.Caller.ToString(), StringComparison.Ordinal));
        Assert.All(_gateway.Grains.Calls, call => Assert.Equal(Roles.Admin, call.Caller.Roles));
    }

    private async Task Accepted(string token)
    {
        using var answer = await _gateway.With(token).GetAsync("/devices");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    private async Task Refused(string token)
    {
        var calls = _gateway.Grains.Calls.Count;
        using var answer = await _gateway.With(token).GetAsync("/devices");
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal(InvalidToken, answer.Headers.WwwAuthenticate.ToString());
        Assert.Equal(calls, _gateway.Grains.Calls.Count);
    }
}
