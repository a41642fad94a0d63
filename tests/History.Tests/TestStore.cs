using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Storage;
using OrleansIoT.History.Sqlite;

namespace OrleansIoT.History.Tests;

/// <summary>A SQLite history in a directory of its own on the disk of the test output, as a host sets it up.</summary>
internal sealed class TestStore : IAsyncDisposable
{
    private readonly LogLines _log = new();
    private readonly bool _ownsDirectory;
    private readonly TimeProvider _time;
    private Action<HistoryOptions> _configure;
    private ServiceProvider _services;
    private CommitCounter _commits;

    public TestStore(Action<HistoryOptions>? configure = null, string? directory = null, TimeProvider? time = null)
    {
        _time = time ?? TimeProvider.System;
        _configure = configure ?? (_ => { });
        _ownsDirectory = directory is null;
        Directory = directory ?? NewDirectory();
        (_services, _commits) = Open();
    }

    public string Directory { get; }

    public string DatabaseFile => Path.Combine(Directory, SqliteDatabase.FileName);

    public SqliteDatabase Database => _services.GetRequiredService<SqliteDatabase>();

    public ITelemetryHistory History => _services.GetRequiredService<ITelemetryHistory>();

    public ISessionStore Sessions => _services.GetRequiredService<ISessionStore>();

    public IDirectory Names => _services.GetRequiredService<IDirectory>();

    public IAuditLog Audit => _services.GetRequiredService<IAuditLog>();

    public IGrainStorage States => _services.GetRequiredKeyedService<IGrainStorage>("Default");

    /// <summary>How many transactions became durable since the store was opened.</summary>
    public long Commits => _commits.Value;

    /// <summary>Level and text of what was logged at Warning and above, also before a reopening.</summary>
    public IReadOnlyCollection<string> Log => _log.Lines;

    public static string NewDirectory() => Path.Combine(AppContext.BaseDirectory, "data", Guid.NewGuid().ToString("N"));

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

    /// <summary>Copies the files as a crash at this moment would leave them, into a new directory.</summary>
    public string CopyFiles()
    {
        var copy = System.IO.Directory.CreateDirectory(NewDirectory()).FullName;
        foreach (var file in System.IO.Directory.GetFiles(Directory, SqliteDatabase.FileName + "*"))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        return copy;
    }

    /// <summary>Runs on the writer's connection inside a transaction.</summary>
    public Task OnWriter(Action<Connection> action) => Database.Commit(0, action);

    /// <summary>Holds the writer inside a transaction until it is released.</summary>
    public async Task<Hold> HoldWriter()
    {
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var release = new ManualResetEventSlim();
        var done = OnWriter(_ =>
        {
            entered.SetResult();
            release.Wait();
        });
        await entered.Task;
        return new Hold(done, release);
    }

    public async ValueTask DisposeAsync()
    {
        await Close();
        if (_ownsDirectory)
        {
            System.IO.Directory.Delete(Directory, recursive: true);
        }
    }

    private (ServiceProvider, CommitCounter) Open()
    {
        var services = new ServiceCollection()
            .AddLogging(logging => logging.AddProvider(_log).SetMinimumLevel(LogLevel.Warning))
            .AddSingleton(_time)
            .AddSqliteHistory(Directory)
            .Configure(_configure)
            .BuildServiceProvider();
        var commits = new CommitCounter(services.GetRequiredService<IMeterFactory>());
        try
        {
            services.GetRequiredService<SqliteDatabase>();
        }
        catch
        {
            commits.Dispose();
            services.Dispose();
            throw;
        }

        return (services, commits);
    }

    public sealed class Hold(Task done, ManualResetEventSlim release)
    {
        public Task Release()
        {
            release.Set();
            return done;
        }
    }
}
