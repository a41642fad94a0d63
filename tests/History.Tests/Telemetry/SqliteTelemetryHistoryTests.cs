namespace OrleansIoT.History.Tests.Telemetry;

/// <summary>With everything in the log.</summary>
public sealed class SqliteTelemetryHistoryTests : TelemetryHistoryContract
{
    private readonly TestStore _store = new();

    protected override ITelemetryHistory History => _store.History;

    public override Task InitializeAsync() => Task.CompletedTask;

    public override async Task DisposeAsync() => await _store.DisposeAsync();

    protected override Task Reopen() => _store.Reopen();
}

/// <summary>With a log so small that readings are on their way into chunks all the time.</summary>
public sealed class SqliteTelemetryHistoryOfChunksTests : TelemetryHistoryContract
{
    private readonly TestStore _store = new(options => options.LogBytes = 1 << 10);

    protected override ITelemetryHistory History => _store.History;

    public override Task InitializeAsync() => Task.CompletedTask;

    public override async Task DisposeAsync() => await _store.DisposeAsync();

    protected override async Task Reopen()
    {
        await _store.Database.Compact();
        await _store.Reopen();
    }
}
