using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansIoT.History;
using OrleansIoT.History.Sqlite;

namespace OrleansIoT.Benchmarks.Store;

/// <summary>The history of a directory, and what only a benchmark asks of it.</summary>
internal sealed class OpenStore : IDisposable
{
    private readonly ServiceProvider _services;

    public OpenStore(string directory, Action<HistoryOptions>? configure = null, ILoggerProvider? log = null)
    {
        var services = new ServiceCollection()
            .AddLogging(logging => _ = log is null ? logging : logging.AddProvider(log)).AddSqliteHistory(directory);
        services.Configure(configure ?? (_ => { }));
        _services = services.BuildServiceProvider();
        History = _services.GetRequiredService<ITelemetryHistory>();
        Database = _services.GetRequiredService<SqliteDatabase>();
    }

    public ITelemetryHistory History { get; }

    public long LogBytes => Database.Log.Bytes;

    internal SqliteDatabase Database { get; }

    public Task Compact() => Database.Compact();

    /// <summary>What a query answers in its first row.</summary>
    public Task<long> Number(string sql) =>
        Database.Read(connection =>
        {
            using var row = connection.Prepare(sql);
            return row.Step() ? row.Int64(0) : 0;
        });

    /// <summary>Readings in chunks.</summary>
    public Task<long> InChunks() => Number("SELECT coalesce(sum(readings), 0) FROM topic");

    /// <summary>Pages that hold something, of every table and index.</summary>
    public async Task<long> UsedBytes() =>
        (await Number("PRAGMA page_count") - await Number("PRAGMA freelist_count")) * await Number("PRAGMA page_size");

    /// <summary>The feeds of topics that are there, so that they go on; null for the others.</summary>
    public Task<Feed?[]> Feeds(int topics) =>
        Database.Read(connection =>
        {
            var feeds = new Feed?[topics];
            using var row = connection.Prepare("SELECT name, last_seq FROM topic");
            while (row.Step())
            {
                var number = int.Parse(row.Text(0).Split('/', '-')[3], CultureInfo.InvariantCulture);
                feeds[number] = new Feed(number) { Seq = row.Int64(1) };
            }

            return feeds;
        });

    public void Dispose() => _services.Dispose();
}
