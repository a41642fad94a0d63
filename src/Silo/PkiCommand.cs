using System.Collections;
using System.Globalization;
using OrleansIoT.Certificates.Pki;

namespace OrleansIoT.Silo;

/// <summary>The executable as a certification authority: <c>--pki VERB …</c>, which does it and ends.</summary>
public static class PkiCommand
{
    private const string DirectoryFlag = "--pki-dir";
    private const string DirectoryVariable = "IOT_PKI_DIR";
    private const string DefaultDirectory = "./data/pki";

    private static readonly Verb[] Verbs =
    [
        new("init", "[--name NAME] [--crl-hours N]", "makes a certification authority", ["--name", "--crl-hours"], 0, Init),
        new("issue", "--for silo|gateway|edge|device --name NAME [--dns NAME…] [--ip IP…] [--days N]", "issues a certificate and its key",
            ["--for", "--name", "--dns", "--ip", "--days"], 0, Issue),
        new("renew", "NAME [--days N]", "issues it again, over the same key", ["--days"], 1, Renew),
        new("revoke", "NAME|SERIAL", "revokes it and publishes the revocation list", [], 1, Revoke),
        new("crl", "", "publishes the revocation list anew", [], 0, Publish),
        new("list", "", "shows what was issued", [], 0, List),
    ];

    public static bool IsMeant(string[] args) => args is ["--pki", ..];

    public static string Help =>
        "--pki VERB keeps a certification authority in the directory of --pki-dir (default: ./data/pki) and ends:\n"
        + string.Join('\n', Verbs.Select(verb => $"  {verb.Usage}\n      {verb.Sentence}"));

    /// <returns>What was done, for people.</returns>
    /// <exception cref="UsageException">The arguments are senseless; the message says what would be right.</exception>
    /// <exception cref="PkiException">It cannot be done.</exception>
    public static string Run(string[] args, IDictionary environment, TimeProvider time)
    {
        if (args is [] or ["--help" or "-h" or "help", ..])
        {
            return Help;
        }

        var verb = Array.Find(Verbs, verb => verb.Name == args[0]) ?? throw new UsageException(
            $"'{args[0]}' is no verb of --pki; they are {string.Join(", ", Verbs.Select(verb => verb.Name))}.");
        var given = Read(verb, args[1..]);
        var directory = given.Options.GetValueOrDefault(DirectoryFlag)?[^1] ?? (string?)environment[DirectoryVariable] ?? DefaultDirectory;
        try
        {
            return verb.Do(given with { Directory = directory, Time = time });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PkiException(e.Message, e);
        }
    }

    private static Given Read(Verb verb, string[] args)
    {
        var options = new Dictionary<string, List<string>>();
        var words = new List<string>();
        for (var i = 0; i < args.Length; i++)
        {
            if (!args[i].StartsWith("--", StringComparison.Ordinal))
            {
                words.Add(args[i]);
                continue;
            }

            var equals = args[i].IndexOf('=', StringComparison.Ordinal);
            var flag = equals < 0 ? args[i] : args[i][..equals];
            if (flag != DirectoryFlag && !verb.Flags.Contains(flag))
            {
                throw new UsageException($"{flag} is no option of this verb: {verb.Usage}.");
            }

            var value = equals >= 0
                ? args[i][(equals + 1)..]
                : ++i < args.Length && !args[i].StartsWith("--", StringComparison.Ordinal) ? args[i] : throw new UsageException($"{flag} needs a value: {verb.Usage}.");
            var values = options.TryGetValue(flag, out var there) ? there : options[flag] = [];
            if (values.Count > 0 && flag is not ("--dns" or "--ip"))
            {
                throw new UsageException($"{flag} is there twice: {verb.Usage}.");
            }

            values.Add(value);
        }

        return words.Count == verb.Words
            ? new Given(verb, options, words)
            : throw new UsageException($"This verb is used like this: {verb.Usage}.");
    }

