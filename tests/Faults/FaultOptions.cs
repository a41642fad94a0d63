using System.Globalization;
using OrleansIoT.Faults.Nemesis;
using OrleansIoT.Faults.Workload;

namespace OrleansIoT.Faults;

/// <summary>What the program is told.</summary>
internal sealed record FaultOptions
{
    public const string Usage =
        """
        usage: faults [options]
          --cluster DIR      a cluster that runs, as ./dev cluster --data DIR starts it (default: one process, started here)
          --executable FILE  OrleansIoT.Silo.dll, for the one process
          --output DIR       where the ledger, the logs and the report go (default: ./data/faults)
          --devices N        how many devices publish (default: 500)
          --subscribers N    how many subscribers listen (default: 50)
          --duration S       for how many seconds there are faults (default: 600)
          --period S         from one fault to the next (default: 10)
          --faults LIST      which, as F01,F15 or kill,stop (default: all that apply)
          --seed N           what everything is drawn from (default: 4711)
        It ends with 0 if every promise was kept, and with 1 if one was broken; the report says which.
        """;

    public string? Cluster { get; init; }

    public string Executable { get; init; } = Path.Combine(AppContext.BaseDirectory, "OrleansIoT.Silo.dll");

    public string Output { get; init; } = "data/faults";

    public FleetSize Size { get; init; } = new();

    public TimeSpan Duration { get; init; } = TimeSpan.FromMinutes(10);

    public TimeSpan Period { get; init; } = TimeSpan.FromSeconds(10);

    public IReadOnlyList<FaultPlan> Plans { get; init; } = [.. FaultPlan.Catalogue.Where(plan => plan.IsUsual)];

    public int Seed { get; init; } = 4711;

    /// <exception cref="FormatException">An option is unknown or has a senseless value; the message says which.</exception>
    public static FaultOptions Read(string[] args)
    {
        var options = new FaultOptions();
        for (var i = 0; i < args.Length; i += 2)
        {
            var value = i + 1 < args.Length ? args[i + 1] : throw new FormatException($"{args[i]} needs a value.");
            options = args[i] switch
            {
                "--cluster" => options with { Cluster = value },
                "--executable" => options with { Executable = value },
                "--output" => options with { Output = value },
                "--devices" => options with { Size = options.Size with { Devices = Number(args[i], value) } },
                "--subscribers" => options with { Size = options.Size with { Subscribers = Number(args[i], value) } },
                "--duration" => options with { Duration = TimeSpan.FromSeconds(Number(args[i], value)) },
                "--period" => options with { Period = TimeSpan.FromSeconds(Number(args[i], value)) },
                "--faults" => options with { Plans = PlansOf(value) },
                "--seed" => options with { Seed = Number(args[i], value) },
                _ => throw new FormatException($"{args[i]} is no option."),
            };
        }

        return options;
    }

    private static int Number(string option, string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
            ? number
            : throw new FormatException($"{option} {value}: that is no number greater than zero.");

    private static List<FaultPlan> PlansOf(string list)
    {
        var plans = new List<FaultPlan>();
        foreach (var word in list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var some = FaultPlan.Catalogue.Where(plan => plan.Id == word || plan.Kind.ToString().Equals(word, StringComparison.OrdinalIgnoreCase)).ToList();
            plans.AddRange(some.Count > 0 ? some : throw new FormatException($"--faults {word}: there is no such fault."));
        }

        return plans;
    }
}
