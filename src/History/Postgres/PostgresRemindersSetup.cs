using Microsoft.Extensions.DependencyInjection;
using OrleansIoT.EmbeddedSilo;

namespace OrleansIoT.History.Postgres;

public static class PostgresRemindersSetup
{
    /// <summary>Keeps the embedded engine's reminders in the database of <see cref="PostgresHistorySetup.AddPostgresHistory"/>.</summary>
    public static IServiceCollection AddPostgresReminders(this IServiceCollection services) =>
        services.AddSingleton<IReminderStore, PostgresReminders>();
}
