using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Orleans.Storage;
using OrleansIoT.Fixtures;
using OrleansIoT.History.Postgres;

namespace OrleansIoT.History.Tests.Postgres;

/// <summary>
/// A history in a PostgreSQL database, as a host sets it up. To make a database and to drop it takes a checkpoint each, so
/// one that a test has used is emptied for the next.
/// </summary>
internal sealed class PostgresTestStore : IAsyncDisposable
{
    private const string Empty =
        """
        DO $$
        DECLARE each text;
        BEGIN
            PERFORM set_config('session_replication_role', 'replica', true); -- past the trigger that keeps the audit
            FOR each IN SELECT oid::regclass::text FROM pg_class
                WHERE relnamespace = 'iot'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
                  AND relname NOT IN ('schema_version', 'reading_partition')
            LOOP
                EXECUTE 'DELETE FROM ' || each;
            END LOOP;
        END
        $$
        """;

    private static readonly ConcurrentBag<string> Emptied = [];

    private readonly LogLines _log = new();
    private readonly bool _isPooled;
    private readonly TimeProvider _time;
    private Action<HistoryOptions> _configure;
    private ServiceProvider _services;
    private CommitCounter _commits;

    public PostgresTestStore(
        Action<HistoryOptions>? configure = null, string? database = null, PostgresServer? server = null,
        string? connectionString = null, bool isFresh = false, TimeProvider? time = null)
    {
        _time = time ?? TimeProvider.System;
        _configure = configure ?? (_ => { });
        _isPooled = database is null && server is null && !isFresh;
        Server = server ?? PostgresServer.Shared;
        Name = database ?? (_isPooled && Emptied.TryTake(out var emptied) ? emptied : Server.CreateDatabase());
        ConnectionString = connectionString ?? Server.ConnectionString(Name);
        (_services, _commits) = Open();
    }

    public PostgresServer Server { get; }

    public string Name { get; }

    public string ConnectionString { get; }

    public PostgresDatabase Database => _services.GetRequiredService<PostgresDatabase>();

    public ITelemetryHistory History => _services.GetRequiredService<ITelemetryHistory>();

    public ISessionStore Sessions => _services.GetRequiredService<ISessionStore>();

    public IDirectory Names => _services.GetRequiredService<IDirectory>();

    public IAuditLog Audit => _services.GetRequiredService<IAuditLog>();

    public IGrainStorage States => _services.GetRequiredKeyedService<IGrainStorage>("Default");

    /// <summary>How many transactions became durable since the store was opened.</summary>
    public long Commits => _commits.Value;

    /// <summary>Level and text of what was logged at Warning and above, also before a reopening.</summary>
    public IReadOnlyCollection<string> Log => _log.Lines;

    /// <summary>Another process's view: the same database, opened beside this one.</summary>
    public PostgresTestStore Beside(Action<HistoryOptions>? configure = null) => new(configure, Name, Server, time: _time);

    public string? Ask(string query) => Server.Ask(query, Name);

    public void Sql(string statement) => Server.Sql(statement, Name);

    /// <summary>Closes the store cleanly and opens it again, with other options if they are given.</summary>
    public async Task Reopen(Action<HistoryOptions>? configure = null)
    {
        await Close();
        _configure = configure ?? _configure;
        (_services, _commits) = Open();
    }

    public async Task Close()
    {
        await _services.DisposeAsync();
        _commits.Dispose();
    }

    /// <summary>Runs on the writer's connection inside a transaction.</summary>
    public Task OnWriter(Action<NpgsqlConnection> action) => Database.Commit(0, action);

    /// <summary>Holds the writer inside a transaction until it is released.</summary>
    public async Task<TestStore.Hold> HoldWriter()
    {
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var release = new ManualResetEventSlim();
        var done = OnWriter(_ =>
        {
            entered.TrySetResult();
            release.Wait();
        });
        await entered.Task;
        return new TestStore.Hold(done, release);
    }

    public async ValueTask DisposeAsync()
    {
        await Close();
        if (_isPooled)
        {
            Server.Sql(Empty, Name);
            Emptied.Add(Name);
        }
    }

    private (ServiceProvider, CommitCounter) Open()
    {
        var services = new ServiceCollection()
            .AddLogging(logging => logging.AddProvider(_log).SetMinimumLevel(LogLevel.Warning))
            .AddSingleton(_time)
            .AddPostgresHistory(ConnectionString, TestStore.NewDirectory())
            .Configure(_configure)
            .BuildServiceProvider();
        var commits = new CommitCounter(services.GetRequiredService<IMeterFactory>());
        try
        {
            services.GetRequiredService<PostgresDatabase>();
        }
        catch
        {
            commits.Dispose();
            services.Dispose();
            throw;
        }

        return (services, commits);
    }
}
