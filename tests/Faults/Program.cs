using System.Globalization;
using OrleansIoT.Faults;
using OrleansIoT.Faults.Checkers;
using OrleansIoT.Faults.Nemesis;
using OrleansIoT.Faults.Reports;
using OrleansIoT.Faults.Systems;

if (args is ["--help" or "-h"])
{
    Console.WriteLine(FaultOptions.Usage);
    return 0;
}

try
{
    var options = FaultOptions.Read(args);
    await using var one = options.Cluster is null ? await OneProcess.Start(Path.Combine(options.Output, "system"), options.Executable) : null;
    using var system = Topology.Of(options.Cluster ?? Path.Combine(options.Output, "system"));
    var schedule = Schedule.Of(options.Plans, system.Processes.Names, options.Period, options.Duration, options.Seed);
    using var interrupted = new CancellationTokenSource();
    Console.CancelKeyPress += (_, e) =>
    {
        e.Cancel = true; // what is stopped goes on first
        interrupted.Cancel();
    };

    var run = new FaultRun(system, options.Size, schedule, options.Seed, options.Output);
    var evidence = await run.Run(Console.WriteLine, CheckStore, interrupted.Token);
    var findings = Checker.All.Select(checker => (checker, (IReadOnlyList<string>)[.. checker.Check(evidence)])).ToList();
    var about = string.Create(
        CultureInfo.InvariantCulture,
        $"{DateTimeOffset.UtcNow:yyyy-MM-dd HH:mm} UTC, {(options.Cluster is null ? "one process, embedded engine" : $"{system.Processes.Names["silo"].Count()} silos, {system.Edges.Count} edges, {system.Gateways.Count} gateways, PostgreSQL")}, {Environment.ProcessorCount} cores, {options.Size.Devices} devices, {options.Size.Subscribers} subscribers, a fault every {options.Period.TotalSeconds:0} s for {options.Duration.TotalSeconds:0} s, seed {options.Seed}.");
    var report = Path.Combine(options.Output, "report.md");
    await File.WriteAllTextAsync(report, Report.Of(evidence, findings, about));
    var broken = findings.Where(finding => finding.Item2.Count > 0).ToList();
    Console.WriteLine(broken.Count == 0
        ? $"Every promise was kept. {report}"
        : $"Broken: {string.Join(", ", broken.Select(finding => $"{finding.checker.Id} {finding.Item2.Count} times"))}. {report}");
    return broken.Count == 0 ? 0 : 1;

    async Task<IReadOnlyList<string>> CheckStore()
    {
        if (system.Postgres is { } postgres)
        {
            return await StoreCheck.OfPostgres(postgres);
        }

        await one!.Stop();
        return await StoreCheck.OfSqlite(one.Database);
    }
}
catch (Exception e) when (e is FormatException or ArgumentException or InvalidDataException)
{
    Console.Error.WriteLine($"{e.Message}\n{FaultOptions.Usage}");
    return 2;
}
catch (OperationCanceledException)
{
    return 130;
}
