using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using OrleansIoT.Failures;

namespace OrleansIoT.History.Sqlite;

/// <summary>A bounded number of read-only connections, opened when first needed. They never wait for the writer.</summary>
internal sealed partial class Readers(string path, int count, ILogger log) : IDisposable
{
    private readonly SemaphoreSlim _free = new(count);
    private readonly QueryThreads _threads = new("History reader", count);
    private readonly ConcurrentBag<Connection> _idle = [];
    private volatile bool _closed;

    /// <summary>Runs the query on one state of the database, beside the caller and not on its scheduler.</summary>
    public async Task<T> Read<T>(Func<Connection, T> query, CancellationToken cancellation)
    {
        await _free.WaitAsync(cancellation);
        try
        {
            return await _threads.Run(() => Run(query, cancellation), cancellation);
        }
        finally
        {
            _free.Release();
        }
    }

    /// <summary>Returns when the last running query has; those that wait are refused.</summary>
    public void Dispose()
    {
        _closed = true;
        for (var i = 0; i < count; i++)
        {
            _free.Wait();
        }

        _threads.Dispose();
        foreach (var connection in _idle)
        {
            connection.Dispose();
        }

        _free.Release(count);
    }

    private T Run<T>(Func<Connection, T> query, CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        Connection? connection = null;
        try
        {
            connection = _idle.TryTake(out var idle) ? idle : Connection.OpenReader(path).MakeDurable();
            var result = RunInterruptibly(connection, query, cancellation);
            _idle.Add(connection);
            return result;
        }
        catch (Exception e)
        {
            // Rarely does a query fail, so whatever state it left its connection in goes with it.
            connection?.Dispose();
            if (e is not SqliteException fault)
            {
                throw;
            }

            if (fault.IsInterrupt)
            {
                throw new OperationCanceledException(e.Message, e, cancellation);
            }

            LogReadFailed(e);
            throw new FailureException(Failure.Unavailable, "The store cannot be read now.", e);
        }
    }

    private static T RunInterruptibly<T>(Connection connection, Func<Connection, T> query, CancellationToken cancellation)
    {
        using var interrupt = cancellation.UnsafeRegister(static running => ((Connection)running!).Interrupt(), connection);
        connection.Begin(write: false);
        var result = query(connection);
        connection.Commit();
        return result;
    }
}
