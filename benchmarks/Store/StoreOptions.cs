namespace OrleansIoT.Benchmarks.Store;

/// <summary>What the command line asks for.</summary>
internal sealed record StoreOptions
{
    public const string Usage =
        """
        usage: ./dev bench store [base|postgres|index|append|compact|rest|read|start|memory …] [options]
          --data DIR     a directory on the disk to measure; it is emptied. Default: data/bench
          --samples DIR  where machine_temperature.csv is. Default: ../shared/data
          --short        fewer rounds and shorter ones
          --large        start and memory: 100 M readings of 1 M topics, not 10 M
          --mixed N      only the mixed load, for N minutes, at --rate readings a second (default 100,000)
          --results DIR  where the mixed load leaves its CSV and its plot. Default: benchmarks/results
        """;

    public static readonly string[] AllGroups = ["base", "postgres", "index", "append", "compact", "rest", "read", "start", "memory"];

    public string Data { get; private init; } = Path.GetFullPath("data/bench");

    public string Samples { get; private init; } = Path.GetFullPath("../shared/data");

    public string Results { get; private init; } = Path.GetFullPath("benchmarks/results");

    public bool IsShort { get; private init; }

    public bool IsLarge { get; private init; }

    public double MixedMinutes { get; private init; }

    public int Rate { get; private init; } = 100_000;

    public IReadOnlyList<string> Groups { get; private init; } = AllGroups;

    /// <returns>Null when it makes no sense.</returns>
    public static StoreOptions? Parse(ReadOnlySpan<string> args)
    {
        var options = new StoreOptions();
        var groups = new List<string>();
        for (; !args.IsEmpty; args = args[1..])
        {
            if (AllGroups.Contains(args[0]))
            {
                groups.Add(args[0]);
                continue;
            }

            if (args is ["--short" or "--large", ..])
            {
                options = args[0] == "--short" ? options with { IsShort = true } : options with { IsLarge = true };
                continue;
            }

            if (args is not [var name, var value, ..])
            {
                return null;
            }

            switch (name)
            {
                case "--data": options = options with { Data = Path.GetFullPath(value) }; break;
                case "--samples": options = options with { Samples = Path.GetFullPath(value) }; break;
                case "--results": options = options with { Results = Path.GetFullPath(value) }; break;
                case "--mixed" when double.TryParse(value, out var minutes): options = options with { MixedMinutes = minutes }; break;
                case "--rate" when int.TryParse(value, out var rate): options = options with { Rate = rate }; break;
                default: return null;
            }

            args = args[1..];
        }

        return groups.Count == 0 ? options : options with { Groups = groups };
    }
}
