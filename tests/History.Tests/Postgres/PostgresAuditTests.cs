using OrleansIoT.History.Postgres;
using OrleansIoT.History.Tests.Identity;

namespace OrleansIoT.History.Tests.Postgres;

public sealed class PostgresAuditTests : AuditContract
{
    private readonly PostgresTestStore _store = new();

    protected override IAuditLog Audit => _store.Audit;

    public override async Task DisposeAsync() => await _store.DisposeAsync();

    [Fact]
    public async Task What_is_noted_cannot_be_cut_off() =>
        Assert.Contains(
            "append-only", (await Record.ExceptionAsync(() => Execute("TRUNCATE audit")))?.ToString(), StringComparison.Ordinal);

    protected override Task Reopen() => _store.Reopen();

    protected override Task Execute(string sql) => _store.OnWriter(writer => writer.Run(sql));
}
