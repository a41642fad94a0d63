using OrleansIoT.Failures;
using OrleansIoT.History.Sqlite;
using OrleansIoT.Telemetry;
using static OrleansIoT.History.Tests.Telemetry.Readings;

namespace OrleansIoT.History.Tests.Sqlite;

/// <summary>What is stored is not what was written: it is said which readings, none of them is served, and all others are.</summary>
public sealed class DamageTests
{
    private const string Topic = "default/devices/meter-7/power";
    private const string Other = "default/devices/meter-8/power";

    [Fact]
    public async Task A_damaged_commit_in_the_log_is_named_at_the_start_and_everything_else_is_read()
    {
        await using var store = new TestStore();
        await store.History.Append(Topic, 1, Some(Topic, 10));
        await store.History.Append(Topic, 11, [.. Enumerable.Range(10, 10).Select(i => Reading(Topic, $"{i}", Noon.AddSeconds(i)))]);
        await store.History.Append(Topic, 21, [.. Enumerable.Range(20, 10).Select(i => Reading(Topic, $"{i}", Noon.AddSeconds(i)))]);
        await store.History.Append(Other, 1, Some(Other, 10));
        await Damage(store, "log", "readings", "id = (SELECT min(id) + 1 FROM log)");

        await store.Reopen();

        Assert.Contains(store.Log, line => line.Contains(
            $"topic {Topic}, numbers 11 to 20, event times 2026-03-01T12:00:10", StringComparison.Ordinal));
        Assert.Equal(10, (await store.History.ReadAll(Other)).Count);
        var before = await store.History.Read(Topic, All with { End = Noon.AddSeconds(10) });
        Assert.Equal(Enumerable.Range(1, 10).Select(i => (long)i), before.Messages.Select(m => m.Seq));
        var behind = await store.History.Read(Topic, All with { Start = Noon.AddSeconds(20) });
        Assert.Equal(Enumerable.Range(21, 10).Select(i => (long)i), behind.Messages.Select(m => m.Seq));
        var refused = await Assert.ThrowsAsync<FailureException>(() => store.History.Read(Topic, All));
        Assert.Equal(Failure.Unavailable, refused.Failure);
        Assert.Contains(
            "'devices/meter-7/power' from 2026-03-01T12:00:10.0000000Z to 2026-03-01T12:00:19.0000000Z", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Numbers_of_damaged_readings_are_not_given_again_and_stay_known_as_damaged()
    {
        await using var store = new TestStore();
        await store.History.Append(Topic, 1, Some(Topic, 10));
        await Damage(store, "log", "readings", "1");
        await store.Reopen();

        Assert.Equal(10, (await store.History.ReadTopicTail(Topic)).LastSeq);
        await store.History.Append(Topic, 11, [Reading(Topic, "new", Noon.AddHours(1))]);
        await store.Database.Compact();
        await store.Reopen();

        Assert.Equal(11, (await store.History.ReadTopicTail(Topic)).LastSeq);
        Assert.Equal("new", Assert.Single((await store.History.Read(Topic, All with { Start = Noon.AddHours(1) })).Messages).Text());
        await Assert.ThrowsAsync<FailureException>(() => store.History.Read(Topic, All));
    }

    [Fact]
    public async Task A_commit_whose_directory_is_damaged_too_is_said_and_the_start_succeeds()
    {
        await using var store = new TestStore();
        await store.History.Append(Topic, 1, Some(Topic, 10));
        await store.History.Append(Other, 1, Some(Other, 10));
        await Damage(store, "log", "directory", "id = (SELECT min(id) FROM log)");

        await store.Reopen();

        Assert.Contains(store.Log, line => line.Contains("not even the directory can be read", StringComparison.Ordinal));
        Assert.Equal(10, (await store.History.ReadAll(Other)).Count);
    }

    [Fact]
    public async Task A_damaged_chunk_is_named_with_topic_and_range_and_everything_else_is_read()
    {
        await using var store = new TestStore();
        await StoreThreeChunks(store);
        await Damage(store, "chunk", "data", "id = (SELECT min(id) + 1 FROM chunk)");

        var page = await store.History.Read(Topic, All with { Limit = 4_096 });
        Assert.Equal(4_096, page.Messages.Length);
        var refused = await Assert.ThrowsAsync<FailureException>(() => store.History.Read(Topic, All with { After = page.Next, Limit = 10 }));
        Assert.Contains(
            $"from {Noon.AddSeconds(4_096).UtcDateTime:O} to {Noon.AddSeconds(8_191).UtcDateTime:O} are damaged", refused.Message, StringComparison.Ordinal);
        Assert.Equal(
            [8_193L], (await store.History.Read(Topic, All with { Start = Noon.AddSeconds(8_192), Limit = 1 })).Messages.Select(m => m.Seq));
        Assert.Equal(10_000, (await store.History.ReadTopicTail(Topic)).LastSeq);
    }

    [Fact]
    public async Task Late_readings_that_belong_into_a_damaged_chunk_are_stored_beside_it()
    {
        await using var store = new TestStore();
        await StoreThreeChunks(store);
        await Damage(store, "chunk", "data", "id = (SELECT min(id) + 1 FROM chunk)");

        var late = Noon.AddSeconds(5_000.5);
        await store.History.Append(Topic, 10_001, [Reading(Topic, "late", late)]);
        await store.Database.Compact();

        Assert.Contains(store.Log, line => line.Contains("New readings are stored beside them", StringComparison.Ordinal));
        Assert.Equal(10_001, (await store.History.ReadTopicTail(Topic)).LastSeq);
        await store.OnWriter(writer =>
        {
            using var row = writer.Prepare("SELECT count(*) FROM chunk WHERE first_at = ?1").Bind(1, late);
            row.Step();
            Assert.Equal(1, row.Int64(0));
        });
    }

    [Fact]
    public async Task After_a_crash_every_chunk_is_read_once_and_what_is_damaged_is_said()
    {
        await using var store = new TestStore();
        await StoreThreeChunks(store);
        await Damage(store, "chunk", "data", "id = (SELECT min(id) FROM chunk)");
        var directory = store.CopyFiles();

        await using (var copy = new TestStore(directory: directory))
        {
            await copy.Database.CheckedChunks;
            Assert.Contains(copy.Log, line => line.Contains("1 of 3 chunks of the history are damaged", StringComparison.Ordinal));
            Assert.Contains(copy.Log, line => line.Contains("'devices/meter-7/power'", StringComparison.Ordinal));
        }

        Directory.Delete(directory, recursive: true);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Whatever_page_of_the_file_is_lost_no_wrong_reading_is_served(int seed)
    {
        var random = new Random(seed);
        await using var running = new TestStore();
        var text = new string('x', 300);
        for (var i = 0; i < 30; i++)
        {
            await running.History.Append(
                Topic, i * 100 + 1,
                [.. Enumerable.Range(i * 100, 100).Select(n => Reading(Topic, $"{n} {text[..random.Next(300)]}", Noon.AddSeconds(n)))]);
        }

        await running.Database.Compact();
        for (var i = 30; i < 60; i++)
        {
            await running.History.Append(
                Topic, i * 100 + 1, [.. Enumerable.Range(i * 100, 100).Select(n => Reading(Topic, $"{n} {text}", Noon.AddSeconds(n)))]);
        }

        var whole = (await running.History.ReadAll(Topic)).ToDictionary(m => m.Seq, m => m.Describe());
        await running.Close();
        await running.Reopen();
        await running.History.Append(Other, 1, Some(Other, 1)); // so that the copy was not closed cleanly
        var directory = running.CopyFiles();
        var file = Path.Combine(directory, SqliteDatabase.FileName);
        await using (var database = File.OpenWrite(file))
        {
            database.Position = random.NextInt64(2, database.Length / 4_096) * 4_096;
            var page = new byte[4_096];
            random.NextBytes(page);
            await database.WriteAsync(page);
        }

        var served = 0;
        try
        {
            await using var copy = new TestStore(directory: directory);
            for (var i = 0; i < 6_000; i += 100)
            {
                try
                {
                    var page = await copy.History.Read(
                        Topic, new TelemetryQuery(Noon.AddSeconds(i), Noon.AddSeconds(i + 100), 1_000));
                    Assert.All(page.Messages, message => Assert.Equal(whole[message.Seq], message.Describe()));
                    Assert.Equal(100, page.Messages.Length);
                    served++;
                }
                catch (FailureException e)
                {
                    Assert.Equal(Failure.Unavailable, e.Failure);
                }
            }
        }
        catch (DataDirectoryException e)
        {
            Assert.Contains("damaged", e.Message, StringComparison.Ordinal);
        }

        Assert.InRange(served, 0, 60);
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task Damage_in_what_everything_needs_refuses_the_start_in_one_line()
    {
        await using var running = new TestStore();
        for (var i = 0; i < 1_000; i++)
        {
            await running.Sessions.Open($"default/meter-7/{i}", $"{i}", 60, null, isNew: true);
        }

        await running.Close();
        await running.Reopen();
        await running.History.Append(Topic, 1, Some(Topic, 1));
        var directory = running.CopyFiles();
        var file = Path.Combine(directory, SqliteDatabase.FileName);
        await using (var database = File.OpenWrite(file))
        {
            database.Position = database.Length - (20 * 4_096);
            await database.WriteAsync(new byte[10 * 4_096]);
        }

        var refused = Assert.Throws<DataDirectoryException>(() => new TestStore(directory: directory));

        Assert.StartsWith($"The database {file} is damaged: ", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
        Directory.Delete(directory, recursive: true);
    }

    private static async Task StoreThreeChunks(TestStore store)
    {
        await store.History.Append(Topic, 1, Some(Topic, 10_000));
        await store.Database.Compact();
    }

    /// <summary>Flips a bit in the middle of a blob, as a disk does that has forgotten one.</summary>
    private static Task Damage(TestStore store, string table, string column, string where) =>
        store.OnWriter(writer => writer.Execute(
            $"""
            UPDATE {table} SET {column} = CAST(substr({column}, 1, length({column}) / 2)
                || iif(substr({column}, length({column}) / 2 + 1, 1) = x'00', x'01', x'00')
                || substr({column}, length({column}) / 2 + 2) AS BLOB)
            WHERE {where}
            """));
}
