namespace OrleansIoT.History.Tests.Telemetry;

public sealed class SqliteTelemetryHistoryTests : TelemetryHistoryContract
{
    private readonly TestStore _store = new();

    protected override ITelemetryHistory History => _store.History;

    public override Task InitializeAsync() => Task.CompletedTask;

    public override async Task DisposeAsync() => await _store.DisposeAsync();

    protected override Task Reopen() => _store.Reopen();
}
