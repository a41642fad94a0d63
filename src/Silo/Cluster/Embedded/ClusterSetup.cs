using OrleansIoT.EmbeddedSilo;
using OrleansIoT.Grains;
using OrleansIoT.History.Postgres;
using OrleansIoT.History.Sqlite;

namespace OrleansIoT.Silo.Cluster.Embedded;

/// <summary>The embedded engine: every grain in this process, no network behind it.</summary>
public static class ClusterSetup
{
    public const string Engine = "embedded engine";

    public static void AddGrainEngine(this WebApplicationBuilder builder, SiloOptions options)
    {
        if (!options.ProcessRoles.HasFlag(ProcessRoles.Silo))
        {
            throw new UsageException(
                $"--roles {options.Roles}: the embedded engine has no network, so a gateway or an edge needs the role silo "
                + "in its own process. Clusters run on Orleans: build with -p:GrainEngine=Orleans.");
        }

        builder.Services.AddOptions<EmbeddedSiloOptions>()
            .BindConfiguration("EmbeddedSilo", binder => binder.ErrorOnUnknownConfiguration = true);
        _ = options.Postgres is null ? builder.Services.AddSqliteReminders() : builder.Services.AddPostgresReminders();
        builder.Services.AddEmbeddedSilo(silo => silo.AddGrains(typeof(GrainsSetup).Assembly));
    }
}
