using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansIoT.Benchmarks.Trust.Hops;
using OrleansIoT.Benchmarks.Trust.Schemes;
using OrleansIoT.Benchmarks.Trust.Tables;
using OrleansIoT.Benchmarks.Trust.Tokens;
using OrleansIoT.Grains.Identity;
using OrleansIoT.Identity;

namespace OrleansIoT.Benchmarks.Trust;

/// <summary>
/// Before anything is measured: that every scheme serves who is right, and refuses whom it is there to refuse. A scheme that
/// does not check is fast. What a scheme does not promise to withstand is tried as well, and has to succeed.
/// </summary>
internal sealed class SelfCheck(Chain chain, BenchmarkOptions options) : IDisposable
{
    private const string Authorization = "Authorization";

    private static readonly string[] Jwt = [Catalogue.JwtSts, Catalogue.JwtEach, Catalogue.MutualTlsJwt];
    private static readonly string[] Sealed = [Catalogue.Hmac, Catalogue.MutualTlsHmac];
    private static readonly string[] OverTls = [Catalogue.MutualTlsJwt, Catalogue.MutualTls, Catalogue.MutualTlsHmac];

    private static readonly Caller Somebody =
        new("default", "bench", CallerKind.User, Roles.Viewer, "bench", DateTimeOffset.UtcNow.AddHours(4));

    private readonly StringBuilder _rows = new();
    private readonly string _token = chain.Tokens.OfLength(0);
    private readonly ClusterKeys _keys = new(RunKeys.ClusterKeysIn(chain.Folder), TimeProvider.System, NullLogger<ClusterKeys>.Instance);

    /// <returns>A table in Markdown.</returns>
    /// <exception cref="BenchmarkException">Something was served that must not be, or refused that must be served.</exception>
    public async Task<string> Run()
    {
        foreach (var hops in options.Hops)
        {
            await Row($"nothing: a good token, {hops} hops", scheme => AtGateway(scheme, _token, hops), _ => true);
        }

        await Row("nothing: a process of the cluster at a hop", scheme => AtHop(scheme, Good(scheme), RunKeys.Good), _ => true);
        await Tokens();
        await Hops();
        await Certificates();
        await TokenService();
        return $"| tried | {string.Join(" | ", options.Schemes)} |\n|---|{string.Concat(options.Schemes.Select(_ => "---|"))}\n{_rows}";
    }

    public void Dispose() => _keys.Dispose();

    private async Task Tokens()
    {
        (string What, string? Token)[] bad =
        [
            ("no token", null),
            ("the last byte of the signature is another", TestTokens.AlmostRight(_token)),
            ("the signature is another", TestTokens.WhollyWrong(_token)),
            ("one more role under the old signature", chain.Tokens.Promoted()),
            ("signed with another key", chain.Tokens.SignedByAnother()),
            ("not signed (alg none)", chain.Tokens.Unsigned()),
            ("expired", chain.Tokens.Expired()),
            ("of another issuer", chain.Tokens.With("iss", "somebody else")),
            ("for another audience", chain.Tokens.With("aud", "something else")),
        ];
        foreach (var (what, token) in bad)
        {
            await Row($"gateway: {what}", scheme => AtGateway(scheme, token, 1), scheme => scheme == Catalogue.None);
        }

        foreach (var size in options.TokenKilobytes)
        {
            var token = chain.Tokens.OfLength((int)(size * 1000));
            await Row($"gateway: a good token of {size} kB", scheme => AtGateway(scheme, token, 1), scheme => !SchemeTable.IsRefused(scheme, token.Length));
        }
    }

    private async Task Hops()
    {
        await Row(
            "hop: says that it is an administrator, nothing proves it",
            scheme => AtHop(scheme, Forged(scheme), RunKeys.Good),
            scheme => scheme is Catalogue.None or Catalogue.Network or Catalogue.MutualTls);
        var envelope = _keys.Seal(Somebody);
        var key = ClusterKey.ReadAll(File.ReadAllText(RunKeys.ClusterKeysIn(chain.Folder)))[0];
        var old = CallerEnvelope.Seal(Somebody, key.Id, key.Secret, DateTimeOffset.UtcNow.AddMinutes(-2));
        var foreign = CallerEnvelope.Seal(Somebody, key.Id, new byte[ClusterKey.MinBytes], DateTimeOffset.UtcNow);
        await Envelope("one more role in an envelope", Somebody with { Roles = Roles.Admin }, envelope);
        await Envelope("one bit of an envelope's MAC is another", Somebody, envelope with { Mac = envelope.Mac.SetItem(31, (byte)(envelope.Mac[31] ^ 1)) });
        await Envelope("an envelope of two minutes ago", Somebody, old);
        await Envelope("an envelope that another key has sealed", Somebody, foreign);

        Task Envelope(string what, Caller caller, CallerEnvelope proof) => Row(
            $"hop: {what}", scheme => AtHop(scheme, (CallerText.Header, CallerText.Write(caller, proof)), RunKeys.Good), _ => false, Sealed);
    }

