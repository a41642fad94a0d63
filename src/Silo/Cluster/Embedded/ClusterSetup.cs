using OrleansIoT.EmbeddedSilo;
using OrleansIoT.Grains;
using OrleansIoT.History.Postgres;
using OrleansIoT.History.Sqlite;
using OrleansIoT.Silo.Trust;

namespace OrleansIoT.Silo.Cluster.Embedded;

/// <summary>The embedded engine: every grain in this process, no network behind it.</summary>
public static class ClusterSetup
{
    public const string Engine = "embedded engine";

    public static void AddGrainEngine(this WebApplicationBuilder builder, SiloOptions options, TrustOptions trust)
    {
        if (!options.ProcessRoles.HasFlag(ProcessRoles.Silo))
        {
            throw new UsageException(
                $"--roles {options.Roles}: the embedded engine has no network, so a gateway or an edge needs the role silo "
                + "in its own process. Clusters run on Orleans: build with -p:GrainEngine=Orleans.");
        }

        if (trust.Parsed!.Value.HasFlag(TrustMode.MutualTls))
        {
            throw new UsageException(
                $"Trust:Mode {trust.Mode}: the embedded engine has no network between its grains, so there is nothing for TLS to protect.");
        }

        if (builder.Configuration.GetSection(ClusterOptions.Section).Exists())
        {
            throw new UsageException("The section Cluster of the configuration is for clusters, which run on Orleans: build with -p:GrainEngine=Orleans.");
        }

        builder.Services.AddOptions<EmbeddedSiloOptions>()
            .BindConfiguration("EmbeddedSilo", binder => binder.ErrorOnUnknownConfiguration = true);
        _ = options.Postgres is null ? builder.Services.AddSqliteReminders() : builder.Services.AddPostgresReminders();
        builder.Services.AddEmbeddedSilo(silo => silo.AddGrains(typeof(GrainsSetup).Assembly));
    }

    /// <summary>There are no others.</summary>
    public static void AddCluster(this WebApplicationBuilder builder, SiloOptions options)
    {
    }
}
