using System.Collections.Frozen;
using System.Net.Mime;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace OrleansIoT.Gateway.Identity;

/// <summary>
/// The keys of one external issuer, by discovery (OpenID Connect Discovery 1.0 section 4): read at the first token and every five minutes, and when a
/// token names one that is unknown, at most every five seconds. While the issuer is away the last ones are good; before the
/// first there is none, and its tokens are refused.
/// </summary>
internal sealed partial class IssuerKeys : IDocumentRetriever, IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private const int MinRsaBits = 2048; // RFC 7518 section 3.3

    private readonly ExternalIssuerOptions _issuer;
    private readonly HttpClient _http;
    private readonly TimeProvider _clock;
    private readonly ILogger<IssuerKeys> _logger;
    private readonly Lock _starting = new();
    private readonly ITimer _timer;
    private FrozenDictionary<string, SecurityKey> _keys = FrozenDictionary<string, SecurityKey>.Empty;
    private Task _reading = Task.CompletedTask;
    private long? _readAt;
    private bool _isFailing;

    public IssuerKeys(ExternalIssuerOptions issuer, HttpClient http, TimeProvider clock, ILogger<IssuerKeys> logger)
    {
        (_issuer, _http, _clock, _logger) = (issuer, http, clock, logger);
        _timer = clock.CreateTimer(_ => _ = ReadAgain(), null, TimeSpan.Zero, Period);
    }

    public async ValueTask<SecurityKey?> Find(string kid)
    {
        if (Volatile.Read(ref _keys).TryGetValue(kid, out var key))
        {
            return key;
        }

        await ReadAgain();
        return Volatile.Read(ref _keys).GetValueOrDefault(kid);
    }

    public void Dispose() => _timer.Dispose();

    /// <summary>With an address out of the issuer's own document: it is no freer than the issuer's.</summary>
    async Task<string> IDocumentRetriever.GetDocumentAsync(string address, CancellationToken cancel)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || !_issuer.IsAllowed(uri))
        {
            throw new InvalidDataException("Its keys are at no https address.");
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, uri);
        request.Headers.Accept.ParseAdd(MediaTypeNames.Application.Json);
        using var answer = await _http.SendAsync(request, cancel);
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadAsStringAsync(cancel);
    }

    /// <summary>Whoever waits waits for the same; between two there is a pause, whatever tokens say.</summary>
    private Task ReadAgain()
    {
        lock (_starting)
        {
            if (_reading.IsCompleted && (_readAt is not { } readAt || _clock.GetElapsedTime(readAt) >= Pause))
            {
                _readAt = _clock.GetTimestamp();
                _reading = Task.Run(Read);
            }

            return _reading;
        }
    }

    private async Task Read()
    {
        try
        {
            var document = await OpenIdConnectConfigurationRetriever.GetAsync(
                _issuer.Issuer.TrimEnd('/') + "/.well-known/openid-configuration", this, CancellationToken.None);
            if (document.Issuer != _issuer.Issuer)
            {
                throw new InvalidDataException("Its document is of another issuer.");
            }

            var keys = new Dictionary<string, SecurityKey>(StringComparer.Ordinal);
            foreach (var jwk in document.JsonWebKeySet?.Keys ?? [])
            {
                if (KeyOf(jwk) is { } key)
                {
                    keys.TryAdd(jwk.Kid, key);
                }
            }

            if (keys.Count == 0)
            {
                throw new InvalidDataException("It has no key that verifies what it may sign with.");
            }

            Volatile.Write(ref _keys, keys.ToFrozenDictionary(StringComparer.Ordinal));
            _isFailing = false;
        }
        catch (Exception e)
        {
            if (!_isFailing)
            {
                _isFailing = true;
                LogUnreachable(_issuer.Name, Volatile.Read(ref _keys).Count, e);
            }
        }
    }

    /// <summary>The public numbers and nothing else of it: a certificate or an address that came along is of no use.</summary>
    private SecurityKey? KeyOf(JsonWebKey jwk)
    {
        var isOurs = jwk.Kid is { Length: > 0 }
            && jwk.Use is null or "" or "sig"
            && (string.IsNullOrEmpty(jwk.Alg) || _issuer.EffectiveAlgorithms.Contains(jwk.Alg));
        try
        {
            return !isOurs ? null : (jwk.Kty, _issuer.IsRsa) switch
            {
                (JsonWebAlgorithmsKeyTypes.RSA, true) => RsaKeyOf(jwk),
                (JsonWebAlgorithmsKeyTypes.EllipticCurve, false) => EcdsaKeyOf(jwk),
                _ => null,
            };
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or FormatException)
        {
            return null; // no point on its curve, for example
        }
    }

    private static RsaSecurityKey? RsaKeyOf(JsonWebKey jwk)
    {
        var rsa = RSA.Create(new RSAParameters { Modulus = Base64UrlEncoder.DecodeBytes(jwk.N), Exponent = Base64UrlEncoder.DecodeBytes(jwk.E) });
        return rsa.KeySize < MinRsaBits ? null : Named(new RsaSecurityKey(rsa), jwk);
    }

    private ECDsaSecurityKey? EcdsaKeyOf(JsonWebKey jwk)
    {
        var (curve, algorithm) = jwk.Crv switch
        {
            JsonWebKeyECTypes.P256 => (ECCurve.NamedCurves.nistP256, SecurityAlgorithms.EcdsaSha256),
            JsonWebKeyECTypes.P384 => (ECCurve.NamedCurves.nistP384, SecurityAlgorithms.EcdsaSha384),
            JsonWebKeyECTypes.P521 => (ECCurve.NamedCurves.nistP521, SecurityAlgorithms.EcdsaSha512),
            _ => (default, ""),
        };
        if (!_issuer.EffectiveAlgorithms.Contains(algorithm))
        {
            return null;
        }

        var point = new ECPoint { X = Base64UrlEncoder.DecodeBytes(jwk.X), Y = Base64UrlEncoder.DecodeBytes(jwk.Y) };
        return Named(new ECDsaSecurityKey(ECDsa.Create(new ECParameters { Curve = curve, Q = point })), jwk);
    }

    private static TKey Named<TKey>(TKey key, JsonWebKey jwk)
        where TKey : AsymmetricSecurityKey
    {
        key.KeyId = jwk.Kid;
        key.CryptoProviderFactory = new CryptoProviderFactory(); // whose cache goes with the key
        return key;
    }
}
