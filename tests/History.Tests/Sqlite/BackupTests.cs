using System.Diagnostics;
using System.Text;
using OrleansIoT.Fixtures;
using OrleansIoT.History.Sqlite;
using OrleansIoT.History.Sqlite.Backups;
using SQLitePCL;
using static OrleansIoT.History.Tests.Telemetry.Readings;

namespace OrleansIoT.History.Tests.Sqlite;

public sealed class BackupTests : IAsyncLifetime
{
    private const string Topic = "default/t";
    private const string Other = "default/other";
    private const string Device = "default/meter-7";

    private readonly ManualClock _clock = new(Noon);
    private readonly string _folder = Directory.CreateDirectory(TestStore.NewDirectory()).FullName;
    private readonly TestStore _store = new(options => options.LogBytes = 64 << 10);

    private string File => Path.Combine(_folder, "it's a.backup");

    private string NewData => Path.Combine(_folder, "restored");

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Readings_count_once_wherever_they_are()
    {
        await _store.History.Append(Topic, 1, Some(Topic, 100));
        await _store.Database.Compact();
        await _store.History.Append(Topic, 101, Some(Topic, 50));

        var line = Backup.Make(_store.Directory, File, _clock);

        Assert.StartsWith($"Backed up to {File}: 150 readings and ", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_backup_beside_a_store_that_writes_has_everything_that_was_acknowledged_before()
    {
        await _store.History.Append(Topic, 1, Some(Topic, 100));
        await _store.Database.Compact();
        await _store.History.Append(Topic, 101, Some(Topic, 50));
        await _store.Names.Put("default/devices", new("meter-7", "meter-7", "the meter"));
        using var stop = new CancellationTokenSource();
        var acknowledged = 0L;
        var writing = Task.Run(() => Write(stop.Token));
        while (Interlocked.Read(ref acknowledged) < 1_000)
        {
            await Task.Yield();
        }

        var before = Interlocked.Read(ref acknowledged);
        var line = Backup.Make(_store.Directory, File, _clock);
        await stop.CancelAsync();
        await writing;

        Assert.StartsWith($"Backed up to {File}: ", line, StringComparison.Ordinal);
        Assert.Equal([File], Directory.GetFiles(_folder));
        Restore.From(File, NewData, _clock);
        await using var restored = new TestStore(directory: NewData);
        Assert.Equal(
            (await _store.History.ReadAll(Topic)).Describe(), (await restored.History.ReadAll(Topic)).Describe());
        Assert.Equal("the meter", (await restored.Names.Find("default/devices", "meter-7"))?.Title);
        var others = await restored.History.ReadAll(Other);
        Assert.InRange(others.Count, before, acknowledged);
        Assert.Equal(Enumerable.Range(1, others.Count).Select(i => (long)i), others.Select(m => m.Seq));

        async Task Write(CancellationToken stopping)
        {
            for (var last = 0L; !stopping.IsCancellationRequested; Interlocked.Exchange(ref acknowledged, last))
            {
                await _store.History.Append(
                    Other, last + 1, [.. Enumerable.Range(0, 10).Select(i => Reading(Other, $"{last + i}", Noon.AddSeconds(last + i)))]);
                last += 10;
            }
        }
    }

    [Fact]
    public async Task Numbers_go_on_behind_all_that_may_have_been_given_and_the_first_start_says_so_once()
    {
        await _store.History.Append(Topic, 1, Some(Topic, 100));
        Backup.Make(_store.Directory, File, _clock);
        await _store.History.Append(Topic, 101, Some(Topic, 10));
        _clock.Advance(TimeSpan.FromHours(1));
        Restore.From(File, NewData, _clock);

        await using var restored = new TestStore(directory: NewData);
        var tail = await restored.History.ReadTopicTail(Topic);
        Assert.Equal(100 + Restore.NumbersLeftOut, tail.LastSeq);
        Assert.Equal(100, tail.Latest?.Seq);
        await Assert.ThrowsAsync<SequenceConflictException>(() => restored.History.Append(Topic, 101, Some(Topic, 1)));
        await restored.History.Append(Topic, tail.LastSeq + 1, Some(Topic, 10));
        await restored.Database.Compact();
        await restored.Reopen();

        Assert.Equal(110, (await restored.History.ReadAll(Topic)).Count);
        Assert.Equal(tail.LastSeq + 10, (await restored.History.ReadTopicTail(Topic)).LastSeq);
        var said = Assert.Single(restored.Log, line => line.Contains("restored", StringComparison.Ordinal));
        Assert.Contains("restored at 2026-03-01 13:00:00Z from a backup of 2026-03-01 12:00:00Z", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_devices_send_after_a_restore_is_not_taken_for_what_they_had_sent_before_the_backup()
    {
        const string Session = "default/meter-7/c";
        await _store.Sessions.Open(Session, "c", expiry: 60, will: null, isNew: true);
        await _store.History.Append(Topic, 1, [Reading(Topic)], new AppendEffects([], (Session, [7]), IsTransient: false));
        await _store.Database.Compact();
        await _store.History.Append(Topic, 2, [Reading(Topic)]);
        Assert.Equal(2, Assert.Single(await _store.History.ReadLastOf(Device, [Reading(Topic).PacketId])).Seq);
        Backup.Make(_store.Directory, File, _clock);
        Restore.From(File, NewData, _clock);

        await using var restored = new TestStore(directory: NewData);
        var device = await restored.History.ReadDeviceTail(Device);
        Assert.Equal(2, device.Readings);
        Assert.Empty(await restored.History.ReadLastOf(Device, [Reading(Topic).PacketId]));
        Assert.Empty(Assert.Single(await restored.Sessions.ReadSessions(Device)).Received);

        var next = (await restored.History.ReadTopicTail(Topic)).LastSeq + 1;
        await restored.History.Append(Topic, next, [Reading(Topic)]);
        Assert.Equal(next, Assert.Single(await restored.History.ReadLastOf(Device, [Reading(Topic).PacketId])).Seq);
        await restored.Database.Compact(); // into one chunk with those of before
        Assert.Equal(next, Assert.Single(await restored.History.ReadLastOf(Device, [Reading(Topic).PacketId])).Seq);
    }

    [Fact]
    public async Task Keys_and_certificates_come_back_with_their_modes()
    {
        var key = Path.Combine(_store.Directory, "keys", "deep", "key.pem");
        Directory.CreateDirectory(Path.GetDirectoryName(key)!);
        await System.IO.File.WriteAllTextAsync(key, "secret");
        Directory.CreateDirectory(Path.Combine(_store.Directory, "tls"));
        await System.IO.File.WriteAllTextAsync(Path.Combine(_store.Directory, "tls", "ca.crt"), "public");
        if (!OperatingSystem.IsWindows())
        {
            System.IO.File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        Assert.Contains("2 files", Backup.Make(_store.Directory, File, _clock), StringComparison.Ordinal);
        Restore.From(File, NewData, _clock);

        Assert.Equal("secret", await System.IO.File.ReadAllTextAsync(Path.Combine(NewData, "keys", "deep", "key.pem")));
        Assert.Equal("public", await System.IO.File.ReadAllTextAsync(Path.Combine(NewData, "tls", "ca.crt")));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
            foreach (var file in new[] { SqliteDatabase.FileName, "keys/deep/key.pem" })
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(Path.Combine(NewData, file)));
            }
        }
    }

    [Fact]
    public async Task A_backup_of_a_store_that_is_closed_leaves_it_closed_and_one_of_a_crashed_one_leaves_it_crashed()
    {
        await _store.History.Append(Topic, 1, Some(Topic, 10));
        var crashed = _store.CopyFiles();
        await _store.Close();

        Backup.Make(_store.Directory, File, _clock);
        Assert.False(System.IO.File.Exists(_store.DatabaseFile + "-wal"));
        Assert.Equal(0, Restored(File, "a"));

        Backup.Make(crashed, File + "2", _clock);
        Assert.True(System.IO.File.Exists(Path.Combine(crashed, SqliteDatabase.FileName + "-wal")));
        Assert.Equal(0, Restored(File + "2", "b"));
        await using (var store = new TestStore(directory: crashed))
        {
            Assert.Contains(store.Log, line => line.Contains("was not closed cleanly", StringComparison.Ordinal));
        }

        Directory.Delete(crashed, recursive: true);

        int Restored(string file, string name)
        {
            Restore.From(file, Path.Combine(_folder, name), _clock);
            return Directory.GetFiles(Path.Combine(_folder, name)).Count(path => Path.GetFileName(path) != SqliteDatabase.FileName && !path.EndsWith("iot.lock", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_damaged_backup_is_refused_and_leaves_no_database()
    {
        await _store.History.Append(Topic, 1, [Reading(Topic, "a payload that is easy to find", Noon)]);
        await _store.Names.Put("default/devices", new("meter-7", "meter-7", "a title that is easy to find"));
        Backup.Make(_store.Directory, File, _clock);
        var sound = await System.IO.File.ReadAllBytesAsync(File);

        foreach (var text in new[] { "a payload that is easy to find", "a title that is easy to find", "SQLite format 3" })
        {
            var damaged = sound.ToArray();
            damaged[damaged.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) + 5] ^= 1;
            await Refused(damaged);
        }

        await Refused(sound[..^4_096]);
        await Refused(sound[..100]);
        await Refused([]);
        await Refused(Encoding.UTF8.GetBytes("This is a letter."));
        await Refused(await System.IO.File.ReadAllBytesAsync(Path.Combine(await Closed(), SqliteDatabase.FileName)));

        async Task Refused(byte[] content)
        {
            await System.IO.File.WriteAllBytesAsync(File, content);
            var refused = Assert.Throws<BackupException>(() => Restore.From(File, NewData, _clock));
            Assert.DoesNotContain('\n', refused.Message);
            Assert.False(System.IO.File.Exists(Path.Combine(NewData, SqliteDatabase.FileName)));
        }

        async Task<string> Closed()
        {
            await _store.Close();
            return _store.Directory;
        }
    }

    [Fact]
    public async Task A_chunk_that_is_damaged_in_the_database_is_said_and_the_backup_is_there_all_the_same()
    {
        await _store.History.Append(Topic, 1, Some(Topic, 100));
        await _store.History.Append(Other, 1, Some(Other, 100));
        await _store.Database.Compact();
        await _store.OnWriter(writer => writer.Execute($"UPDATE chunk SET data = zeroblob(100) WHERE topic = (SELECT id FROM topic WHERE name = '{Topic}')"));

        var said = Assert.Throws<BackupException>(() => Backup.Make(_store.Directory, File, _clock));
        Assert.Contains("1 of these chunks and commits are damaged in the database itself", said.Message, StringComparison.Ordinal);

        Restore.From(File, NewData, _clock);
        await using var restored = new TestStore(directory: NewData);
        Assert.Equal(100, (await restored.History.ReadAll(Other)).Count);
    }

    [Fact]
    public void What_exists_is_not_replaced_and_what_does_not_is_said()
    {
        Backup.Make(_store.Directory, File, _clock);
        Says("exists; a backup replaces no file", () => Backup.Make(_store.Directory, File, _clock));
        Says("nothing to back up", () => Backup.Make(_folder, File + "2", _clock));
        Says("No backup was made", () => Backup.Make(_store.Directory, Path.Combine(_folder, "none", "file"), _clock));
        Says("There is no backup", () => Restore.From(File + "3", NewData, _clock));

        Restore.From(File, NewData, _clock);
        Says("has a database already", () => Restore.From(File, NewData, _clock));
        var refused = Assert.Throws<DataDirectoryException>(() => Restore.From(File, _store.Directory, _clock));
        Assert.Contains("in use", refused.Message, StringComparison.Ordinal);
        Assert.Equal([File], Directory.GetFiles(_folder));

        static void Says(string text, Func<string> what) =>
            Assert.Contains(text, Assert.Throws<BackupException>(what).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_attempt_to_restore_that_was_killed_is_no_database_and_the_next_one_succeeds()
    {
        await _store.History.Append(Topic, 1, Some(Topic, 10));
        Backup.Make(_store.Directory, File, _clock);
        Directory.CreateDirectory(Path.Combine(NewData, "restoring"));
        await System.IO.File.WriteAllTextAsync(Path.Combine(NewData, "restoring", SqliteDatabase.FileName), "half");

        Restore.From(File, NewData, _clock);

        await using var restored = new TestStore(directory: NewData);
        Assert.Equal(10, (await restored.History.ReadAll(Topic)).Count);
        Assert.False(Directory.Exists(Path.Combine(NewData, "restoring")));
    }

    [Fact]
    public async Task A_reader_that_takes_long_does_not_hold_up_the_writer()
    {
        await _store.History.Append(Topic, 1, Some(Topic, 100));
        using var reader = Connection.OpenReader(_store.DatabaseFile);
        reader.Begin(write: false);
        using (var rows = reader.Prepare("SELECT count(*) FROM topic"))
        {
            rows.Step();
        }

        await _store.History.Append(Topic, 101, Some(Topic, 100));
        using var writer = Connection.OpenWriter(_store.DatabaseFile).MakeDurable();
        var started = Stopwatch.GetTimestamp();
        Assert.True(writer.Checkpoint(raw.SQLITE_CHECKPOINT_RESTART) > 0);
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(4)); // SQLite's patience would be five
    }
}
