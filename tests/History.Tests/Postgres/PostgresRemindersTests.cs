using OrleansIoT.EmbeddedSilo;
using OrleansIoT.History.Postgres;

namespace OrleansIoT.History.Tests.Postgres;

public sealed class PostgresRemindersTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly ReminderRow Row = new(
        GrainId.Create("topic", "default/a/b"), "tick", Noon.AddTicks(1), TimeSpan.FromMinutes(5), null);

    [Fact]
    public async Task A_reminder_comes_back_as_it_was_after_a_restart()
    {
        await using var store = new PostgresTestStore();
        await new PostgresReminders(store.Database).Upsert(Row);
        await new PostgresReminders(store.Database).Upsert(Row with { Name = "ticked", LastTick = Noon });

        await store.Reopen();

        Assert.Equal(
            [Row, Row with { Name = "ticked", LastTick = Noon }],
            (await new PostgresReminders(store.Database).ReadAll()).OrderBy(row => row.Name));
    }

    [Fact]
    public async Task A_reminder_replaces_the_one_of_its_grain_and_name()
    {
        await using var store = new PostgresTestStore();
        var reminders = new PostgresReminders(store.Database);
        await reminders.Upsert(Row with { LastTick = Noon });
        await reminders.Upsert(Row);

        Assert.Equal(Row, Assert.Single(await reminders.ReadAll()));
    }

    [Fact]
    public async Task A_removed_reminder_is_gone_and_those_of_other_grains_and_names_stay()
    {
        await using var store = new PostgresTestStore();
        var reminders = new PostgresReminders(store.Database);
        ReminderRow[] others = [Row with { Name = "other" }, Row with { GrainId = GrainId.Create("device", "default/a/b") }];
        await Task.WhenAll(others.Append(Row).Select(reminders.Upsert));

        await reminders.Remove(Row.GrainId, Row.Name);
        await reminders.Remove(Row.GrainId, Row.Name);

        Assert.Equal(others.OrderBy(row => row.Name), (await reminders.ReadAll()).OrderBy(row => row.Name));
    }
}
