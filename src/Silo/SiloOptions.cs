using System.Net;
using OrleansIoT.Identity;

namespace OrleansIoT.Silo;

/// <summary>What the executable is told: by command line, else by environment (<c>IOT_…</c>), else by configuration.</summary>
public sealed class SiloOptions
{
    /// <summary>The directory that holds the database and the keys; created if missing. Default: ./data</summary>
    public string Data { get; set; } = "./data";

    /// <summary>
    /// The connection string of the PostgreSQL database to store in, as Npgsql reads it. It may hold a password, so it is
    /// never shown. Default: none, a SQLite database in the data directory
    /// </summary>
    public string? Postgres { get; set; }

    /// <summary>The port of the MQTT listener, 0 to 65,535; 0 takes a free one. Default: 1883</summary>
    public int Mqtt { get; set; } = 1883;

    /// <summary>The port of the MQTT listener over TLS, 0 to 65,535; 0 takes a free one, null has none. Default: 8883</summary>
    public int? Mqtts { get; set; } = 8883;

    /// <summary>The port of the HTTP listener, 0 to 65,535; 0 takes a free one. Default: 8080</summary>
    public int Http { get; set; } = 8080;

    /// <summary>The port of the HTTP listener over TLS, 0 to 65,535; 0 takes a free one, null has none. Default: none</summary>
    public int? Https { get; set; }

    /// <summary>The IP address that all of them listen on. Default: 127.0.0.1</summary>
    public string Bind { get; set; } = "127.0.0.1";

    /// <summary>What this process is: silo, gateway, edge, separated by commas. Default: silo,gateway,edge</summary>
    public string Roles { get; set; } = "silo,gateway,edge";

    /// <summary>The administrator's password at the first start; a generated one is printed if none is given. Default: none</summary>
    public string? AdminPassword { get; set; }

    /// <summary>Messages a second that a device may publish for long, 0 for no limit. Default: 1,000</summary>
    public int? DeviceRate { get; set; }

    /// <summary>How many simulated devices to run, 0 to 10,000. Default: 0</summary>
    public int Demo { get; set; }

    /// <summary>The certificate of the TLS listeners, in PEM. Default: one for development, made in the data directory</summary>
    public string? TlsCert { get; set; }

    /// <summary>Its key, in PEM. Default: likewise</summary>
    public string? TlsKey { get; set; }

    /// <summary>Files with the CAs whose certificates devices may show, separated by commas. Default: none</summary>
    public string? DeviceCa { get; set; }

    /// <summary>Files with the revocation lists of those CAs, separated by commas. Default: none</summary>
    public string? DeviceCrl { get; set; }

    /// <summary>The directory of a certification authority whose revocation list this process renews in time. Default: none</summary>
    public string? PkiDir { get; set; }

    /// <summary>Topic filters for clients without credentials, separated by commas; '!' in front denies. Default: none, they are refused</summary>
    public string? Anonymous { get; set; }

    /// <summary>A file to back the data directory up to, instead of running; it must not exist. Default: none</summary>
    public string? Backup { get; set; }

    /// <summary>A backup to restore into the data directory, instead of running. Default: none</summary>
    public string? Restore { get; set; }

    /// <summary>
    /// Not null: new keys for tokens are made, instead of running. Empty, and those before go on verifying what they have
    /// signed; <c>now</c>, after a leak, and they do not. Default: none
    /// </summary>
    public string? RotateKeys { get; set; }

    /// <summary>The file of the cluster's keys to make or to add a key to, instead of running. Default: none</summary>
    public string? RotateClusterKey { get; set; }

    /// <summary>
    /// Not null: the process that runs here with these options is asked for its health, instead of running. Empty, and it is
    /// whether it is ready; <c>live</c>, and it is whether it answers. Default: none
    /// </summary>
    public string? CheckHealth { get; set; }

    internal IPAddress Address { get; private set; } = IPAddress.Loopback;

    internal ProcessRoles ProcessRoles { get; private set; } = ProcessRoles.All;

