using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using OrleansIoT.Load.Scenarios;
using OrleansIoT.Load.Servers;

namespace OrleansIoT.Load;

/// <summary>Measures scenario by scenario, the servers in turn, and keeps the medians of the rounds.</summary>
internal sealed class ResultTable(LoadOptions options)
{
    private const string NoValue = "–";

    private static readonly double[] Percents = [50, 99, 99.9];

    private static readonly string Commit = typeof(ResultTable).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[^1][..7];

    private readonly List<string> _rows = [];
    private readonly List<string> _notes = [];
    private readonly Stopwatch _clock = Stopwatch.StartNew();

    public async Task Measure(Scenario scenario, IEnumerable<ServerKind> all)
    {
        var servers = all.Where(kind => scenario.HasLayers || !kind.IsLayer).ToList();
        var rounds = servers.ToDictionary(server => server.Name, _ => new List<Measured>());
        for (var round = 1; round <= options.Rounds; round++)
        {
            // What a server could not do once is not asked of it again.
            foreach (var kind in servers.Where(kind => rounds[kind.Name].Count == round - 1))
            {
                if (await Round(scenario, kind) is { } measured)
                {
                    rounds[kind.Name].Add(measured);
                    Console.Error.WriteLine(
                        $"{scenario.Name}, round {round}, {kind.Name}: {Amount(scenario, measured.Amount)}, {Times(measured.Latencies)},"
                        + $" {Microseconds(measured.ServerTime)} µs and {measured.Garbage:F0} B of the server, loader {measured.LoaderShare * 100:F0} %");
                }
            }
        }

        var ours = rounds.GetValueOrDefault(OurServer.Title);
        foreach (var (name, measured) in rounds.Where(server => server.Value.Count > 0))
        {
            var ratio = ours is { Count: > 0 } && ours != measured
                ? $"{Median(ours, m => m.Amount) / Median(measured, m => m.Amount):F2}"
                : NoValue;
            _rows.Add($"| {scenario.Title} | {name} | {Cells(scenario, measured)} | {ratio} |");
        }
    }

    public void Print()
    {
        Console.WriteLine($"""
            Medians of {options.Rounds} rounds of {options.Duration.TotalSeconds:F0} s, {Environment.ProcessorCount} processors, {_clock.Elapsed.TotalSeconds:F0} s in all, commit {Commit}.

            | scenario | server | result | p50 / p99 / p99.9, ms | server, µs | garbage, B | wire, B | ours : it |
            |---|---|---:|---:|---:|---:|---:|---:|
            """);
        _rows.ForEach(Console.WriteLine);
        _notes.ForEach(note => Console.WriteLine($"\n{note}"));
    }

    /// <summary>A server of its own for each round, so that none lives with what another has left behind.</summary>
    private async Task<Measured?> Round(Scenario scenario, ServerKind kind)
    {
        using var server = await kind.Start(scenario.Devices);
        try
        {
            return await scenario.Run(server);
        }
        catch (Exception e) when (e is LoadException or IOException or System.Net.Sockets.SocketException or OperationCanceledException)
        {
            var note = $"{kind.Name}, {scenario.Name}: {e.Message}.";
            Console.Error.WriteLine($"{note}\n{server.Printed()}");
            _notes.Add(note);
            return null;
        }
    }

    private static string Cells(Scenario scenario, List<Measured> rounds)
    {
        var times = rounds[0].Latencies is null
            ? NoValue
            : string.Join(" / ", Percents.Select(percent => $"{Median(rounds, m => Milliseconds(m.Latencies!, percent)):F1}"));
        var time = rounds[0].ServerTime is null ? NoValue : $"{Median(rounds, m => m.ServerTime!.Value.TotalMicroseconds):F1}";
        var garbage = rounds[0].Garbage is null ? NoValue : $"{Median(rounds, m => m.Garbage!.Value):N0}";
        var wire = rounds[0].WireBytes is null ? NoValue : $"{Median(rounds, m => m.WireBytes!.Value):N0}";
        return $"{Amount(scenario, Median(rounds, m => m.Amount))} | {times} | {time} | {garbage} | {wire}";
    }

    private static string Amount(Scenario scenario, double amount) =>
        amount.ToString(amount < 1_000 ? "F1" : "N0", CultureInfo.InvariantCulture) + scenario.Unit;

    private static string Times(Latencies? latencies) => latencies is null
        ? "no latencies"
        : string.Join(", ", Percents.Select(percent => $"p{percent} {Milliseconds(latencies, percent):F1} ms"));

    private static string Microseconds(TimeSpan? time) => time is { } known ? $"{known.TotalMicroseconds:F1}" : NoValue;

    private static double Milliseconds(Latencies latencies, double percent) => latencies.Percentile(percent).TotalMilliseconds;

    private static double Median(List<Measured> rounds, Func<Measured, double> value)
    {
        var sorted = rounds.Select(value).Order().ToList();
        return sorted[sorted.Count / 2];
    }
}
