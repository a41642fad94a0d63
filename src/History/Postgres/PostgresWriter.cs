using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace OrleansIoT.History.Postgres;

/// <summary>
/// Commits groups of writes, on the thread of <see cref="GroupCommit{TWrite}"/>, through the one connection that writes.
/// While the server is away a group waits for it. A transaction whose answer got lost is asked for: it has counted itself
/// in a row of this process, so that what is stored is acknowledged, and what is not is done again.
/// </summary>
internal sealed partial class PostgresWriter(
    Func<NpgsqlConnection> open, HistoryOptions options, HistoryMetrics metrics, ILogger log) : IDisposable
{
    // Of repetitions because somebody was in the way; each of them means that somebody else got on.
    private const int MostRepetitions = 100;

    private const string AddWriter = "INSERT INTO writer (id, commits) VALUES ($1, 0) ON CONFLICT DO NOTHING";

    // The row is locked until its transaction has ended, so that a backend which still commits is waited for.
    private const string LastCommit = "SELECT commits FROM writer WHERE id = $1 FOR UPDATE";

    // It puts the row back if another process has forgotten it, so that what is stored always has a row that says so.
    private const string CountCommit =
        """
        INSERT INTO writer (id, commits) VALUES ($1, $2)
        ON CONFLICT (id) DO UPDATE SET commits = excluded.commits, seen_at = now()
        """;

    // Of processes that were killed: nobody asks for their last transaction any more.
    private const string ForgetWriters = "DELETE FROM writer WHERE seen_at < now() - interval '30 days' AND id <> $1";

    // Silos extend queues of the same sessions. Each group locks all rows that it will change, and all groups in this order,
    // so that no two wait for each other.
    private const string LockSessions = "SELECT 1 FROM session WHERE key = ANY ($1) ORDER BY id FOR NO KEY UPDATE";

    // Who waits for a row for so long looks whether its holder is alive.
    private const string Impatience = "SET lock_timeout = '2s'";

    // A process that stands still, or that the network has cut off, in the middle of a transaction. The server's own limit is longer, and
    // knows nothing of COPY nor of half a statement. Who was only slow does its transaction once more.
    private const string EndHanging =
        """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND usename = current_user AND application_name = current_setting('application_name')
            AND backend_xid IS NOT NULL AND wait_event = 'ClientRead'
            AND greatest(query_start, state_change) < clock_timestamp() - interval '4 s'
        """;

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private readonly Guid _id = Guid.NewGuid();
    private readonly Names _names = new();
    private readonly ManualResetEventSlim _ending = new();
    private NpgsqlConnection? _connection;
    private long _commits;
    private bool _isUnknown;
    private long? _awaySince;
    private int _failedCommits;

    /// <summary>Commits the writes as one transaction and settles each; an outage fails all of them and nothing else.</summary>
    public void Commit(List<PostgresWrite> writes)
    {
        var started = Stopwatch.GetTimestamp();
        var pause = TimeSpan.FromMilliseconds(20);
        for (var repetitions = 0; writes.Count > 0;)
        {
            PostgresWrite? running = null;
            try
            {
                if (IsCommitted() || Store(writes, ref running))
                {
                    Settle(writes, Stopwatch.GetElapsedTime(started));
                }

                return;
            }
            catch (Exception e) when (Faults.IsOfOrder(e) && repetitions++ < MostRepetitions)
            {
                Rollback();
                if (e is PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable })
                {
                    EndWhoHangs();
                }
            }
            catch (Exception e) when (Faults.IsOfStatement(e))
            {
                Rollback();
                if (running is null && writes.Count > 1)
                {
                    CommitOneByOne(writes);
                    return;
                }

                // One write cannot be stored. The others begin anew without it.
                running ??= writes[0];
                writes.Remove(running);
                running.Fail(e);
            }
            catch (Exception e) when (Faults.IsOutage(e) && IsWorthWaiting(e))
            {
                Disconnect();
                _ending.Wait(pause);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
            catch (Exception e)
            {
                Disconnect();
                _isUnknown = false; // nobody waits for its answer any more
                FailAll(writes, e);
                return;
            }
        }
    }

    /// <summary>From now on no group waits for a server that is away.</summary>
    public void End() => _ending.Set();

    public void Dispose()
    {
        try
        {
            _connection?.Run("DELETE FROM writer WHERE id = $1", _id);
        }
        catch (Exception e) when (e is NpgsqlException or InvalidOperationException)
        {
            // It is forgotten in time.
        }

        Disconnect();
        _ending.Dispose();
    }

    /// <summary>Whether the transaction whose answer got lost is stored after all.</summary>
    private bool IsCommitted()
    {
        if (_connection is null)
        {
            _connection = open();
            _connection.Run(Impatience);
            _connection.Run(AddWriter, _id);
            _connection.Run(ForgetWriters, _id);
            _names.ForgetAll(); // it may be another server, or one that was restored
        }

        if (!_isUnknown)
        {
            return false;
        }

        var isCommitted = _connection.All(row => row.GetInt64(0), LastCommit, _id) is [var last] && last == _commits;
        _isUnknown = false;
        LogFoundOut(isCommitted ? "stored" : "not stored");
        return isCommitted;
    }

    /// <returns>True.</returns>
    private bool Store(List<PostgresWrite> writes, ref PostgresWrite? running)
    {
        var connection = _connection!;
        connection.Run("BEGIN");
        var readings = new ReadingGroup(connection, _names);
        foreach (var append in writes.OfType<TelemetryAppend>().Where(append => append.Stored.Count > 0))
        {
            readings.Add(append);
        }

        readings.Store();
        var sessions = writes.Where(write => write.Refusal is null).SelectMany(write => write.Sessions).Distinct().ToArray();
        if (sessions.Length > 1)
        {
            connection.Run(LockSessions, (object)sessions);
        }

        var effects = new AppendedEffects(connection, options);
        foreach (var write in writes)
        {
            switch (write)
            {
                case TelemetryAppend { Refusal: null } append:
                    effects.Add(append);
                    break;
                case Statements statements:
                    effects.WriteSessions();
                    running = write;
                    statements.Run(connection);
                    running = null;
                    break;
            }
        }

        effects.WriteSessions();
        effects.WriteRetained();
        Commit(connection);
        readings.Remember();
        return true;
    }

    private void Commit(NpgsqlConnection connection)
    {
        _commits++;
        using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(new NpgsqlBatchCommand(CountCommit)
        {
            Parameters = { new NpgsqlParameter { Value = _id }, new NpgsqlParameter { Value = _commits } },
        });
        batch.BatchCommands.Add(new NpgsqlBatchCommand("COMMIT"));
        _isUnknown = true;
        try
        {
            batch.ExecuteNonQuery();
            _isUnknown = false;
        }
        catch (PostgresException e) when (!Faults.IsOutage(e))
        {
            _isUnknown = false; // the server says that it did not
            throw;
        }
    }

    /// <summary>Whoever is at fault, the others are not.</summary>
    private void CommitOneByOne(List<PostgresWrite> writes)
    {
        foreach (var write in writes)
        {
            Commit([write]);
        }
    }

    private void Settle(List<PostgresWrite> writes, TimeSpan duration)
    {
        var stored = writes.Where(write => write.Refusal is null);
        metrics.Committed(stored.Sum(write => write.Readings), stored.Sum(write => write.Size), duration);
        foreach (var write in writes)
        {
            write.Settle();
        }

        if (_awaySince is not null || _failedCommits > 0)
        {
            LogStoresAgain(_failedCommits);
            (_awaySince, _failedCommits) = (null, 0);
        }
    }

    private bool IsWorthWaiting(Exception cause)
    {
        if (_awaySince is null)
        {
            _awaySince = Stopwatch.GetTimestamp();
            LogAway(cause);
        }

        return !_ending.IsSet && Stopwatch.GetElapsedTime(_awaySince.Value) < options.ServerPatience;
    }

    private void FailAll(List<PostgresWrite> writes, Exception cause)
    {
        foreach (var write in writes)
        {
            write.FailUnavailable("The store cannot write now.", cause);
        }

        metrics.Failed();
        if (_failedCommits++ == 0)
        {
            LogCommitFailed(cause, writes.Count);
        }
    }

    private void Rollback() => Try(connection => connection.Run("ROLLBACK"));

    private void EndWhoHangs() => Try(connection =>
    {
        if (connection.All(row => row.GetBoolean(0), EndHanging).Count is var ended and > 0)
        {
            LogEndedWhoHangs(ended);
        }
    });

    private void Try(Action<NpgsqlConnection> statements)
    {
        try
        {
            if (_connection is not null)
            {
                statements(_connection);
            }
        }
        catch (Exception e) when (e is NpgsqlException or InvalidOperationException or IOException or TimeoutException)
        {
            Disconnect();
        }
    }

    private void Disconnect()
    {
        try
        {
            _connection?.Dispose();
        }
        catch (Exception e) when (e is NpgsqlException or InvalidOperationException or IOException or TimeoutException)
        {
            // It is broken, and that is why it goes.
        }

        _connection = null;
    }
}
