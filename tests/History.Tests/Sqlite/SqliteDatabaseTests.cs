using OrleansIoT.History.Sqlite;
using OrleansIoT.Sessions;
using static OrleansIoT.History.Tests.Telemetry.Readings;

namespace OrleansIoT.History.Tests.Sqlite;

public sealed class SqliteDatabaseTests
{
    private const string Topic = "default/t";

    [Fact]
    public async Task Every_connection_has_a_write_ahead_log_that_is_synced()
    {
        await using var store = new TestStore(options => options.Readers = 1);

        await store.OnWriter(IsDurable);
        await store.Database.Read(connection =>
        {
            IsDurable(connection);
            return 0;
        });

        static void IsDurable(Connection connection)
        {
            Assert.Equal("wal", connection.TextPragma("journal_mode"));
            Assert.Equal("2", connection.TextPragma("synchronous"));
        }
    }

    [Fact]
    public async Task Readers_do_not_wait_for_the_writer()
    {
        await using var store = new TestStore();
        await store.History.Append(Topic, 1, Some(Topic, 3));
        var hold = await store.HoldWriter();

        Assert.Equal(3, (await store.History.ReadAll(Topic)).Count);

        await hold.Release();
    }

    [Fact]
    public async Task A_reader_cannot_write()
    {
        await using var store = new TestStore();

        await Assert.ThrowsAsync<Failures.FailureException>(() => store.Database.Read(connection =>
        {
            connection.Execute("DELETE FROM topic");
            return 0;
        }));
    }

    [Fact]
    public async Task A_running_query_is_given_up_when_it_is_cancelled()
    {
        await using var store = new TestStore();
        using var cancel = new CancellationTokenSource();
        var running = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var endless = store.Database.Read(
            connection =>
            {
                using var count = connection.Prepare(
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n");
                while (count.Step())
                {
                    running.TrySetResult();
                }

                return 0;
            },
            cancel.Token);
        await running.Task;

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => endless);
    }

    [Fact]
    public async Task Reads_beyond_the_number_of_readers_wait_their_turn()
    {
        await using var store = new TestStore(options => options.Readers = 2);
        using var both = new Barrier(3);
        var holding = Enumerable.Range(0, 2).Select(_ => store.Database.Read(_ =>
        {
            both.SignalAndWait();
            both.SignalAndWait();
            return 0;
        })).ToArray();
        both.SignalAndWait();
        using var cancel = new CancellationTokenSource();

        var third = store.Database.Read(_ => 3);
        var fourth = store.Database.Read(_ => 4, cancel.Token);
        Assert.False(third.IsCompleted);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fourth);

        both.SignalAndWait();
        await Task.WhenAll(holding);
        Assert.Equal(3, await third);
    }

    private static readonly int Newer = Schema.Steps.Count + 1;

    [Fact]
    public async Task A_database_of_a_newer_version_is_refused_in_one_line_and_left_alone()
    {
        await using var store = new TestStore();
        await store.OnWriter(writer => writer.Execute($"PRAGMA user_version = {Newer}"));
        await store.Close();

        var refused = Assert.Throws<DataDirectoryException>(() => new TestStore(directory: store.Directory));

        Assert.Equal(
            $"The database {store.DatabaseFile} has schema {Newer}, this version knows {Schema.Steps.Count}. " +
            "Start the version that wrote it, or use another data directory.",
            refused.Message);
        await SetVersion(store, Schema.Steps.Count);
        await store.Reopen();
    }

    [Fact]
    public async Task A_database_of_an_older_version_climbs_the_ladder_and_a_step_that_fails_changes_nothing()
    {
        await using var store = new TestStore();
        await store.Close();
        using var connection = Connection.OpenWriter(store.DatabaseFile);
        var version = Schema.Steps.Count;
        string[] steps = [.. Schema.Steps, "CREATE TABLE next (x)", "CREATE TABLE last (x)"];

        Assert.Throws<SqliteException>(() => Schema.Apply(
            connection, [.. steps[..^1], "CREATE TABLE last (x); CREATE TABLE next (x)"]));
        Assert.Equal(version + 1, connection.Pragma("user_version"));

        Schema.Apply(connection, steps);
        Assert.Equal(version + 2, connection.Pragma("user_version"));
        Schema.Apply(connection, steps);
        connection.Execute($"PRAGMA user_version = {version}; DROP TABLE next; DROP TABLE last");
        connection.Dispose();
        await store.Reopen();
    }

    [Fact]
    public async Task A_database_of_version_1_keeps_its_readings_and_gets_room_for_sessions()
    {
        const string Session = "default/meter-7/c";
        var directory = Directory.CreateDirectory(TestStore.NewDirectory()).FullName;
        var file = Path.Combine(directory, SqliteDatabase.FileName);
        await File.WriteAllBytesAsync(file, []);
        using (var connection = Connection.OpenWriter(file).MakeDurable())
        {
            Schema.Apply(connection, [.. Schema.Steps.Take(1)]);
            connection.Execute(
                $"""
                INSERT INTO topic VALUES (5, '{Topic}', 2);
                INSERT INTO device VALUES (3, 'default/meter-7', 2, {Noon.UtcTicks});
                INSERT INTO reading VALUES (5, {Noon.UtcTicks}, 1, 3, 1, {Noon.UtcTicks}, 1, 0, 1, x'30');
                INSERT INTO reading VALUES (5, {Noon.AddSeconds(1).UtcTicks}, 2, 3, 2, {Noon.UtcTicks}, 1, 0, 1, x'31');
                """);
            Assert.Equal(1, connection.Pragma("user_version"));
        }

        await using (var store = new TestStore(directory: directory))
        {
            Assert.Equal(
                Some(Topic, 2).Select((message, i) => (message with { Seq = i + 1 }).Describe()),
                (await store.History.ReadAll(Topic)).Describe());
            await store.Sessions.Open(Session, "c", expiry: 60, will: null, isNew: false);
            Assert.Equal<long>(
                [1],
                await store.History.Append(
                    Topic, 3, Some(Topic, 1), new([new(Session, 0, Qos.AtLeastOnce, false, [])], null, false)));
            await store.OnWriter(writer => Assert.Equal(Schema.Steps.Count, writer.Pragma("user_version")));
        }

        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task Something_that_is_no_database_is_refused_in_one_line()
    {
        var directory = Directory.CreateDirectory(TestStore.NewDirectory()).FullName;
        var file = Path.Combine(directory, SqliteDatabase.FileName);
        await File.WriteAllTextAsync(file, new string('x', 10_000));

        var refused = Assert.Throws<DataDirectoryException>(() => new TestStore(directory: directory));

        Assert.Equal($"The database {file} cannot be opened: SQLite: file is not a database (26)", refused.Message);
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task The_write_ahead_log_does_not_grow_without_end()
    {
        await using var store = new TestStore();
        var payload = new byte[60_000];
        for (var i = 0; i < 60; i++)
        {
            await store.History.Append(
                Topic, i * 20 + 1, [.. Enumerable.Range(0, 20).Select(_ => Reading(Topic) with { Payload = payload })]);
        }

        // 72 MB went through it.
        Assert.InRange(new FileInfo(store.DatabaseFile + "-wal").Length, 1, 40 << 20);
    }

    private static Task SetVersion(TestStore store, int version)
    {
        using var connection = Connection.OpenWriter(store.DatabaseFile);
        Assert.Equal(Newer, connection.Pragma("user_version"));
        connection.Execute($"PRAGMA user_version = {version}");
        return Task.CompletedTask;
    }
}
