namespace OrleansIoT.History.Tests.Identity;

public sealed class SqliteDirectoryTests : DirectoryContract
{
    private readonly TestStore _store = new();

    protected override IDirectory Names => _store.Names;

    public override async Task DisposeAsync() => await _store.DisposeAsync();

    protected override Task Reopen() => _store.Reopen();
}
