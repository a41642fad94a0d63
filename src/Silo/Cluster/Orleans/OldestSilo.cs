using Orleans.Runtime.Placement;

namespace OrleansIoT.Silo.Cluster.Orleans;

/// <summary>
/// Where grains go that would be where they are called from: of ours that is the route table, which refuses to be anywhere but
/// on the oldest silo. Sent there, whoever calls first, it is found at the first try after its silo has died.
/// </summary>
internal sealed class OldestSilo : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context) =>
        Task.FromResult(context.GetCompatibleSilos(target).OrderBy(silo => silo.Generation).ThenBy(silo => silo).First());
}
