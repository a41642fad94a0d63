using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Storage;

namespace OrleansIoT.Silo.Cluster.Orleans;

/// <summary>Microsoft Orleans, one silo on this machine. What joins several is the cluster's own part (DESIGN: the cluster).</summary>
public static class ClusterSetup
{
    public const string Engine = "Orleans";

    public static void AddGrainEngine(this WebApplicationBuilder builder, SiloOptions options)
    {
        if (!options.ProcessRoles.HasFlag(ProcessRoles.Silo))
        {
            throw new UsageException($"--roles {options.Roles}: without the role silo there is nobody to host the grains yet.");
        }
    }
}
