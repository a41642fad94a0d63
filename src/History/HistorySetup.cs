using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Storage;
using OrleansIoT.History.Sqlite;

namespace OrleansIoT.History;

public static class HistorySetup
{
    // Where a grain state names no storage, the embedded engine asks for this name, and Orleans for none.
    internal const string DefaultStorage = "Default";

    /// <summary>
    /// Telemetry, MQTT sessions, the directory of names, the audit and grain state in one SQLite database in the data directory,
    /// which is opened when the host starts or before, at the first use.
    /// </summary>
    /// <exception cref="DataDirectoryException">At that moment: the directory or the database cannot be used.</exception>
    public static IServiceCollection AddSqliteHistory(this IServiceCollection services, string dataDirectory)
    {
        services.AddWhatEveryStoreNeeds(dataDirectory);
        services.AddSingleton(provider => SqliteDatabase.Open(
            provider.GetRequiredService<DataDirectory>(),
            provider.GetRequiredService<IOptions<HistoryOptions>>().Value,
            provider.GetRequiredService<HistoryMetrics>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<SqliteDatabase>>()));
        services.AddHostedService<OpenAtStart<SqliteDatabase>>();

        services.AddSingleton<SessionQueues>();
        services.AddSingleton<ITelemetryHistory, SqliteTelemetryHistory>();
        services.AddSingleton<ISessionStore, SqliteSessionStore>();
        services.AddSingleton<IDirectory, SqliteDirectory>();
        services.AddSingleton<IAuditLog, SqliteAuditLog>();
        services.AddKeyedSingleton<IGrainStorage, SqliteGrainStorage>(DefaultStorage);
        services.AddSingleton(provider => provider.GetRequiredKeyedService<IGrainStorage>(DefaultStorage));
        return services;
    }

    internal static void AddWhatEveryStoreNeeds(this IServiceCollection services, string dataDirectory)
    {
        services.AddMetrics();
        services.AddOptions<HistoryOptions>().ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<IValidateOptions<HistoryOptions>, HistoryOptionsCheck>();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<HistoryMetrics>();
        services.AddDataDirectory(dataDirectory);
    }

    /// <summary>The directory of a process, which no other has at the same time; also of one that stores nothing in it but keys.</summary>
    /// <exception cref="DataDirectoryException">At the first use: the directory cannot be used.</exception>
    public static IServiceCollection AddDataDirectory(this IServiceCollection services, string path) =>
        services.AddSingleton(provider => DataDirectory.Open(path, provider.GetRequiredService<ILogger<DataDirectory>>()));

    /// <summary>Needs the database, so a host that cannot open it does not start.</summary>
    internal sealed class OpenAtStart<TDatabase>(TDatabase database) : IHostedService
    {
        private readonly TDatabase _database = database;

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
