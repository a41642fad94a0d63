using OrleansIoT.Failures;
using OrleansIoT.History.Tests.Sessions;
using OrleansIoT.Sessions;
using OrleansIoT.Telemetry;
using SQLitePCL;
using static OrleansIoT.History.Tests.Telemetry.Readings;

namespace OrleansIoT.History.Tests.Sqlite;

/// <summary>The disk and SQLite really refuse: no commit that failed is acknowledged, and the store goes on afterwards.</summary>
public sealed class OutageTests
{
    private const string Topic = "default/t";

    [Fact]
    public async Task On_a_full_disk_nothing_is_acknowledged_and_everything_acknowledged_is_read()
    {
        await using var store = new TestStore();
        await store.History.Append(Topic, 1, Some(Topic, 10));
        await FillDisk(store);

        await IsUnavailable(store.History.Append(Topic, 11, [Reading(Topic, new string('x', 100_000))]));

        Assert.Equal(10, (await store.History.ReadAll(Topic)).Count);
        Assert.Equal(10, (await store.History.ReadTopicTail(Topic)).LastSeq);
        Assert.Equal(10, (await store.History.ReadDeviceTail("default/meter-7")).Readings);
    }

    [Fact]
    public async Task When_the_disk_has_space_again_the_store_goes_on_by_itself()
    {
        await using var store = new TestStore();
        var large = new string('x', 100_000);
        await FillDisk(store);
        for (var i = 0; i < 3; i++)
        {
            await IsUnavailable(store.History.Append(Topic, 1, [Reading(Topic, large)]));
        }

        await EmptyDisk(store);
        await store.History.Append(Topic, 1, [Reading(Topic, large)]);

        Assert.Equal(large, Assert.Single(await store.History.ReadAll(Topic)).Text());
        await store.Reopen();
        Assert.Equal(1, (await store.History.ReadTopicTail(Topic)).LastSeq);
    }

