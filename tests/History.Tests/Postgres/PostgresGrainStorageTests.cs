using Orleans.Storage;
using OrleansIoT.History.Tests.Storage;

namespace OrleansIoT.History.Tests.Postgres;

public sealed class PostgresGrainStorageTests : GrainStorageContract
{
    private readonly PostgresTestStore _store = new();

    protected override IGrainStorage States => _store.States;

    public override async Task DisposeAsync() => await _store.DisposeAsync();

    protected override Task Reopen() => _store.Reopen();
}
