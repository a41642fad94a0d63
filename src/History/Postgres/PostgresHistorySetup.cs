using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Storage;

namespace OrleansIoT.History.Postgres;

public static class PostgresHistorySetup
{
    /// <summary>
    /// What <see cref="HistorySetup.AddSqliteHistory"/> has in SQLite, in a PostgreSQL database, which several processes may
    /// share. The data directory has what is this process's own: keys and certificates.
    /// </summary>
    /// <exception cref="PostgresUnusableException">When the host starts, or before, at the first use: the database cannot be used.</exception>
    public static IServiceCollection AddPostgresHistory(
        this IServiceCollection services, string connectionString, string dataDirectory)
    {
        services.AddWhatEveryStoreNeeds(dataDirectory);
        services.AddSingleton(provider => PostgresDatabase.Open(
            connectionString,
            provider.GetRequiredService<IOptions<HistoryOptions>>().Value,
            provider.GetRequiredService<HistoryMetrics>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<PostgresDatabase>>()));
        services.AddHostedService<HistorySetup.OpenAtStart<PostgresDatabase>>();

        services.AddSingleton<ITelemetryHistory, PostgresTelemetryHistory>();
        services.AddSingleton<ISessionStore, PostgresSessionStore>();
        services.AddSingleton<IDirectory, PostgresDirectory>();
        services.AddSingleton<IAuditLog, PostgresAuditLog>();
        services.AddKeyedSingleton<IGrainStorage, PostgresGrainStorage>(HistorySetup.DefaultStorage);
        services.AddSingleton(provider => provider.GetRequiredKeyedService<IGrainStorage>(HistorySetup.DefaultStorage));
        return services;
    }
}