    /// <summary>Checks what each value must be and what must go together.</summary>
    /// <exception cref="UsageException">Something is senseless; the message says what and what would be right.</exception>
    public SiloOptions Checked()
    {
        CheckPort("--mqtt", Mqtt);
        CheckPort("--http", Http);
        CheckPort("--mqtts", Mqtts ?? 0);
        CheckPort("--https", Https ?? 0);
        CheckDiffer("--mqtt", Mqtt, "--http", Http);
        CheckDiffer("--mqtt", Mqtt, "--mqtts", Mqtts);
        CheckDiffer("--mqtts", Mqtts, "--http", Http);
        CheckDiffer("--https", Https, "--http", Http);
        CheckDiffer("--https", Https, "--mqtt", Mqtt);
        CheckDiffer("--https", Https, "--mqtts", Mqtts);
        CheckTls();

        if (string.IsNullOrWhiteSpace(PkiDir) && PkiDir is not null)
        {
            throw new UsageException("--pki-dir is empty; it names a directory, for example ./data/pki.");
        }

        if (DeviceRate < 0)
        {
            throw new UsageException($"--device-rate {DeviceRate}: messages a second, or 0 for no limit.");
        }

        if (Demo is < 0 or > 10_000)
        {
            throw new UsageException($"--demo {Demo}: the number of devices is 0 to 10000.");
        }

        if (string.IsNullOrWhiteSpace(Data))
        {
            throw new UsageException("--data is empty; it names a directory, for example ./data.");
        }

        if (Backup is not null && Restore is not null)
        {
            throw new UsageException("--backup and --restore exclude each other.");
        }

        if (RotateKeys is not (null or "" or "now"))
        {
            throw new UsageException($"--rotate-keys {RotateKeys}: alone, or with 'now' after a leak.");
        }

        if (RotateKeys is not null && (Backup ?? Restore) is not null)
        {
            throw new UsageException("--rotate-keys and --backup or --restore exclude each other.");
        }

        if (CheckHealth is not (null or "" or "live"))
        {
            throw new UsageException($"--check-health {CheckHealth}: alone, or with 'live'.");
        }

        if (CheckHealth is not null && Http == 0)
        {
            throw new UsageException("--check-health needs the port of the process: --http is 0, which takes a free one.");
        }

        if (Backup is "" || Restore is "")
        {
            throw new UsageException("--backup and --restore need a file's name.");
        }

        if (RotateClusterKey is "")
        {
            throw new UsageException("--rotate-cluster-key needs a file's name.");
        }

        if ((Backup ?? Restore) is not null && Postgres is not null)
        {
            throw new UsageException("--backup and --restore are for the embedded store; PostgreSQL has tools of its own, see docs/operations.md.");
        }

        if (string.IsNullOrWhiteSpace(Postgres) && Postgres is not null)
        {
            throw new UsageException("--postgres is empty; it is a connection string, for example \"Host=db;Username=iot;Database=iot\".");
        }

        if (AdminPassword is "" or { Length: > UserRules.MaxPasswordLength })
        {
            throw new UsageException($"--admin-password has 1 to {UserRules.MaxPasswordLength} characters.");
        }

        Address = IPAddress.TryParse(Bind == "localhost" ? "127.0.0.1" : Bind, out var address)
            ? address
            : throw new UsageException($"--bind {Bind}: that is no IP address, as 127.0.0.1, 0.0.0.0 or ::1 are.");
        ProcessRoles = ReadRoles(Roles);
        if (Demo > 0 && ProcessRoles != ProcessRoles.All)
        {
            throw new UsageException("--demo needs the roles silo, gateway and edge in its process.");
        }

        return this;
    }

    private static void CheckPort(string option, int port)
    {
        if (port is < 0 or > 65_535)
        {
            throw new UsageException($"{option} {port}: a port is 0 to 65535.");
        }
    }

    private static void CheckDiffer(string option, int? port, string other, int? otherPort)
    {
        if (port == otherPort && port is > 0)
        {
            throw new UsageException($"{option} and {other} are both {port}; they need a port each.");
        }
    }

    private void CheckTls()
    {
        if (TlsCert is null != TlsKey is null)
        {
            throw new UsageException("--tls-cert and --tls-key go together: the certificate and its key, each a file in PEM.");
        }

        if (Mqtts is null && Https is null && TlsCert is not null)
        {
            throw new UsageException("--tls-cert is for the TLS listeners, and there is none with --mqtts off and without --https.");
        }

        if (Mqtts is null && (DeviceCa ?? DeviceCrl) is not null)
        {
            throw new UsageException("--device-ca and --device-crl are for the MQTT listener over TLS, which --mqtts off leaves out.");
        }

        if (DeviceCrl is not null && DeviceCa is null)
        {
            throw new UsageException("--device-crl needs --device-ca: whose revocation lists they are.");
        }
    }

    /// <summary>The parts of a list that is separated by commas.</summary>
    internal static string[] List(string? list) =>
        list?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];

    private static ProcessRoles ReadRoles(string roles)
    {
        var all = ProcessRoles.None;
        foreach (var name in roles.Split(',', StringSplitOptions.TrimEntries))
        {
            all |= name switch
            {
                "silo" => ProcessRoles.Silo,
                "gateway" => ProcessRoles.Gateway,
                "edge" => ProcessRoles.Edge,
                _ => throw new UsageException($"--roles {roles}: '{name}' is no role; they are silo, gateway and edge."),
            };
        }

        return all;
    }
}

/// <summary>The executable was told something that it cannot do; the message says what would be right.</summary>
public sealed class UsageException(string message) : Exception(message);
