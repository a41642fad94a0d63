using OrleansIoT.Identity;

namespace OrleansIoT.Gateway;

/// <summary>The section <c>Gateway</c> of the configuration.</summary>
public sealed class GatewayOptions
{
    /// <summary>The directory whose folder <c>keys</c> holds the key that signs access tokens. Default: ./data.</summary>
    public string DataDirectory { get; set; } = "./data";

    /// <summary>The tenant of those who register and sign in here. Default: default.</summary>
    public string Tenant { get; set; } = GrainKey.DefaultTenant;

    /// <summary>The <c>iss</c> of the tokens, the same for all gateways that share a key. Default: orleans-iot.</summary>
    public string Issuer { get; set; } = "orleans-iot";

    /// <summary>The <c>aud</c> of the tokens. Default: orleans-iot-api.</summary>
    public string Audience { get; set; } = "orleans-iot-api";

    /// <summary>How long an access token is good for, 1 minute to 1 hour. Default: 15 minutes.</summary>
    public TimeSpan AccessTokenLifetime { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How far the clocks of gateways may differ, at most 30 seconds. Default: 5 seconds.</summary>
    public TimeSpan ClockSkew { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>What those who register themselves may do: Viewer, or None until an administrator says more. Default: Viewer.</summary>
    public Roles RegistrationRole { get; set; } = Roles.Viewer;

    /// <summary>How many requests a second a caller may send for long: who is signed in, or an address; 0 for no limit. Default: 100.</summary>
    public int RequestRate { get; set; } = 100;

    /// <summary>How many at once after a time of rest, at least RequestRate. Default: 1000.</summary>
    public int RequestBurst { get; set; } = 1_000;

    /// <summary>The largest request body, in bytes. Default: 65536.</summary>
    public int MaxRequestBodyBytes { get; set; } = 64 * 1024;

    /// <summary>The most HTTP connections at a time. Default: 20000.</summary>
    public int MaxConnections { get; set; } = 20_000;

    /// <summary>How long a client may take to send a request's headers. Default: 10 seconds.</summary>
    public TimeSpan RequestHeadersTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The slowest a client may send a body or read an answer, in bytes a second after 5 seconds of grace. Default: 240.</summary>
    public double MinDataRate { get; set; } = 240;
}
