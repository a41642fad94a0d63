using System.Collections.Frozen;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;

namespace OrleansIoT.Gateway.Identity;

/// <summary>The issuers beside us whose access tokens are taken. Keys are looked up under the issuer that a token names, and nowhere else.</summary>
internal sealed class ExternalIssuers : IDisposable
{
    private readonly FrozenDictionary<string, ExternalIssuer> _issuers;
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
    {
        Timeout = TimeSpan.FromSeconds(5),
        MaxResponseContentBufferSize = 1024 * 1024,
    };

    public ExternalIssuers(IOptions<GatewayOptions> options, TimeProvider clock, ILogger<IssuerKeys> logger) =>
        _issuers = options.Value.Issuers.ToFrozenDictionary(
            issuer => issuer.Issuer,
            issuer => new ExternalIssuer(issuer, new IssuerKeys(issuer, _http, clock, logger), options.Value.ClockSkew, clock),
            StringComparer.Ordinal);

    /// <summary>Only which rules are to be tried: nothing that the token says is believed.</summary>
    /// <returns>The external issuer that it names, or null.</returns>
    public ExternalIssuer? IssuerOf(string token)
    {
        if (_issuers.Count == 0 || token.Split('.') is not [_, var claims, _] || TokenForm.Decode(claims) is not { } json)
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(json, ExternalTokenForm.Strict);
            return document.RootElement.ValueKind == JsonValueKind.Object
                   && document.RootElement.TryGetProperty(JwtRegisteredClaimNames.Iss, out var issuer)
                   && issuer.ValueKind == JsonValueKind.String
                ? _issuers.GetValueOrDefault(issuer.GetString()!)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public void Dispose()
    {
        foreach (var issuer in _issuers.Values)
        {
            issuer.Dispose();
        }

        _http.Dispose();
    }
}