    private static string Init(Given given)
    {
        var hours = given.Number("--crl-hours") ?? 24;
        var authority = CertificateAuthority.Create(given.Directory, given.One("--name"), TimeSpan.FromHours(hours), given.Time);
        return $"Made the certification authority {authority.CertificateFile}, which peers and clients trust; its key is beside it, "
            + $"to be kept from everybody. Its revocation list is {authority.RevocationListFile}.";
    }

    private static string Issue(Given given)
    {
        var use = given.Needed("--for") switch
        {
            "silo" => CertificateUse.Silo,
            "gateway" => CertificateUse.Gateway,
            "edge" => CertificateUse.Edge,
            "device" => CertificateUse.Device,
            var other => throw new UsageException($"--for {other}: it is silo, gateway, edge or device."),
        };
        var order = new CertificateOrder(
            use, given.Needed("--name"), given.All("--dns"), given.All("--ip"), given.Number("--days"));
        var authority = given.Open();
        return Describe(authority, authority.Issue(order), "Issued");
    }

    private static string Renew(Given given)
    {
        var authority = given.Open();
        return Describe(authority, authority.Renew(given.Words[0], given.Number("--days")), "Renewed");
    }

    private static string Revoke(Given given)
    {
        var authority = given.Open();
        var revoked = authority.Revoke(given.Words[0]);
        return string.Join('\n', revoked.Select(certificate => $"Revoked {NameOf(certificate.Use)} {certificate.Name}, serial {certificate.Serial}."))
            + $"\nPublished {authority.RevocationListFile}.";
    }

    private static string Publish(Given given)
    {
        var authority = given.Open();
        return $"Published {authority.RevocationListFile}; the next one has to come before {authority.PublishList():u}.";
    }

    private static string List(Given given)
    {
        var now = given.Time.GetUtcNow();
        var all = given.Open().List();
        return all.Count == 0
            ? "Nothing was issued yet."
            : string.Join('\n', all.Select(certificate =>
                $"{certificate.Serial}  {NameOf(certificate.Use),-7}  {StateOf(certificate, now),-28}  {certificate.Name}"));
    }

    private static string StateOf(IssuedCertificate certificate, DateTimeOffset now) => certificate switch
    {
        { RevokedAt: { } at } => $"revoked {at:u}",
        _ when certificate.IsGood(now) => $"good until {certificate.NotAfter:yyyy-MM-dd}",
        _ => $"ended {certificate.NotAfter:yyyy-MM-dd}",
    };

    private static string Describe(CertificateAuthority authority, IssuedCertificate certificate, string did) =>
        $"{did} {NameOf(certificate.Use)} {certificate.Name}, serial {certificate.Serial}, good until {certificate.NotAfter:yyyy-MM-dd}:\n"
        + $"  {authority.CertificateFileOf(certificate.Name)}\n  {authority.KeyFileOf(certificate.Name)}";

    private static string NameOf(CertificateUse use) => use switch
    {
        CertificateUse.Silo => "silo",
        CertificateUse.Gateway => "gateway",
        CertificateUse.Edge => "edge",
        _ => "device",
    };

    private sealed record Verb(string Name, string Arguments, string Sentence, string[] Flags, int Words, Func<Given, string> Do)
    {
        public string Usage => $"--pki {Name} {Arguments}".TrimEnd();
    }

    /// <summary>What stands behind a verb.</summary>
    private sealed record Given(Verb Verb, Dictionary<string, List<string>> Options, List<string> Words)
    {
        public string Directory { get; init; } = DefaultDirectory;

        public TimeProvider Time { get; init; } = TimeProvider.System;

        public CertificateAuthority Open() => CertificateAuthority.Open(Directory, Time);

        public string? One(string flag) => Options.GetValueOrDefault(flag)?[0];

        public string Needed(string flag) => One(flag) ?? throw new UsageException($"{flag} is missing: {Verb.Usage}.");

        /// <summary>Given several times, or separated by commas.</summary>
        public string[] All(string flag) => [.. (Options.GetValueOrDefault(flag) ?? []).SelectMany(value => SiloOptions.List(value))];

        public int? Number(string flag) =>
            One(flag) is not { } text ? null
            : int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number
            : throw new UsageException($"{flag} {text}: that is no whole number.");
    }
}
