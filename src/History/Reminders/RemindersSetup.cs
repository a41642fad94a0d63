using Microsoft.Extensions.DependencyInjection;
using OrleansIoT.EmbeddedSilo;

namespace OrleansIoT.History.Reminders;

public static class RemindersSetup
{
    /// <summary>Keeps the embedded engine's reminders in the database of <see cref="HistorySetup.AddSqliteHistory"/>.</summary>
    public static IServiceCollection AddSqliteReminders(this IServiceCollection services) =>
        services.AddSingleton<IReminderStore, SqliteReminders>();
}
