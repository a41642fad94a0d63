using OrleansIoT.History.Tests.Telemetry;

namespace OrleansIoT.History.Tests.Postgres;

public sealed class PostgresTelemetryHistoryTests : TelemetryHistoryContract
{
    private readonly PostgresTestStore _store = new();

    protected override ITelemetryHistory History => _store.History;

    public override Task InitializeAsync() => Task.CompletedTask;

    public override async Task DisposeAsync() => await _store.DisposeAsync();

    protected override Task Reopen() => _store.Reopen();
}
