using System.Collections;
using System.Globalization;
using OrleansIoT.Failures;

namespace OrleansIoT.Silo;

/// <summary>The command line and the environment, as a table; whatever is not in it is an error.</summary>
public static class CommandLine
{
    private const string Prefix = "IOT_";

    private static readonly Option[] Options =
    [
        new("--data", "DIR", "where the database and the keys are", "./data", (o, v) => o.Data = v),
        new("--postgres", "CONNECTION", "the PostgreSQL database to store in, as Host=…;Username=…;Database=…;Passfile=…", "SQLite in DIR", (o, v) => o.Postgres = v),
        new("--mqtt", "PORT", "the port of the MQTT listener", "1883", (o, v) => o.Mqtt = Number("--mqtt", v)),
        new("--mqtts", "PORT", "the port of the MQTT listener over TLS, or off", "8883", (o, v) => o.Mqtts = v == "off" ? null : Number("--mqtts", v)),
        new("--http", "PORT", "the port of the HTTP listener", "8080", (o, v) => o.Http = Number("--http", v)),
        new("--https", "PORT", "the port of the HTTP listener over TLS, or off", "off", (o, v) => o.Https = v == "off" ? null : Number("--https", v)),
        new("--bind", "ADDRESS", "the IP address that all of them listen on", "127.0.0.1", (o, v) => o.Bind = v),
        new("--roles", "ROLES", "what this process is", "silo,gateway,edge", (o, v) => o.Roles = v),
        new("--admin-password", "PW", "the administrator's password at the first start", "generated", (o, v) => o.AdminPassword = v),
        new("--tls-cert", "FILE", "the certificate of the TLS listeners, in PEM", "one for development, made in DIR/tls", (o, v) => o.TlsCert = v),
        new("--tls-key", "FILE", "its key, in PEM", "likewise", (o, v) => o.TlsKey = v),
        new("--device-ca", "FILE…", "the CAs whose certificates devices may show, in PEM", "none", (o, v) => o.DeviceCa = v),
        new("--device-crl", "FILE…", "the revocation lists of those CAs", "none", (o, v) => o.DeviceCrl = v),
        new("--pki-dir", "DIR", "the certification authority whose revocation list this process renews; see --pki", "none", (o, v) => o.PkiDir = v),
        new("--anonymous", "FILTER…", "what clients without credentials may publish and subscribe to, '!' in front denies", "they are refused", (o, v) => o.Anonymous = v),
        new("--device-rate", "N", "messages a second that a device may publish for long, 0 for no limit", "1000", (o, v) => o.DeviceRate = Number("--device-rate", v)),
        new("--backup", "FILE", "back up what is in DIR, also beside a process that has it open, and end", "none", (o, v) => o.Backup = v),
        new("--restore", "FILE", "restore a backup into DIR, which has no database yet, and end", "none", (o, v) => o.Restore = v),
        new("--rotate-keys", "[now]", "make new keys for tokens, also beside processes that use them, and end; with now those before are worth nothing any more", "none", (o, v) => o.RotateKeys = v),
        new("--rotate-cluster-key", "FILE", "make the cluster's keys for Trust:Mode Hmac, or add one, and end", "none", (o, v) => o.RotateClusterKey = v),
        new("--check-health", "[live]", "ask the process that runs here with these options whether it is ready, or with live whether it answers, and end", "none", (o, v) => o.CheckHealth = v),
        new("--demo", "N", "how many simulated devices to run", "0", (o, v) => o.Demo = Number("--demo", v)),
    ];

    /// <summary>The sections of configuration that an <c>IOT_SECTION__NAME</c> variable may set.</summary>
    private static readonly string[] Sections = ["Cluster", "DeviceEdge", "EmbeddedSilo", "Gateway", "Grains", "History", "Logging", "Trust"];

    public static bool AsksForHelp(string[] args) => args is ["--help" or "-h" or "help", ..];

    public static string Help =>
        "OrleansIoT: an IoT backend. Acknowledged means stored.\n\nOptions, also as environment variables ("
        + Options[0].Variable + ", …):\n"
        + string.Join('\n', Options.Select(o => $"  {o.Flag + " " + o.Argument,-26}{o.Sentence} (default: {o.Default})"))
        + "\n\nEverything else that can be set is in docs/configuration.md.";

    /// <exception cref="UsageException">An option is unknown, has no value, or a senseless one.</exception>
    public static SiloOptions Read(string[] args, IDictionary environment)
    {
        var given = new Dictionary<Option, string>();
        foreach (DictionaryEntry entry in environment)
        {
            if (entry.Key is string name && name.StartsWith(Prefix, StringComparison.Ordinal)
                && entry.Value is string value && !IsInASection(name))
            {
                var option = Array.Find(Options, o => o.Variable == name) ?? throw new UsageException(
                    $"{name} is no setting; they are {string.Join(", ", Options.Select(o => o.Variable))}, "
                    + $"and {Prefix}SECTION__NAME for what docs/configuration.md lists.");
                given[option] = value;
            }
        }

        var flags = new HashSet<Option>();
        for (var i = 0; i < args.Length; i++)
        {
            var equals = args[i].IndexOf('=', StringComparison.Ordinal);
            var flag = equals < 0 ? args[i] : args[i][..equals];
            var option = Array.Find(Options, o => o.Flag == flag) ?? throw new UsageException(
                $"{flag} is no option; they are {string.Join(", ", Options.Select(o => o.Flag))}. See --help.");
            var value = equals >= 0
                ? args[i][(equals + 1)..]
                : option.IsAlone && (i + 1 == args.Length || args[i + 1].StartsWith("--", StringComparison.Ordinal))
                ? ""
                : ++i < args.Length ? args[i] : throw new UsageException($"{flag} needs a value: {flag} {option.Argument}.");
            given[option] = flags.Add(option) || !option.Repeats ? value : $"{given[option]},{value}";
        }

        var options = new SiloOptions();
        foreach (var (option, value) in given)
        {
            option.Set(options, value);
        }

        CheckCrashPoint(environment);
        return options.Checked();
    }

    private static void CheckCrashPoint(IDictionary environment)
    {
        try
        {
            CrashPoint.Check((string?)environment[CrashPoint.Variable]);
        }
        catch (FormatException e)
        {
            throw new UsageException(e.Message);
        }
    }

    private static bool IsInASection(string variable) => Array.Exists(
        Sections, section => variable.StartsWith($"{Prefix}{section}__", StringComparison.OrdinalIgnoreCase));

    private static int Number(string flag, string value) =>
        int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new UsageException($"{flag} {value}: that is no whole number.");

    private sealed record Option(string Flag, string Argument, string Sentence, string Default, Action<SiloOptions, string> Set)
    {
        /// <summary>Given several times, it has all the values; so it does when they are separated by commas.</summary>
        public bool Repeats => Argument[^1] == '…';

        /// <summary>It may be given without a value.</summary>
        public bool IsAlone => Argument[0] == '[';

        public string Variable { get; } = Prefix + Flag[2..].Replace('-', '_').ToUpperInvariant();
    }
}
