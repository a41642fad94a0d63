using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Npgsql;
using OrleansIoT.Failures;

namespace OrleansIoT.History.Postgres;

/// <summary>
/// One database, schema <c>iot</c>, which many processes may share: in each a group commit for everything that it writes,
/// and readers beside it. A write's task completes when PostgreSQL has confirmed its transaction.
/// </summary>
public sealed partial class PostgresDatabase : IDisposable
{
    // The bounds of a connection attempt and of a statement; who sets others in the connection string gets them.
    private const int ConnectSeconds = 5;
    private const int CommandSeconds = 30;

    // Of a statement of retention, which may count a large day; nobody waits for it.
    private const int RetentionSeconds = 600;

    // So many days ahead of today have a partition of their own.
    private const int DaysAhead = 7;

    // At a start there is more to do than what has become too old.
    private static readonly TimeSpan FirstRetention = TimeSpan.FromMinutes(1);

    private readonly NpgsqlDataSource _source;
    private readonly PostgresWriter _writer;
    private readonly GroupCommit<PostgresWrite> _commits;
    private readonly SemaphoreSlim _freeReaders;
    private readonly QueryThreads _readers;
    private readonly HistoryOptions _options;
    private readonly Timer _partitions;
    private readonly Retention _retention;
    private readonly HistoryMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ITimer? _drops;
    private readonly CancellationTokenSource _closing = new();
    private readonly SemaphoreSlim _dropping = new(1);
    private readonly string _writerString;
    private volatile bool _isClosed;

    private PostgresDatabase(
        NpgsqlConnectionStringBuilder connection, HistoryOptions options, HistoryMetrics metrics, TimeProvider time, ILogger log)
    {
        _log = log;
        (_options, _metrics, _time) = (options, metrics, time);
        connection.Pooling = false;
        _writerString = connection.ConnectionString;
        connection.Pooling = true;
        connection.MaxPoolSize = options.Readers;
        connection.NoResetOnClose = true;
        _source = SourceOf(connection);
        _freeReaders = new SemaphoreSlim(options.Readers);
        _readers = new QueryThreads("History reader", options.Readers);
        _writer = new PostgresWriter(Connect, options, metrics, log);
        _commits = new GroupCommit<PostgresWrite>(options, metrics, _writer.Commit);
        _partitions = new Timer(_ => MakePartitions(), null, TimeSpan.FromHours(1), TimeSpan.FromHours(1));
        _retention = new Retention(options.Retention);
        if (_retention.HasRules)
        {
            var first = options.RetentionInterval < FirstRetention ? options.RetentionInterval : FirstRetention;
            _drops = time.CreateTimer(_ => DropInTime(), null, first, options.RetentionInterval);
        }
    }

