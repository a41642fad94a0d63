using OrleansIoT.Gateway.Identity;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway;

/// <summary>The section <c>Gateway</c> of the configuration.</summary>
public sealed class GatewayOptions
{
    internal const string DefaultIssuer = "orleans-iot";

    /// <summary>The directory whose folder <c>keys</c> holds the keys that sign and decrypt tokens. Default: ./data.</summary>
    public string DataDirectory { get; set; } = "./data";

    /// <summary>The tenant of those who register and sign in here. Default: default.</summary>
    public string Tenant { get; set; } = GrainKey.DefaultTenant;

    /// <summary>
    /// The URL of this gateway as clients reach it, without a slash at its end: https, or http on this machine. With it there is
    /// a <c>/.well-known/openid-configuration</c>. Default: none.
    /// </summary>
    public string? PublicUrl { get; set; }

    /// <summary>The path below which the gateway is reached, as <c>/iot-platform</c>, behind a proxy that passes it on or takes it away. Default: none.</summary>
    public string PathBase { get; set; } = "";

    /// <summary>The folder with the built web app. Default: wwwroot, beside the executable.</summary>
    public string DashboardDirectory { get; set; } = Path.Combine(AppContext.BaseDirectory, "wwwroot");

    /// <summary>The <c>iss</c> of the tokens, the same for all gateways that share a key. Default: the PublicUrl, or else orleans-iot.</summary>
    public string Issuer { get; set; } = DefaultIssuer;

    /// <summary>The <c>aud</c> of the tokens. Default: orleans-iot-api.</summary>
    public string Audience { get; set; } = "orleans-iot-api";

    /// <summary>How long an access token is good for, 1 minute to 1 hour. Default: 15 minutes.</summary>
    public TimeSpan AccessTokenLifetime { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How long a session lives that is not used, at most 366 days; each use of its refresh token begins it anew. Default: 30 days.</summary>
    public TimeSpan RefreshTokenLifetime { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How far the clocks of gateways may differ, at most 30 seconds. Default: 5 seconds.</summary>
    public TimeSpan ClockSkew { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How many tokens are remembered as validated, 0 to 1,000,000, each for a minute at most. Default: 10000.</summary>
    public int RememberedTokens { get; set; } = 10_000;

    /// <summary>Whether encrypted tokens are refused, accepted, or accepted and issued: Refuse, Accept or Issue. Default: Accept.</summary>
    public TokenEncryptionMode TokenEncryption { get; set; } = TokenEncryptionMode.Accept;

    /// <summary>OpenID Connect providers whose access tokens are taken as well. Default: none.</summary>
    public IReadOnlyList<ExternalIssuerOptions> Issuers { get; set; } = [];

    /// <summary>What those who register themselves may do: Viewer, or None until an administrator says more. Default: Viewer.</summary>
    public Roles RegistrationRole { get; set; } = Roles.Viewer;

    /// <summary>How many requests a second a caller may send for long: who is signed in, or an address; 0 for no limit. Default: 1000.</summary>
    public int RequestRate { get; set; } = 1_000;

    /// <summary>How many at once after a time of rest, at least RequestRate. Default: 5000.</summary>
    public int RequestBurst { get; set; } = 5_000;

    /// <summary>The most live streams at a time. Default: 2000.</summary>
    public int MaxStreams { get; set; } = 2_000;

    /// <summary>The most live streams of one caller at a time. Default: 20.</summary>
    public int MaxStreamsPerCaller { get; set; } = 20;

    /// <summary>
    /// What readings take, in bytes, that live streams have not taken yet, all together; beyond, the slow ones miss some and are
    /// told. Default: 67108864.
    /// </summary>
    public long StreamBufferBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>The largest request body, in bytes. Default: 65536.</summary>
    public int MaxRequestBodyBytes { get; set; } = 64 * 1024;

    /// <summary>The most HTTP connections at a time. Default: 20000.</summary>
    public int MaxConnections { get; set; } = 20_000;

    /// <summary>How long a client may take to send a request's headers. Default: 10 seconds.</summary>
    public TimeSpan RequestHeadersTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The slowest a client may send a body or read an answer, in bytes a second after 5 seconds of grace. Default: 240.</summary>
    public double MinDataRate { get; set; } = 240;

    /// <summary>The certificate of the HTTPS listener and those that lead to its CA, in PEM; read again when it changes. Default: the development certificate.</summary>
    public string? TlsCertificate { get; set; }

    /// <summary>The key of the certificate, in PEM. Default: the development key.</summary>
    public string? TlsKey { get; set; }

    /// <summary>How long a TLS handshake may take. Default: 5 seconds.</summary>
    public TimeSpan TlsHandshakeTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether passwords and tokens are taken over plain HTTP from other machines, and nobody is sent on to HTTPS. Default: false.</summary>
    public bool AllowPlainHttp { get; set; }

    /// <summary>
    /// The proxies whose X-Forwarded-For, -Proto and -Host are believed: IP addresses, or networks as 10.0.0.0/8. Default: none.
    /// </summary>
    public IReadOnlyList<string> TrustedProxies { get; set; } = [];
}
