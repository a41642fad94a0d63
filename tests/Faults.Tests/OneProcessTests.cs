using OrleansIoT.Faults.Checkers;
using OrleansIoT.Faults.Nemesis;
using OrleansIoT.Faults.Recording;
using OrleansIoT.Faults.Systems;
using OrleansIoT.Faults.Workload;

namespace OrleansIoT.Faults.Tests;

/// <summary>The harness, short, against the whole product in one process: every promise is kept through one fault of each kind.</summary>
public sealed class OneProcessTests : IDisposable
{
    private static readonly string Executable = Path.Combine(AppContext.BaseDirectory, "OrleansIoT.Silo.dll");

    private readonly string _folder = Path.Combine(AppContext.BaseDirectory, "data", Guid.NewGuid().ToString("N")[..12]);

    public void Dispose()
    {
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    [Fact]
    public async Task Through_faults_of_every_kind_every_promise_is_kept()
    {
        // Grains that nobody calls for two seconds end, and come again: F29.
        await using var one = await OneProcess.Start(
            _folder, Executable, "IOT_EMBEDDEDSILO__COLLECTIONAGE=00:00:02", "IOT_EMBEDDEDSILO__COLLECTIONQUANTUM=00:00:01");
        using var system = Topology.Of(_folder);
        var plans = FaultPlan.Catalogue.Where(plan => plan.IsUsual && plan.Role is FaultPlan.Whole or FaultPlan.Clients).ToList();
        var period = TimeSpan.FromSeconds(2.5);
        var schedule = Schedule.Of(plans, system.Processes.Names, period, plans.Count * period, seed: 4711);
        Assert.Equal(plans.ToHashSet(), schedule.Select(fault => fault.Plan).ToHashSet());

        var size = new FleetSize { Devices = 12, Subscribers = 10, Readers = 2, DevicePeriod = TimeSpan.FromMilliseconds(500) };
        var said = new List<string>();
        var evidence = await new FaultRun(system, size, schedule, 4711, Path.Combine(_folder, "output")).Run(
            said.Add,
            async () =>
            {
                await one.Stop();
                return await StoreCheck.OfSqlite(one.Database);
            },
            CancellationToken.None);

        // How long it took is a figure, and this machine has other things to do.
        foreach (var checker in Checker.All.Where(checker => checker.Id != "C12"))
        {
            Assert.Equal((checker.Id, ""), (checker.Id, string.Join('\n', checker.Check(evidence).Take(10))));
        }

        Assert.Equal(plans.Count, evidence.Faults.Count);
        Assert.True(evidence.Publications.Count(publication => publication.Outcome == Outcome.Ok) > 100);
        Assert.Contains(evidence.Publications, publication => publication.Outcome == Outcome.Fail);
        Assert.NotEmpty(evidence.Resumptions);
        Assert.NotEmpty(evidence.Retained);
        Assert.Contains(evidence.Operations, operation => operation is Look { Outcome: Outcome.Ok });
        Assert.All(Enum.GetValues<Qos>().Where(qos => qos != Qos.AtMostOnce), qos =>
            Assert.Contains(evidence.Subscribers, subscriber => subscriber.Granted == qos && subscriber.Deliveries.Count > 0));
    }

    [Fact]
    public void A_directory_without_a_cluster_is_a_clear_error() =>
        Assert.Contains("No cluster runs in", Assert.Throws<InvalidDataException>(() => Topology.Of(_folder)).Message, StringComparison.Ordinal);
}