    /// <summary>Opens the database, and makes or updates its schema if need be. Waits for a server that is just starting.</summary>
    /// <exception cref="PostgresUnusableException">It cannot be reached, is of a newer version, or would lose data.</exception>
    public static PostgresDatabase Open(
        string connectionString, HistoryOptions options, HistoryMetrics metrics, TimeProvider time, ILogger<PostgresDatabase> log)
    {
        var builder = Parse(connectionString);
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                PrepareDatabase(builder.ConnectionString);
                return new PostgresDatabase(builder, options, metrics, time, log);
            }
            catch (Exception e) when (Faults.IsOutage(e) && Stopwatch.GetElapsedTime(started) < options.ServerPatience)
            {
                Thread.Sleep(200); // at the start, when there is nobody to keep waiting
            }
            catch (Exception e) when (e is NpgsqlException or PostgresUnusableException or TimeoutException or IOException)
            {
                var why = e is PostgresException fault ? fault.MessageText : e.InnerException?.Message ?? e.Message;
                throw new PostgresUnusableException(
                    $"The PostgreSQL database {builder.Database} on {builder.Host}:{builder.Port} cannot be used: "
                    + why.ReplaceLineEndings(" "),
                    e);
            }
        }
    }

    /// <summary>Refuses further writes and finishes those that wait, unless the server is away.</summary>
    public void Dispose()
    {
        _partitions.Dispose();
        _drops?.Dispose();
        _closing.Cancel();
        _dropping.Wait(); // for good: no run begins any more
        _writer.End();
        _commits.Dispose();
        _writer.Dispose();
        _isClosed = true;
        for (var i = 0; i < _options.Readers; i++)
        {
            _freeReaders.Wait();
        }

        _readers.Dispose();
        _source.Dispose();
        _freeReaders.Release(_options.Readers);
    }

    /// <summary>Queues the write before it returns; complete when durable.</summary>
    internal Task Commit(PostgresWrite write) => _commits.Enqueue(write);

    /// <summary>Queues a write of a few statements, which is never refused.</summary>
    /// <param name="size">What it weighs against the limits, in bytes.</param>
    /// <param name="apply">Runs inside the transaction; again, when that is repeated.</param>
    /// <param name="session">The key of the session that it is about, or null.</param>
    internal Task Commit(long size, Action<NpgsqlConnection> apply, string? session = null) => Commit(new Statements(
        size,
        connection =>
        {
            apply(connection);
            return null;
        },
        session));

    /// <summary>Queues a write that answers why it is refused and has then changed nothing, or null.</summary>
    internal Task Commit(long size, Func<NpgsqlConnection, Exception?> apply) => Commit(new Statements(size, apply, session: null));

    /// <summary>Runs the query on one state of the database, beside the caller and not on its scheduler.</summary>
    internal async Task<T> Read<T>(Func<NpgsqlConnection, T> query, CancellationToken cancellation = default)
    {
        await _freeReaders.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            return await _readers.Run(() => RunQuery(query, cancellation), cancellation).ConfigureAwait(false);
        }
        finally
        {
            _freeReaders.Release();
        }
    }

    /// <summary>Makes the partitions of the days ahead, if need be; every process tries, and one does.</summary>
    internal void MakePartitions()
    {
        try
        {
            using var connection = Connect();
            connection.Run("SET lock_timeout = '3s'"); // behind a long query everybody would wait
            connection.Run("SELECT make_partitions($1)", DaysAhead);
        }
        catch (Exception e) when (e is NpgsqlException or PostgresUnusableException or TimeoutException or IOException)
        {
            LogNoPartitions(e); // there is a week of hours to come
        }
    }

    /// <summary>Drops what the rules of retention do not keep now, unless another process does.</summary>
    internal async Task Drop()
    {
        await _dropping.WaitAsync(_closing.Token);
        try
        {
            await Task.Run(RunRetention);
        }
        finally
        {
            _dropping.Release();
        }
    }

    private async void DropInTime()
    {
        if (!_dropping.Wait(0, CancellationToken.None))
        {
            return; // the last run is not done, or the database is closed
        }

        try
        {
            await Task.Run(RunRetention);
        }
        catch (Exception) when (_closing.IsCancellationRequested)
        {
            // What is left goes after the next start.
        }
        catch (Exception e)
        {
            LogNotDropped(e);
        }
        finally
        {
            _dropping.Release();
        }
    }

    private void RunRetention()
    {
        using var connection = Connect(RetentionSeconds);
        RunInterruptibly<object?>(
            connection,
            opened =>
            {
                new RetentionRun(opened, _retention, _metrics, _time, _log, _closing.Token).Run();
                return null;
            },
            _closing.Token);
    }

    private static NpgsqlConnectionStringBuilder Parse(string connectionString)
    {
        NpgsqlConnectionStringBuilder builder;
        try
        {
            builder = new NpgsqlConnectionStringBuilder(connectionString);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or KeyNotFoundException)
        {
            // Without what was thrown: it may hold a part of the string, which may hold a password.
            throw new PostgresUnusableException(
                "The PostgreSQL connection string cannot be read. It is written as Host=…;Username=…;Database=…;Passfile=….");
        }

        if (string.IsNullOrEmpty(builder.Host))
        {
            throw new PostgresUnusableException("The PostgreSQL connection string names no Host.");
        }

        // The name that libpq and Npgsql would take.
        builder.Database ??= builder.Username ?? Environment.UserName;
        builder.SearchPath = Schema.Name;
        builder.ApplicationName ??= "OrleansIoT";
        builder.Timeout = IsSet(builder, "Timeout") ? builder.Timeout : ConnectSeconds;
        builder.CommandTimeout = IsSet(builder, "Command Timeout") ? builder.CommandTimeout : CommandSeconds;
        builder.TcpKeepAlive = true;
        builder.Multiplexing = false;
        builder.Enlist = false;
        return builder;
    }

    private static bool IsSet(NpgsqlConnectionStringBuilder builder, string keyword) =>
        builder.ShouldSerialize(keyword);

    private static void PrepareDatabase(string connectionString)
    {
        using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        connection.Open();
        PostgresServerRules.Check(connection);
        Schema.Apply(connection, Schema.Steps);
        connection.Run("SELECT make_partitions($1)", DaysAhead);
    }

    private static NpgsqlDataSource SourceOf(NpgsqlConnectionStringBuilder connection)
    {
        var builder = new NpgsqlDataSourceBuilder(connection.ConnectionString);
        builder.UsePhysicalConnectionInitializer(
            opened => PostgresServerRules.Prepare(opened, isWriter: false),
            opened =>
            {
                PostgresServerRules.Prepare(opened, isWriter: false);
                return Task.CompletedTask;
            });
        return builder.Build();
    }

    /// <summary>A connection that writes. The server may be another one than at the start, so it is looked at again.</summary>
    private NpgsqlConnection Connect() => Connect(_writerString);

    private NpgsqlConnection Connect(int commandSeconds) =>
        Connect(new NpgsqlConnectionStringBuilder(_writerString) { CommandTimeout = commandSeconds }.ConnectionString);

    private static NpgsqlConnection Connect(string connectionString)
    {
        var connection = new NpgsqlConnection(connectionString);
        try
        {
            connection.Open();
            PostgresServerRules.Check(connection);
            PostgresServerRules.Prepare(connection, isWriter: true);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private T RunQuery<T>(Func<NpgsqlConnection, T> query, CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(_isClosed, this);
        try
        {
            using var connection = Begin();
            var result = RunInterruptibly(connection, query, cancellation);
            connection.Run("COMMIT");
            return result;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.QueryCanceled && cancellation.IsCancellationRequested)
        {
            throw new OperationCanceledException(e.MessageText, e, cancellation);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException)
        {
            LogReadFailed(e);
            throw new FailureException(Failure.Unavailable, "The store cannot be read now.", e);
        }
    }

    private NpgsqlConnection Begin()
    {
        const string begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        var connection = _source.OpenConnection();
        try
        {
            connection.Run(begin);
            return connection;
        }
        catch (Exception e) when (Faults.IsOutage(e))
        {
            // Every connection from before a restart of the server is broken, and there may be a new server by now.
            connection.Dispose();
            _source.Clear();
        }

        connection = _source.OpenConnection();
        try
        {
            connection.Run(begin);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private T RunInterruptibly<T>(NpgsqlConnection connection, Func<NpgsqlConnection, T> query, CancellationToken cancellation)
    {
        var process = connection.ProcessID;
        var interrupt = Task.CompletedTask;
        try
        {
            using var registration = cancellation.UnsafeRegister(_ => interrupt = Task.Run(() => Interrupt(process)), null);
            return query(connection);
        }
        finally
        {
            // It must not hit the next query of the connection.
            interrupt.ContinueWith(_ => { }, TaskScheduler.Default).Wait(CancellationToken.None);
        }
    }

    private void Interrupt(int process)
    {
        using var connection = new NpgsqlConnection(_writerString);
        connection.Open();
        connection.Run("SELECT pg_cancel_backend($1)", process);
    }
}