    [Fact]
    public async Task An_outage_is_logged_when_it_begins_with_its_cause_and_when_it_ends()
    {
        await using var store = new TestStore();
        await FillDisk(store);
        for (var i = 0; i < 3; i++)
        {
            await IsUnavailable(store.History.Append(Topic, 1, [Reading(Topic, new string('x', 100_000))]));
        }

        await EmptyDisk(store);
        await store.History.Append(Topic, 1, Some(Topic, 1));

        Assert.Collection(
            store.Log,
            begin => Assert.Contains("database or disk is full", begin, StringComparison.Ordinal),
            end => Assert.Contains("commits again", end, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Of_a_transaction_that_fails_at_its_commit_nothing_is_acknowledged_and_nothing_is_stored()
    {
        await using var store = new TestStore();
        await store.History.Append(Topic, 1, Some(Topic, 3));
        var commits = store.Commits;
        var failing = true;
        var hold = await store.HoldWriter();
        var prepared = store.OnWriter(writer => raw.sqlite3_commit_hook(writer.Handle, _ => failing ? 1 : 0, null));
        Task[] appends =
        [
            store.History.Append(Topic, 4, Some(Topic, 3)),
            store.History.Append("default/other", 1, Some("default/other", 3)),

            // This conflict rests on the first append, which is not stored.
            store.History.Append(Topic, 4, Some(Topic, 3)),
        ];
        await hold.Release();

        await IsUnavailable(prepared);
        foreach (var append in appends)
        {
            await IsUnavailable(append);
        }

        Assert.Equal(commits + 1, store.Commits); // the one that was held
        Assert.Equal(3, (await store.History.ReadAll(Topic)).Count);
        Assert.Empty(await store.History.ReadAll("default/other"));

        failing = false;
        await store.History.Append(Topic, 4, Some(Topic, 3));
        await store.Reopen();
        Assert.Equal(6, (await store.History.ReadAll(Topic)).Count);
        Assert.Empty(await store.History.ReadAll("default/other"));
    }

    [Theory]
    [InlineData("full disk")]
    [InlineData("refused commit")]
    public async Task Of_an_append_that_is_not_stored_nothing_is_queued_received_or_retained(string outage)
    {
        const string Session = "default/meter-7/c";
        await using var store = new TestStore();
        await store.Sessions.Open(Session, "c", expiry: 60, will: null, isNew: true);
        TelemetryMessage[] messages = [Reading(Topic, new string('x', 100_000)) with { Retain = true }];
        var effects = new AppendEffects(
            [new Enqueue(Session, 0, Qos.ExactlyOnce, Retain: true, [])], (Session, [7]), IsTransient: false);
        var isRefusing = outage == "refused commit";
        if (isRefusing)
        {
            await IsUnavailable(store.OnWriter(writer => raw.sqlite3_commit_hook(writer.Handle, _ => isRefusing ? 1 : 0, null)));
        }
        else
        {
            await FillDisk(store);
        }

        await IsUnavailable(store.History.Append(Topic, 1, messages, effects));
        await IsUnavailable(store.Sessions.Enqueue(Session, [(messages[0], Qos.AtLeastOnce, [])]));

        var session = Assert.Single(await store.Sessions.ReadSessions("default/meter-7"));
        Assert.Equal((0, 0), (session.Last, session.Queued));
        Assert.Empty(session.Received);
        Assert.Empty(await store.Sessions.ReadWhole(Session));
        Assert.Empty(await store.Sessions.ReadRetainedTopics("default/meter-7", 10));
        Assert.Empty(await store.History.ReadAll(Topic));

        isRefusing = false;
        await EmptyDisk(store);
        Assert.Equal<long>([1], await store.History.Append(Topic, 1, messages, effects));
    }

    [Fact]
    public async Task A_connection_that_can_no_longer_write_is_replaced()
    {
        await using var store = new TestStore();
        await store.OnWriter(writer => writer.Execute("PRAGMA query_only = ON"));

        await IsUnavailable(store.History.Append(Topic, 1, Some(Topic, 3)));
        await store.History.Append(Topic, 1, Some(Topic, 3));

        Assert.Equal(3, (await store.History.ReadAll(Topic)).Count);
        await store.OnWriter(writer => Assert.Equal("2", writer.TextPragma("synchronous")));
    }

    [Fact]
    public async Task Grain_state_and_names_are_refused_as_readings_are()
    {
        await using var store = new TestStore();
        await FillDisk(store);
        var state = new GrainState<string> { State = new string('x', 100_000) };

        await IsUnavailable(store.States.WriteStateAsync("s", GrainId.Create("g", "k"), state));
        await IsUnavailable(store.Names.Put("default/devices", new("id", "id", new string('x', 100_000))));

        Assert.False(state.RecordExists);
        Assert.Null(state.ETag);
        Assert.Null(await store.Names.Find("default/devices", "id"));
    }

    [Fact]
    public async Task A_damaged_database_answers_reads_as_unavailable_and_says_why_in_the_log()
    {
        await using var store = new TestStore();
        for (var i = 0; i < 20; i++)
        {
            await store.History.Append(Topic, i * 100 + 1, Some(Topic, 100));
        }

        await store.Reopen();
        await using (var file = File.OpenWrite(store.DatabaseFile))
        {
            // All but the first pages, which hold the schema.
            file.Position = 12 * 4_096;
            await file.WriteAsync(new byte[file.Length - file.Position]);
        }

        await IsUnavailable(store.History.ReadAll(Topic));
        Assert.Contains(store.Log, line => line.Contains("malformed", StringComparison.Ordinal));
    }

    /// <summary>SQLite may not grow the file, so every page more is SQLITE_FULL.</summary>
    private static Task FillDisk(TestStore store) =>
        store.OnWriter(writer => writer.Execute($"PRAGMA max_page_count = {writer.Pragma("page_count")}"));

    private static Task EmptyDisk(TestStore store) =>
        store.OnWriter(writer => writer.Execute("PRAGMA max_page_count = 1000000"));

    private static async Task IsUnavailable(Task task) =>
        Assert.Equal(Failure.Unavailable, (await Assert.ThrowsAsync<FailureException>(() => task)).Failure);
}
