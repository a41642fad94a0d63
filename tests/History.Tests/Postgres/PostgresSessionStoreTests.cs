using OrleansIoT.History.Tests.Sessions;

namespace OrleansIoT.History.Tests.Postgres;

public sealed class PostgresSessionStoreTests : SessionStoreContract
{
    private readonly PostgresTestStore _store = new();

    protected override ITelemetryHistory History => _store.History;

    protected override ISessionStore Sessions => _store.Sessions;

    public override Task InitializeAsync() => Task.CompletedTask;

    public override async Task DisposeAsync() => await _store.DisposeAsync();

    protected override Task Reopen(Action<HistoryOptions>? configure = null) => _store.Reopen(configure);
}
