using Orleans.Storage;

namespace OrleansIoT.History.Tests.Storage;

public sealed class SqliteGrainStorageTests : GrainStorageContract
{
    private readonly TestStore _store = new();

    protected override IGrainStorage States => _store.States;

    public override async Task DisposeAsync() => await _store.DisposeAsync();

    protected override Task Reopen() => _store.Reopen();
}
