using OrleansIoT.EmbeddedSilo;

namespace OrleansIoT.History.Postgres;

/// <summary>The reminders of the embedded engine, in the database of everything else.</summary>
internal sealed class PostgresReminders(PostgresDatabase database) : IReminderStore
{
    private const string Put =
        """
        INSERT INTO reminder (grain, name, start_at, period, last_tick) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (grain, name) DO UPDATE
        SET start_at = excluded.start_at, period = excluded.period, last_tick = excluded.last_tick
        """;

    private const string RemoveOne = "DELETE FROM reminder WHERE grain = $1 AND name = $2";

    private const string All = "SELECT grain, name, start_at, period, last_tick FROM reminder";

    public Task<IReadOnlyList<ReminderRow>> ReadAll() =>
        database.Read<IReadOnlyList<ReminderRow>>(connection => connection.All(
            row => new ReminderRow(
                GrainId.Parse(row.Text(0)), row.Text(1), row.Time(2), TimeSpan.FromTicks(row.GetInt64(3)), row.TimeOrNull(4)),
            All));

    public Task Upsert(ReminderRow row) =>
        database.Commit(row.Name.Length, connection =>
        {
            connection.Run(Put, row.GrainId.ToString(), row.Name, row.StartAt, row.Period.Ticks, row.LastTick?.UtcTicks);
        });

    public Task Remove(GrainId grainId, string name) =>
        database.Commit(name.Length, connection =>
        {
            connection.Run(RemoveOne, grainId.ToString(), name);
        });
}
