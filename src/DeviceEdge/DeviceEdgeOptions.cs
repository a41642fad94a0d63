using Microsoft.Extensions.Options;
using OrleansIoT.Identity;
using OrleansIoT.Topics;

namespace OrleansIoT.DeviceEdge;

/// <summary>Limits of the MQTT edge; section <c>DeviceEdge</c> of the configuration.</summary>
public sealed class DeviceEdgeOptions
{
    public const string Section = "DeviceEdge";

    /// <summary>How long a connection may take from its acceptance to the last byte of its CONNECT. Default: 10 seconds.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a connection that ends may take to store and acknowledge what has arrived. Default: 5 seconds.</summary>
    public TimeSpan CloseTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// In a cluster, over how long an edge that is told to end spreads the ends of its connections, at most 6 seconds: they
    /// come back to the others, and not all at once. Default: 3 seconds.
    /// </summary>
    public TimeSpan DrainTime { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// What devices are told with their DISCONNECT then, to connect to: <c>host:port</c>, several with spaces between them
    /// (MQTT 5.0 section 4.11). Default: none, and they come back to where they were.
    /// </summary>
    public string? ServerReference { get; set; }

    /// <summary>
    /// The longest keep-alive in seconds. MQTT 5.0 devices are told when theirs is longer or none; a 3.1.1 device cannot
    /// be told and keeps its own. Default: 65,535, the longest that MQTT knows.
    /// </summary>
    public int MaxKeepAlive { get; set; } = ushort.MaxValue;

    /// <summary>The largest packet in bytes. Default: 262,144.</summary>
    public int MaxPacketSize { get; set; } = 256 * 1024;

    /// <summary>The largest payload in bytes. Default: 262,144, what the largest packet has room for.</summary>
    public int MaxPayloadSize { get; set; } = 256 * 1024;

    /// <summary>The longest topic name or filter in bytes of UTF-8, at most 512. Default: 512.</summary>
    public int MaxTopicBytes { get; set; } = TopicName.MaxBytes;

    /// <summary>The most levels of a topic name or filter, at most 16. Default: 16.</summary>
    public int MaxTopicLevels { get; set; } = TopicName.MaxLevels;

    /// <summary>How many topic aliases a client may set. Default: 16.</summary>
    public int TopicAliasMaximum { get; set; } = 16;

    /// <summary>How many publishes of QoS 1 and 2 a client may have in flight. Default: 1,000.</summary>
    public int ReceiveMaximum { get; set; } = 1_000;

    /// <summary>How many messages of QoS 1 and 2 may be in flight to a client, which may ask for less. Default: 1,000.</summary>
    public int MaxInFlight { get; set; } = 1_000;

    /// <summary>How many messages may wait in memory for a client that reads slowly; of more the oldest are dropped. Default: 10,000.</summary>
    public int MaxWaitingMessages { get; set; } = 10_000;

    /// <summary>The bytes that they may take. Default: 16,777,216.</summary>
    public int MaxWaitingBytes { get; set; } = 16 * 1024 * 1024;

    /// <summary>The bytes of messages that one call to a client's grain carries at most, give or take one message. Default: 1,048,576.</summary>
    public int MaxBatchBytes { get; set; } = 1024 * 1024;

    /// <summary>The bytes of messages that may wait to be stored, of all connections; beyond them sockets are not read. Default: 268,435,456.</summary>
    public int MaxUnstoredBytes { get; set; } = 256 * 1024 * 1024;

    /// <summary>
    /// How many messages a second a device may publish for long, over all its connections; 0 for no limit. It may also send
    /// so many other requests a second on a connection. Default: 1,000.
    /// </summary>
    public int DeviceRate { get; set; } = 1_000;

    /// <summary>How many it may publish at once after a time of rest, as when it empties its own buffer. Default: 20,000.</summary>
    public int DeviceBurst { get; set; } = 20_000;

    /// <summary>
    /// How long a 5.0 device that publishes too fast is only slowed down, until it has rested; then it is refused. Zero refuses
    /// at once. Default: 5 seconds.
    /// </summary>
    public TimeSpan DeviceRatePatience { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How many connections there may be; another one is closed when it is accepted. Default: 100,000.</summary>
    public int MaxConnections { get; set; } = 100_000;

    /// <summary>How many CONNECTs are answered at a time; more wait for their turn, no longer than the time for CONNECT. Default: 1,000.</summary>
    public int MaxHandshakes { get; set; } = 1_000;
    /// <summary>The server's certificate and those that lead to its CA, in PEM; read again when it changes. Default: the development certificate.</summary>
    public string? TlsCertificate { get; set; }

    /// <summary>The key of the certificate, in PEM. Default: the development key.</summary>
    public string? TlsKey { get; set; }

    /// <summary>How long a connection may wait for its TLS handshake, and then take for it. Default: 5 seconds.</summary>
    public TimeSpan TlsHandshakeTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How many TLS handshakes are under way at a time; others wait for their turn. Default: 1,000.</summary>
    public int MaxTlsHandshakes { get; set; } = 1_000;

    /// <summary>Files in PEM with the CAs whose certificates devices may show. Default: none, no certificate is asked for.</summary>
    public IReadOnlyList<string> DeviceCa { get; set; } = [];

    /// <summary>Files in DER or PEM with the revocation lists of those CAs. Default: none, nothing is taken for revoked.</summary>
    public IReadOnlyList<string> DeviceCrl { get; set; } = [];

    /// <summary>The largest file of revocation lists, in bytes. Default: 4,194,304.</summary>
    public int MaxRevocationListBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>Whether a certificate is taken when the revocation list of its issuer is missing or past its next update. Default: false.</summary>
    public bool AcceptUnknownRevocation { get; set; }

    /// <summary>
    /// What a client without credentials may publish and subscribe to: topic filters; one that begins with '!' denies, and a
    /// denial wins. Default: none, such a client is refused.
    /// </summary>
    public IReadOnlyList<string> Anonymous { get; set; } = [];

    /// <summary>Origins whose pages may connect over WebSocket, as https://app.example.org, besides the server's own. Default: none.</summary>
    public IReadOnlyList<string> AllowedOrigins { get; set; } = [];
}

/// <summary>Refuses to start with options that make no sense.</summary>
internal sealed class DeviceEdgeOptionsCheck : IValidateOptions<DeviceEdgeOptions>
{
    public ValidateOptionsResult Validate(string? name, DeviceEdgeOptions options) =>
        Complaint(options) is { } complaint ? ValidateOptionsResult.Fail(complaint) : ValidateOptionsResult.Success;

    private static string? Complaint(DeviceEdgeOptions options) => options switch
    {
        _ when !IsTimeout(options.ConnectTimeout) => "DeviceEdge:ConnectTimeout is more than zero and at most 1 hour, written hh:mm:ss.",
        _ when !IsTimeout(options.CloseTimeout) => "DeviceEdge:CloseTimeout is more than zero and at most 1 hour, written hh:mm:ss.",
        _ when options.DrainTime < TimeSpan.Zero || options.DrainTime > TimeSpan.FromSeconds(6) => "DeviceEdge:DrainTime is zero to 6 seconds, written hh:mm:ss.",
        { ServerReference: "" } => "DeviceEdge:ServerReference is a host and a port, as mqtt.example.org:8883.",
        { MaxKeepAlive: < 1 or > ushort.MaxValue } => "DeviceEdge:MaxKeepAlive is 1 to 65535.",
        { MaxPacketSize: < 1024 or > 268_435_455 } => "DeviceEdge:MaxPacketSize is 1024 to 268435455.",
        { MaxPayloadSize: < 1 } => "DeviceEdge:MaxPayloadSize is at least 1.",
        { MaxTopicBytes: < 1 or > TopicName.MaxBytes } => $"DeviceEdge:MaxTopicBytes is 1 to {TopicName.MaxBytes}.",
        { MaxTopicLevels: < 1 or > TopicName.MaxLevels } => $"DeviceEdge:MaxTopicLevels is 1 to {TopicName.MaxLevels}.",
        { TopicAliasMaximum: < 0 or > ushort.MaxValue } => "DeviceEdge:TopicAliasMaximum is 0 to 65535.",
        { ReceiveMaximum: < 1 or > ushort.MaxValue } => "DeviceEdge:ReceiveMaximum is 1 to 65535.",
        { MaxInFlight: < 1 or > ushort.MaxValue } => "DeviceEdge:MaxInFlight is 1 to 65535.",
        { MaxWaitingMessages: < 1 } => "DeviceEdge:MaxWaitingMessages is at least 1.",
        { MaxWaitingBytes: < 1 } => "DeviceEdge:MaxWaitingBytes is at least 1.",
        { MaxBatchBytes: < 1 } => "DeviceEdge:MaxBatchBytes is at least 1.",
        { MaxUnstoredBytes: < 1 } => "DeviceEdge:MaxUnstoredBytes is at least 1.",
        { DeviceRate: < 0 } => "DeviceEdge:DeviceRate is at least 1, or 0 for no limit.",
        { DeviceBurst: < 1 } => "DeviceEdge:DeviceBurst is at least 1.",
        _ when options.DeviceRatePatience != TimeSpan.Zero && !IsTimeout(options.DeviceRatePatience) =>
            "DeviceEdge:DeviceRatePatience is zero to 1 hour, written hh:mm:ss.",
        { MaxConnections: < 1 } => "DeviceEdge:MaxConnections is at least 1.",
        { MaxHandshakes: < 1 } => "DeviceEdge:MaxHandshakes is at least 1.",
        _ when options.TlsCertificate is null != options.TlsKey is null => "DeviceEdge:TlsCertificate and DeviceEdge:TlsKey go together.",
        _ when !IsTimeout(options.TlsHandshakeTimeout) => "DeviceEdge:TlsHandshakeTimeout is more than zero and at most 1 hour, written hh:mm:ss.",
        { MaxTlsHandshakes: < 1 } => "DeviceEdge:MaxTlsHandshakes is at least 1.",
        { DeviceCa.Count: 0, DeviceCrl.Count: > 0 } => "DeviceEdge:DeviceCrl needs the CAs of DeviceEdge:DeviceCa.",
        { MaxRevocationListBytes: < 1 } => "DeviceEdge:MaxRevocationListBytes is at least 1.",
        _ when options.AllowedOrigins.FirstOrDefault(origin => !IsOrigin(origin)) is { } no =>
            $"DeviceEdge:AllowedOrigins has '{no}', which is no origin as https://app.example.org is.",
        _ => GrantComplaint(options.Anonymous),
    };

    private static string? GrantComplaint(IEnumerable<string> grants)
    {
        foreach (var grant in grants)
        {
            if (!Permissions.IsGrant(grant, out var why))
            {
                return $"DeviceEdge:Anonymous has '{grant}': {why}";
            }
        }

        return null;
    }

    /// <summary>Scheme, host and perhaps a port, and nothing behind them, not even a slash (RFC 6454 section 6.2).</summary>
    private static bool IsOrigin(string origin) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.GetLeftPart(UriPartial.Authority).Equals(origin, StringComparison.OrdinalIgnoreCase);

    /// <summary>A bare number is days to .NET, which nobody means.</summary>
    private static bool IsTimeout(TimeSpan time) => time > TimeSpan.Zero && time <= TimeSpan.FromHours(1);
}
