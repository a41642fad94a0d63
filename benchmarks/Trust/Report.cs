using System.Globalization;
using System.Reflection;
using System.Text;
using OrleansIoT.Benchmarks.Trust.Tables;

namespace OrleansIoT.Benchmarks.Trust;

/// <summary>Runs what was asked for, part by part, and writes down what came out.</summary>
internal static class Report
{
    private static readonly string Commit = typeof(Report).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[^1][..7];

    public static async Task Run(BenchmarkOptions options)
    {
        if (Directory.Exists(options.Data))
        {
            Directory.Delete(options.Data, recursive: true);
        }

        options = options with { Data = Path.GetFullPath(options.Data) };
        Directory.CreateDirectory(options.Data);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(options.Out))!);
        var (report, goals) = (new StringBuilder(Introduction(options)), new List<Goal>());
        if (options.Parts.Contains("schemes"))
        {
            goals.AddRange(await Schemes(options, report));
        }

        if (options.Parts.Contains("product"))
        {
            var table = new ProductTable(options);
            await table.Measure();
            report.AppendLine(Product);
            table.Write(report);
            goals.AddRange(table.Goals());
        }

        if (options.Parts.Contains("timing"))
        {
            var table = new TimingTable(options);
            await table.Measure();
            report.AppendLine(Timing);
            table.Write(report);
            Draw(options, report, "timing", "What the time of a refusal gives away", table.Panels());
        }

        if (goals.Count > 0)
        {
            report.AppendLine(Goals);
            goals.ForEach(goal => report.AppendLine(goal.Row));
        }

        await File.WriteAllTextAsync(options.Out, report.ToString().TrimEnd() + "\n");
        Console.WriteLine(report);
        Directory.Delete(options.Data, recursive: true);
    }

    private static async Task<IEnumerable<Goal>> Schemes(BenchmarkOptions options, StringBuilder report)
    {
        using var chain = await Chain.Start(Path.Combine(options.Data, "chain"), options.Hops.Max());
        using var check = new SelfCheck(chain, options);
        var tried = await check.Run();
        var table = new SchemeTable(options);
        await table.Measure(chain);
        report.AppendLine(SchemesText);
        table.Write(report);
        Draw(options, report, "schemes", "What it costs to know who calls", table.Panels());
        report.AppendLine($"{Tried}\n\n{tried}");
        return table.Goals();
    }

    private static void Draw(BenchmarkOptions options, StringBuilder report, string name, string title, IEnumerable<Panel> panels)
    {
        var file = $"{Path.GetFileNameWithoutExtension(options.Out)}-{name}.svg";
        File.WriteAllText(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(options.Out))!, file), Plot.Of(title, [.. panels]));
        report.AppendLine(CultureInfo.InvariantCulture, $"\n![{title}]({file})");
    }

    private static string Introduction(BenchmarkOptions options) => string.Create(CultureInfo.InvariantCulture, $"""
        # What it costs to know who calls

        `./dev bench trust --seconds {options.Duration.TotalSeconds} --rounds {options.Rounds} --warmup {options.Warmup.TotalSeconds} --connections {options.Connections} --samples {options.Samples} --schemes "{string.Join(',', options.Schemes)}" --hops {string.Join(',', options.Hops)} --token {string.Join(',', options.TokenKilobytes)} --only {string.Join(',', options.Parts)}`

        Commit {Commit}, {DateTime.UtcNow:yyyy-MM-dd}, .NET {Environment.Version}, Release, {Environment.ProcessorCount} shared processor cores, everything on the loopback of one machine. Medians of
        the rounds. Processor time is of the servers only, not of the load, which shares the cores with them: on a noisy machine compare
        it first, then ratios, and rates last.

        """);

    private const string SchemesText = """

        ## The same request under each scheme

        A gateway process and as many hops behind it as the table says, each a process with Kestrel and SocketsHttpHandler; the last one
        answers a latest value in the product's JSON. The processes are the same for all schemes, and so are the requests: the path says
        which scheme, and only what that does differs. HTTP/1.1 with connections that stay open, because it costs least, so that a
        scheme's part shows most, and because it compresses no headers: with HTTP/2 a token that repeats may or may not be sent again,
        as two libraries agree, and the bytes of a scheme would be theirs. Clients come to the gateway over plain HTTP in every scheme.

        | scheme | gateway | each hop behind it |
        |---|---|---|
        | none | nothing is checked, the token ends there | nothing |
        | jwt+sts | validates the token, and gets a new one for the next hop from a security token service (a process of its own, which validates and signs, RFC 8693 in spirit) | the same; the last one validates only |
        | jwt each | validates the token, passes it on | the same |
        | mtls+jwt | the same | the same, over mutual TLS 1.3 with a revocation list |
        | network | the product's: validates the token once and remembers it for a minute; a binary caller goes on | believes the caller |
        | hmac | the same; the caller goes on in an envelope of the cluster's keys, the same for 20 s | verifies the envelope, its age and its key |
        | mutualtls | as network | as network, over mutual TLS 1.3 with a revocation list |
        | mutualtls+hmac | as hmac | as hmac, over the same |

        Validated means ES256, algorithm, type, issuer, audience and lifetime, by `JsonWebTokenHandler`, every time. The gateway of ours is
        the product's own code with the whole product behind it, the envelope `CallerEnvelope` and `ClusterKeys`, the certificates
        `CertificateTrust`. What is not the product's: the caller travels in a header of HTTP, where between silos it is in Orleans' messages.
        *Bytes* are those above TCP, both ways, of all connections (load to gateway, hop to hop, hop to token service), TLS included; the kernel is asked
        for each connection. *Token checks*, *tokens made* and *envelope checks* are counted in all processes and all rounds, and divided by the requests;
        a remembered token is validated again after a minute, perhaps between two rounds. The shortest token is one as the product issues it.
        The product refuses tokens of more than 8 KiB; the other schemes have had their limits raised.
        """;

    private const string Tried = """

        ### What was tried before

        The measurement ends here if one of these does not come out as it has to. *Served* for what is wrong stands where the mode does
        not promise otherwise (see docs/security.md): on its network anybody is believed, and a stolen certificate speaks for everybody.
        """;

    private const string Product = """

        ## The product: `GET /iot/{topic}/latest`

        Silo, gateway and edge in one process, the embedded engine, a topic with one reading. *Authentication off* is the same host with
        another authentication handler: it lets everybody in as who came first, with the same caller in the same pipeline, and looks at
        no token; the requests carry one all the same. For *not seen before* there are more tokens than the gateway remembers, each
        with an id of its own, in turn: *token checks* says that each was validated.
        """;

    private const string Goals = """

        ## Goals

        Medians of the rounds' ratios, because what is compared in a round was measured within seconds of each other.

        | what | requests/s, at least | measured | | processor time |
        |---|---:|---:|---|---:|
        """;

    private const string Timing = """

        ## What the time of a refusal gives away

        The product, its log switched off, a user and a stranger from one address, two kinds of refusals by turns: nearer to it is nobody. *A guess from two
        times* is how often somebody is right who takes the slower of two answers for the kind that is slower more often; a coin is right
        half of the time, and with as many samples as these up to what the last column says (in 19 of 20 runs). A sign-in for nobody
        costs a hash as one for a user does. Each user gets at most four wrong passwords, because more have to wait.
        """;
}
