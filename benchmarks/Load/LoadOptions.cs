using System.Globalization;
using OrleansIoT.Load.Servers;

namespace OrleansIoT.Load;

/// <summary>What to measure, and how long.</summary>
internal sealed record LoadOptions
{
    public const string Usage = """
        Loads our server and mosquitto with the same scenarios and prints one table.

          [SCENARIO…]          names, or beginnings of names; default: all. --list prints them
          --short              one round of 2 seconds: about two minutes in all
          --rounds N           default 3
          --seconds N          how long a rate is measured, default 5
          --warmup N           seconds before that, default 5
          --rate N             of the open loop, messages a second, default 20000
          --connections N      of the TCP storm, of idle memory and of turns, default 10000
          --subscribers N      of fan-out, default 1000
          --only NAMES         of ours, mosquitto, without-store, bare, separated by commas; default: all four;
                               and cluster-1 to cluster-9: so many silos, on Microsoft Orleans, with PostgreSQL
          --anonymous          ours lets anybody in (its option of that name); otherwise devices are registered and use their keys
          --server DLL         default artifacts/bin/Silo/release/OrleansIoT.Silo.dll
          --cluster DLL        default artifacts/Orleans/bin/Silo/release/OrleansIoT.Silo.dll
          --layers DLL         default artifacts/bin/Layers/release/OrleansIoT.Layers.dll
          --data DIR           on the disk to measure; emptied; default data/bench-load
        """;

    private static readonly string[] ServerNames = ["ours", "mosquitto", "without-store", "bare"];

    public IReadOnlyList<string> Scenarios { get; init; } = [];
    public int Rounds { get; init; } = 3;
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(5);
    public TimeSpan Warmup { get; init; } = TimeSpan.FromSeconds(5);
    public TimeSpan Settle { get; init; } = TimeSpan.FromSeconds(5);
    public int Rate { get; init; } = 20_000;
    public int Connections { get; init; } = 10_000;
    public int Subscribers { get; init; } = 1_000;
    public IReadOnlyList<string> Only { get; init; } = ServerNames;
    public bool Anonymous { get; init; }
    public bool List { get; init; }
    public string Server { get; init; } = "artifacts/bin/Silo/release/OrleansIoT.Silo.dll";
    public string Cluster { get; init; } = "artifacts/Orleans/bin/Silo/release/OrleansIoT.Silo.dll";
    public string Layers { get; init; } = "artifacts/bin/Layers/release/OrleansIoT.Layers.dll";
    public string Data { get; init; } = "data/bench-load";

    /// <exception cref="FormatException">An option is unknown, or its value is none.</exception>
    public static LoadOptions Parse(string[] args)
    {
        var options = new LoadOptions();
        for (var i = 0; i < args.Length; i++)
        {
            options = args[i] switch
            {
                "--short" => options with { Rounds = 1, Duration = TimeSpan.FromSeconds(2), Warmup = TimeSpan.FromSeconds(2) },
                "--anonymous" => options with { Anonymous = true },
                "--list" => options with { List = true },
                ['-', '-', ..] => options.With(args[i], ++i < args.Length ? args[i] : throw new FormatException($"{args[i - 1]} wants a value.")),
                var name => options with { Scenarios = [.. options.Scenarios, name] },
            };
        }

        return options switch
        {
            { Rounds: < 1 } or { Rate: < 1 } or { Connections: < 10 } or { Subscribers: < 1 } =>
                throw new FormatException("There is at least one round, one message a second, one subscriber, and ten connections."),
            _ when options.Only.Except(ServerNames).Any(name => ClusterServer.SilosOf(name) is null) =>
                throw new FormatException($"--only has names out of {string.Join(", ", ServerNames)}, cluster-1 to cluster-9."),
            _ => options,
        };
    }

    private LoadOptions With(string name, string value) => name switch
    {
        "--rounds" => this with { Rounds = Number(value) },
        "--seconds" => this with { Duration = TimeSpan.FromSeconds(Number(value)) },
        "--warmup" => this with { Warmup = TimeSpan.FromSeconds(Number(value)) },
        "--rate" => this with { Rate = Number(value) },
        "--connections" => this with { Connections = Number(value) },
        "--subscribers" => this with { Subscribers = Number(value) },
        "--only" => this with { Only = value.Split(',') },
        "--server" => this with { Server = value },
        "--cluster" => this with { Cluster = value },
        "--layers" => this with { Layers = value },
        "--data" => this with { Data = value },
        _ => throw new FormatException($"There is no option {name}."),
    };

    private static int Number(string value) => int.Parse(value, NumberStyles.None, CultureInfo.InvariantCulture);
}
