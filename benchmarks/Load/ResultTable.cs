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

    private static readonly string Commit = typeof(ResultTable).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[^1][..7];

    private readonly List<string> _rows = [];
    private readonly List<string> _notes = [];
    private readonly Stopwatch _clock = Stopwatch.StartNew();

    public async Task Measure(Scenario scenario, IReadOnlyList<ServerKind> servers)
    {
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
                        + $" {Microseconds(measured.ServerTime)} µs of the server, loader {measured.LoaderShare * 100:F0} %");
                }
            }
        }

        var (ours, theirs) = (rounds.GetValueOrDefault(OurServer.Title) ?? [], rounds.GetValueOrDefault(Mosquitto.Title) ?? []);
        var ratio = ours.Count > 0 && theirs.Count > 0
            ? $"{Median(ours, m => m.Amount) / Median(theirs, m => m.Amount):F2}"
            : NoValue;
        _rows.Add($"| {scenario.Title} | {Cells(scenario, ours)} | {Cells(scenario, theirs)} | {ratio} |");
    }

    public void Print()
    {
        Console.WriteLine($"""
            Medians of {options.Rounds} rounds of {options.Duration.TotalSeconds:F0} s, {Environment.ProcessorCount} processors, {_clock.Elapsed.TotalSeconds:F0} s in all, commit {Commit}.

            | scenario | OrleansIoT | p50 / p99, ms | server, µs | mosquitto | p50 / p99, ms | server, µs | ours : mosquitto |
            |---|---:|---:|---:|---:|---:|---:|---:|
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
        if (rounds.Count == 0)
        {
            return $"{NoValue} | {NoValue} | {NoValue}";
        }

        var times = rounds[0].Latencies is null
            ? NoValue
            : $"{Median(rounds, m => Milliseconds(m.Latencies!, 50)):F1} / {Median(rounds, m => Milliseconds(m.Latencies!, 99)):F1}";
        var time = rounds[0].ServerTime is null ? NoValue : $"{Median(rounds, m => m.ServerTime!.Value.TotalMicroseconds):F1}";
        return $"{Amount(scenario, Median(rounds, m => m.Amount))} | {times} | {time}";
    }

    private static string Amount(Scenario scenario, double amount) =>
        amount.ToString(amount < 1_000 ? "F1" : "N0", CultureInfo.InvariantCulture) + scenario.Unit;

    private static string Times(Latencies? latencies) => latencies is null
        ? "no latencies"
        : $"p50 {Milliseconds(latencies, 50):F1} ms, p99 {Milliseconds(latencies, 99):F1} ms";

    private static string Microseconds(TimeSpan? time) => time is { } known ? $"{known.TotalMicroseconds:F1}" : NoValue;

    private static double Milliseconds(Latencies latencies, double percent) => latencies.Percentile(percent).TotalMilliseconds;

    private static double Median(List<Measured> rounds, Func<Measured, double> value)
    {
        var sorted = rounds.Select(value).Order().ToList();
        return sorted[sorted.Count / 2];
    }
}
