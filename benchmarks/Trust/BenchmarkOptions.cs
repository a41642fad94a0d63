using System.Globalization;
using OrleansIoT.Benchmarks.Trust.Schemes;

namespace OrleansIoT.Benchmarks.Trust;

/// <summary>What to measure, and how long.</summary>
internal sealed record BenchmarkOptions
{
    public const int MostHops = 8;

    public const string Usage = """
        Measures what it costs to know who calls, behind a gateway, and writes a report.

          --seconds N          how long a cell is measured in each round, default 2
          --rounds N           default 5, the schemes in turn
          --warmup N           seconds of each cell before the first round, default 1
          --connections N      that wait for an answer and ask again, default 32
          --schemes NAMES      separated by commas; default: none,jwt+sts,jwt each,mtls+jwt,network,hmac,mutualtls,mutualtls+hmac
          --hops NUMBERS       behind the gateway, 1 to 8, default 1,3,5
          --token NUMBERS      sizes in kB, default 0.5,2,20
          --samples N          of each kind of sign-in, default 200; and 20 times as many signatures
          --only PARTS         of schemes, product, timing, separated by commas; default: all
          --data DIR           emptied; default data/bench-trust
          --out FILE           the report, plots beside it, default benchmarks/results/trust.md
        """;

    private static readonly string[] PartNames = ["schemes", "product", "timing"];

    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(2);
    public int Rounds { get; init; } = 5;
    public TimeSpan Warmup { get; init; } = TimeSpan.FromSeconds(1);
    public int Connections { get; init; } = 32;
    public IReadOnlyList<string> Schemes { get; init; } = Catalogue.Names;
    public IReadOnlyList<int> Hops { get; init; } = [1, 3, 5];
    public IReadOnlyList<double> TokenKilobytes { get; init; } = [0.5, 2, 20];
    public int Samples { get; init; } = 200;
    public IReadOnlyList<string> Parts { get; init; } = PartNames;
    public string Data { get; init; } = "data/bench-trust";
    public string Out { get; init; } = "benchmarks/results/trust.md";

    /// <exception cref="FormatException">An option is unknown, or its value is none.</exception>
    public static BenchmarkOptions Parse(string[] args)
    {
        var options = new BenchmarkOptions();
        for (var i = 0; i < args.Length; i += 2)
        {
            options = options.With(args[i], i + 1 < args.Length ? args[i + 1] : throw new FormatException($"{args[i]} wants a value."));
        }

        return options switch
        {
            { Rounds: < 1 } or { Connections: < 1 } or { Samples: < 1 } or { Duration.Ticks: 0 } =>
                throw new FormatException("There is at least one round, one second, one connection and one sample."),
            _ when options.Schemes.Except(Catalogue.Names).Any() =>
                throw new FormatException($"--schemes has names out of {string.Join(", ", Catalogue.Names)}."),
            _ when options.Hops.Any(hops => hops is < 1 or > MostHops) => throw new FormatException($"--hops are 1 to {MostHops}."),
            _ when options.TokenKilobytes.Any(size => size is <= 0 or > 32) => throw new FormatException("--token is at most 32 kB."),
            _ when options.Parts.Except(PartNames).Any() =>
                throw new FormatException($"--only has names out of {string.Join(", ", PartNames)}."),
            _ => options,
        };
    }

    private BenchmarkOptions With(string name, string value) => name switch
    {
        "--seconds" => this with { Duration = TimeSpan.FromSeconds(Number(value)) },
        "--rounds" => this with { Rounds = Number(value) },
        "--warmup" => this with { Warmup = TimeSpan.FromSeconds(Number(value)) },
        "--connections" => this with { Connections = Number(value) },
        "--schemes" => this with { Schemes = value.Split(',') },
        "--hops" => this with { Hops = [.. value.Split(',').Select(Number).Order()] },
        "--token" => this with
        {
            TokenKilobytes = [.. value.Split(',').Select(size => double.Parse(size, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture))],
        },
        "--samples" => this with { Samples = Number(value) },
        "--only" => this with { Parts = value.Split(',') },
        "--data" => this with { Data = value },
        "--out" => this with { Out = value },
        _ => throw new FormatException($"There is no option {name}."),
    };

    private static int Number(string value) => int.Parse(value, NumberStyles.None, CultureInfo.InvariantCulture);
}
