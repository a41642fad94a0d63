using OrleansIoT.EmbeddedSilo;

namespace OrleansIoT.History.Sqlite;

/// <summary>The reminders of the embedded engine, in the database of everything else.</summary>
internal sealed class SqliteReminders(SqliteDatabase database) : IReminderStore
{
    private const string Put =
        """
        INSERT INTO reminder (grain, name, start_at, period, last_tick) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT DO UPDATE SET start_at = excluded.start_at, period = excluded.period, last_tick = excluded.last_tick
        """;

    private const string RemoveOne = "DELETE FROM reminder WHERE grain = ?1 AND name = ?2";

    private const string All = "SELECT grain, name, start_at, period, last_tick FROM reminder";

    public Task<IReadOnlyList<ReminderRow>> ReadAll() =>
        database.Read<IReadOnlyList<ReminderRow>>(connection =>
        {
            using var rows = connection.Prepare(All);
            var reminders = new List<ReminderRow>();
            while (rows.Step())
            {
                reminders.Add(new ReminderRow(
                    GrainId.Parse(rows.Text(0)),
                    rows.Text(1),
                    rows.Time(2),
                    TimeSpan.FromTicks(rows.Int64(3)),
                    rows.TimeOrNull(4)));
            }

            return reminders;
        });

    public Task Upsert(ReminderRow row) =>
        database.Commit(row.Name.Length, connection =>
            connection.Prepare(Put)
                .Bind(1, row.GrainId.ToString()).Bind(2, row.Name).Bind(3, row.StartAt).Bind(4, row.Period.Ticks)
                .Bind(5, row.LastTick).Run());

    public Task Remove(GrainId grainId, string name) =>
        database.Commit(name.Length, connection =>
            connection.Prepare(RemoveOne).Bind(1, grainId.ToString()).Bind(2, name).Run());
}
