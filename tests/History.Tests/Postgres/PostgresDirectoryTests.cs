using OrleansIoT.History.Tests.Identity;

namespace OrleansIoT.History.Tests.Postgres;

public sealed class PostgresDirectoryTests : DirectoryContract
{
    private readonly PostgresTestStore _store = new();

    protected override IDirectory Names => _store.Names;

    public override async Task DisposeAsync() => await _store.DisposeAsync();

    protected override Task Reopen() => _store.Reopen();
}
