using OrleansIoT.Faults.Nemesis;
using OrleansIoT.Faults.Recording;
using OrleansIoT.Faults.Systems;
using OrleansIoT.Faults.Workload;

namespace OrleansIoT.Faults;

/// <summary>One run: clients, faults among them, calm, and everything read back. What it brings home is the evidence.</summary>
public sealed class FaultRun(Topology system, FleetSize size, IReadOnlyList<Fault> schedule, int seed, string output)
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3);

    /// <summary>What has not come by itself by then never will.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <param name="say">Told what happens, a line each.</param>
    /// <param name="checkStore">What the store finds wrong with itself, asked when all is over.</param>
    public async Task<Evidence> Run(Action<string> say, Func<Task<IReadOnlyList<string>>> checkStore, CancellationToken cancellation)
    {
        Directory.CreateDirectory(output);
        using var ledger = new Ledger(Path.Combine(output, "ledger.jsonl"));
        var logs = LogReader.Begin(system.Logs);
        await system.Ready(cancellation).WaitAsync(Patience, cancellation);
        say($"{size.Devices} devices and {size.Subscribers} subscribers connect");
        await using var fleet = await Fleet.Create(system, ledger, size, seed, cancellation);

        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var working = fleet.Run(stopping.Token, giveUp.Token);
        await Task.Delay(WarmUp, cancellation);
        var before = Usages.Of(system.Processes);

        var maker = new FaultMaker(system, fleet, ledger);
        await maker.Run(schedule, fault => say($"{ledger.Now:mm\\:ss} {fault}"), cancellation);
        say("The faults are over; everybody finishes");
        await system.Ready(cancellation).WaitAsync(Patience, cancellation);
        await stopping.CancelAsync();
        giveUp.CancelAfter(Patience);
        await Finish(working, giveUp.Token);
        await AllHaveArrived(fleet, ledger, cancellation);
        var after = Usages.Of(system.Processes);

        say("Everything is read back");
        return new Evidence
        {
            Stored = await ReadBack.All(fleet.TenantApis, ledger, cancellation),
            Subscribers = fleet.Subscribers,
            Resumptions = fleet.Resumptions,
            Retained = await fleet.ReadRetained(cancellation),
            Operations = ledger.Operations,
            Faults = maker.Injections,
            Recoveries = Recovery.Of(maker.Injections, ledger.Operations),
            Usages = [.. after.Where(now => before.ContainsKey(now.Key)).Select(now => new Usage(now.Key.Process, now.Key.What, before[now.Key], now.Value))],
            Log = logs.Since(),
            Protocol = fleet.Violations,
            Damage = await checkStore(),
        };
    }

    private static async Task Finish(Task working, CancellationToken giveUp)
    {
        try
        {
            await working.WaitAsync(giveUp);
        }
        catch (OperationCanceledException) when (giveUp.IsCancellationRequested)
        {
            // What is not acknowledged now is for the checkers.
        }
    }

    /// <summary>Waits until subscribers have what was acknowledged, for as long as more arrives, and then some.</summary>
    private static async Task AllHaveArrived(Fleet fleet, Ledger ledger, CancellationToken cancellation)
    {
        var acknowledged = ledger.Operations.OfType<Publication>().Where(publication => publication.Outcome == Outcome.Ok)
            .Select(publication => publication.Message).Distinct().ToList();
        for (var (seen, quiet) = (-1, 0); quiet < 10; quiet++)
        {
            var subscribers = fleet.Subscribers;
            var arrived = subscribers.Sum(subscriber => subscriber.Deliveries.Count);
            if (arrived == seen && subscribers.Where(subscriber => subscriber.Group is null)
                    .All(subscriber => acknowledged.Where(subscriber.Wants).All(subscriber.Deliveries.Select(delivery => delivery.Message).OfType<MessageId>().ToHashSet().Contains)))
            {
                return;
            }

            (seen, quiet) = (arrived, arrived == seen ? quiet : 0);
            await Task.Delay(TimeSpan.FromSeconds(1), cancellation);
        }
    }
}