    private async Task Certificates()
    {
        (string What, string? Name)[] bad =
        [
            ("no certificate", null),
            ("a certificate of another CA", RunKeys.Foreign),
            ("a device's certificate, of the same CA", RunKeys.Device),
            ("a revoked certificate", RunKeys.Revoked),
        ];
        foreach (var (what, name) in bad)
        {
            await Row($"hop: {what}, all else right", scheme => AtHop(scheme, Good(scheme), name), _ => false, OverTls);
        }
    }

    private Task TokenService() => Row(
        "token service: the last byte of the signature is another",
        async _ =>
        {
            return await Exchange(_token) ? await Exchange(TestTokens.AlmostRight(_token)) : throw new BenchmarkException("the token service refuses a good token");

            async Task<bool> Exchange(string token)
            {
                using var client = new HttpClient();
                using var form = new FormUrlEncodedContent([new("subject_token", token)]);
                using var response = await client.PostAsync(new Uri($"http://127.0.0.1:{chain.Sts}/exchange"), form);
                return response.IsSuccessStatusCode;
            }
        },
        _ => false,
        [Catalogue.JwtSts]);

    /// <summary>One attack on every scheme that it is about.</summary>
    private async Task Row(string what, Func<string, Task<bool>> isServed, Func<string, bool> mayBeServed, string[]? about = null)
    {
        if (about?.Intersect(options.Schemes).Any() is false)
        {
            return;
        }

        _rows.Append($"| {what} |");
        foreach (var scheme in options.Schemes)
        {
            if (about?.Contains(scheme) is false)
            {
                _rows.Append(" – |");
                continue;
            }

            var served = await isServed(scheme);
            if (served != mayBeServed(scheme))
            {
                throw new BenchmarkException($"{scheme}: {what}: it was {Word(served)} and has to be {Word(!served)}. Nothing was measured.");
            }

            _rows.Append($" {Word(served)} |");
        }

        _rows.AppendLine();
    }

    private static string Word(bool served) => served ? "served" : "refused";

    private Task<bool> AtGateway(string scheme, string? token, int hops) => IsServed(
        chain.Gateway.Plain, null, $"{Scheme.PathOf(scheme)}/{hops}", token is null ? null : (Authorization, $"Bearer {token}"));

    /// <param name="scheme">Whose port and path.</param>
    /// <param name="credential">What is sent.</param>
    /// <param name="certificate">What is shown where TLS is.</param>
    private async Task<bool> AtHop(string scheme, (string Header, string Value)? credential, string? certificate)
    {
        var path = $"{Scheme.PathOf(scheme)}/0";
        if (!OverTls.Contains(scheme))
        {
            return await IsServed(chain.First.Plain, null, path, credential);
        }

        using var tls = new PeerTls(chain.Folder, certificate);
        return await IsServed(chain.First.MutualTls, tls, path, credential);
    }

    private static async Task<bool> IsServed(int port, PeerTls? tls, string path, (string Header, string Value)? credential)
    {
        using var client = HopClient.To(port, tls);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"http://hop/{path}"));
        if (credential is var (header, value))
        {
            request.Headers.TryAddWithoutValidation(header, value);
        }

        try
        {
            using var response = await client.SendAsync(request, CancellationToken.None);
            var body = await response.Content.ReadAsStringAsync();
            return (int)response.StatusCode switch
            {
                StatusCodes.Status200OK when body.Contains(LatestAnswer.Value, StringComparison.Ordinal) => true,
                StatusCodes.Status401Unauthorized => false,
                var status => throw new BenchmarkException($"/{path} answered {status}: {body}"),
            };
        }
        catch (Exception e) when (tls is not null && e is HttpRequestException or IOException)
        {
            return false; // no handshake, no answer
        }
    }

    private (string Header, string Value)? Good(string scheme) =>
        Jwt.Contains(scheme) ? (Authorization, $"Bearer {_token}")
        : (CallerText.Header, CallerText.Write(Somebody, Sealed.Contains(scheme) ? _keys.Seal(Somebody) : null));

    private (string Header, string Value)? Forged(string scheme) =>
        Jwt.Contains(scheme) ? (Authorization, $"Bearer {chain.Tokens.Promoted()}")
        : (CallerText.Header, CallerText.Write(Somebody with { Roles = Roles.Admin }, null));
}
