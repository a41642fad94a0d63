using OrleansIoT.EmbeddedSilo;
using OrleansIoT.History.Sqlite;

namespace OrleansIoT.History.Reminders;

/// <summary>The reminders of the embedded engine, in the database of everything else.</summary>
internal sealed class SqliteReminders(SqliteDatabase database) : IReminderStore
{
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
                    rows.IsNull(4) ? null : rows.Time(4)));
            }

            return reminders;
        });

    public Task Upsert(ReminderRow row) => database.Commit(new Put(row));

    public Task Remove(GrainId grainId, string name) => database.Commit(new Delete(grainId.ToString(), name));

    private sealed class Put(ReminderRow row) : SqliteWrite
    {
        private const string Sql =
            """
            INSERT INTO reminder (grain, name, start_at, period, last_tick) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT DO UPDATE SET start_at = excluded.start_at, period = excluded.period, last_tick = excluded.last_tick
            """;

        private readonly string _grain = row.GrainId.ToString();

        public override long Size => _grain.Length + row.Name.Length;

        protected override Exception? Apply(Connection connection)
        {
            using var put = connection.Prepare(Sql)
                .Bind(1, _grain).Bind(2, row.Name).Bind(3, row.StartAt).Bind(4, row.Period.Ticks);
            (row.LastTick is { } last ? put.Bind(5, last) : put.BindNull(5)).Run();
            return null;
        }
    }

    private sealed class Delete(string grain, string name) : SqliteWrite
    {
        private const string Sql = "DELETE FROM reminder WHERE grain = ?1 AND name = ?2";

        public override long Size => grain.Length + name.Length;

        protected override Exception? Apply(Connection connection)
        {
            connection.Prepare(Sql).Bind(1, grain).Bind(2, name).Run();
            return null;
        }
    }
}
