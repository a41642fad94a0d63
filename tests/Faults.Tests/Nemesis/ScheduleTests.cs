using OrleansIoT.Faults.Nemesis;

namespace OrleansIoT.Faults.Tests.Nemesis;

public sealed class ScheduleTests
{
    private static readonly ILookup<string, string> Cluster =
        new[] { "silo-1", "silo-2", "silo-3", "edge-1", "edge-2", "gateway-1", "postgres" }.ToLookup(name => name.Split('-')[0]);

    private static readonly ILookup<string, string> WithNetworks =
        new[] { "silo-1", "silo-2", "silo-3" }.SelectMany(name => new[] { ("silo", name), (FaultPlan.Network, name) }).ToLookup(one => one.Item1, one => one.Item2);

    [Fact]
    public void The_same_seed_is_the_same_schedule_and_another_one_is_not()
    {
        Assert.Equal(Of(4711), Of(4711));
        Assert.NotEqual(Of(4711), Of(4712));
    }

    [Fact]
    public void Each_fault_comes_before_any_comes_again()
    {
        var possible = FaultPlan.Catalogue.Count(plan => plan.IsUsual && (plan.Role == FaultPlan.Clients || Cluster[plan.Role].Any()));
        var plans = Of(1, seconds: 10 * possible * 2).Select(fault => fault.Plan).ToList();
        Assert.Equal(possible, plans.Take(possible).Distinct().Count());
        Assert.Equal(plans.Take(possible).ToHashSet(), plans.Skip(possible).ToHashSet());
    }

    [Fact]
    public void A_fault_is_for_who_is_there_lasts_as_long_as_it_may_and_comes_in_its_time()
    {
        var faults = Of(2, seconds: 3_000);
        Assert.Equal(Enumerable.Range(1, 300).Select(i => TimeSpan.FromSeconds(10 * i)), faults.Select(fault => fault.At));
        Assert.All(faults, fault =>
        {
            Assert.InRange(fault.Duration, fault.Plan.Least, fault.Plan.Most);
            var targets = fault.Target.Split('+');
            Assert.Equal(fault.Plan.Targets, targets.Distinct().Count());
            Assert.All(targets, target => Assert.True(target == "clients" || Cluster[fault.Plan.Role].Contains(target), target));
        });
        Assert.DoesNotContain(faults, fault => fault.Plan is { Kind: FaultKind.KillTwo, Role: "gateway" } || fault.Plan.Role == FaultPlan.Whole);
    }

    [Fact]
    public void A_split_is_made_between_two_that_have_networks_of_their_own_and_else_not_at_all()
    {
        var plans = FaultPlan.Catalogue.Where(plan => plan.Id == "F18").ToList();
        Assert.Empty(Schedule.Of(plans, Cluster, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(100), 1));

        var faults = Schedule.Of(plans, WithNetworks, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30), 1);
        Assert.Equal([FaultKind.Split, FaultKind.SplitOneWay, FaultKind.Isolate], faults.Select(fault => fault.Plan.Kind).Order());
        Assert.Equal([2, 2, 1], faults.OrderBy(fault => fault.Plan.Kind).Select(fault => fault.Target.Split('+').Distinct().Count()));
    }

    private static IReadOnlyList<Fault> Of(int seed, int seconds = 600) => Schedule.Of(
        [.. FaultPlan.Catalogue.Where(plan => plan.IsUsual)], Cluster, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(seconds), seed);
}
