using System.Collections.Immutable;
using OrleansIoT.Grains.Topics;

namespace OrleansIoT.Silo.Cluster.Orleans;

/// <summary>The silos as Orleans' membership has them. An address with its generation belongs to one life of one silo.</summary>
internal sealed class Silos(ISiloStatusOracle oracle, ILocalSiloDetails own) : ISilos
{
    public string Self { get; } = NameOf(own.SiloAddress);

    public ImmutableArray<string> Active =>
        [.. oracle.GetApproximateSiloStatuses(onlyActive: true).Keys
            .OrderBy(silo => silo.Generation).ThenBy(silo => silo)
            .Select(NameOf)];

    public bool IsDead(string silo) => oracle.IsDeadSilo(SiloAddress.FromParsableString(silo));

    private static string NameOf(SiloAddress silo) => silo.ToParsableString();
}
