using Orleans.Runtime.Placement;

namespace OrleansIoT.Silo.Cluster.Orleans;

/// <summary>Where a grain comes to life follows from its key (ADR 0028).</summary>
[GenerateSerializer, Immutable]
public sealed class DevicePlacement : PlacementStrategy;

/// <summary>
/// A device and the topics that are its own are on one silo, so that its readings cross no network between them, and a silo that
/// dies takes with it only what was its own; everything else is wherever its key says. Rendezvous hashing (Thaler and
/// Ravishankar, 1998): each silo has as much as the next, and when one comes or goes only its share moves.
/// </summary>
public sealed class DevicePlacementDirector : IPlacementDirector
{
    private const string OwnTopics = "/devices/";

    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var affinity = IdSpan.Create(AffinityOf(target.GrainIdentity.Key.ToString()!)).GetUniformHashCode();
        return Task.FromResult(context.GetCompatibleSilos(target).MaxBy(silo => (Weight(affinity, (uint)silo.GetConsistentHashCode()), silo))!);
    }

    /// <returns>Of a topic <c>{tenant}/devices/{id}/…</c> the key of the device, <c>{tenant}/{id}</c>.</returns>
    private static string AffinityOf(string key)
    {
        var tenant = key.IndexOf('/', StringComparison.Ordinal);
        if (tenant < 0 || !key.AsSpan(tenant).StartsWith(OwnTopics, StringComparison.Ordinal))
        {
            return key;
        }

        var id = tenant + OwnTopics.Length;
        var end = key.IndexOf('/', id);
        return end < 0 ? key : $"{key.AsSpan(0, tenant)}/{key.AsSpan(id, end - id)}";
    }

    /// <summary>Two numbers become one that neither foretells: the finalizer of MurmurHash3.</summary>
    private static uint Weight(uint affinity, uint silo)
    {
        var hash = affinity ^ (silo * 0x9E3779B9);
        hash = (hash ^ (hash >> 16)) * 0x85EBCA6B;
        hash = (hash ^ (hash >> 13)) * 0xC2B2AE35;
        return hash ^ (hash >> 16);
    }
}
