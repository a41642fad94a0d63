using OrleansIoT.History.Sqlite.Backups;
using OrleansIoT.Identity;

namespace OrleansIoT.History.Tests.Identity;

public sealed class SqliteAuditTests : AuditContract
{
    private readonly TestStore _store = new();

    protected override IAuditLog Audit => _store.Audit;

    public override async Task DisposeAsync() => await _store.DisposeAsync();

    [Fact]
    public async Task What_is_noted_cannot_be_replaced()
    {
        await Audit.Append([Entry("Login", DateTimeOffset.UnixEpoch)]);
        const string replace =
            "INSERT OR REPLACE INTO audit SELECT id, tenant, at, 1, '', '', '', 'Other', '', '', 1, 200, '', '', 1 FROM audit";

        Assert.Contains("append-only", (await Record.ExceptionAsync(() => Execute(replace)))?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_backup_has_what_was_noted_and_what_is_restored_is_append_only_again()
    {
        await Audit.Append([Entry("Login", DateTimeOffset.UnixEpoch)]);
        var (file, directory) = (TestStore.NewDirectory() + ".backup", TestStore.NewDirectory());
        Backup.Make(_store.Directory, file, TimeProvider.System);
        Restore.From(file, directory, TimeProvider.System);

        await using (var restored = new TestStore(directory: directory))
        {
            var entry = Assert.Single((await restored.Audit.Read("default", new AuditQuery(DateTimeOffset.MinValue, DateTimeOffset.MaxValue))).Entries);
            Assert.Equal("Login", entry.Action);
            await Assert.ThrowsAnyAsync<Exception>(() => restored.OnWriter(writer => writer.Execute("DELETE FROM audit")));
        }

        Directory.Delete(directory, recursive: true);
        File.Delete(file);
    }

    protected override Task Reopen() => _store.Reopen();

    protected override Task Execute(string sql) => _store.OnWriter(writer => writer.Execute(sql));
}
