using System.Collections.Concurrent;

namespace OrleansIoT.History;

/// <summary>
/// Threads for queries, which wait for a disk or a server. The pool has hardly more threads than processors and makes others slowly,
/// so queries there hold up everything else of a silo, most of all one that has just started and reads what its grains need.
/// </summary>
internal sealed class QueryThreads : IDisposable
{
    private readonly BlockingCollection<Action> _queries = [];

    public QueryThreads(string name, int count)
    {
        for (var i = 0; i < count; i++)
        {
            new Thread(RunAll) { IsBackground = true, Name = name }.Start();
        }
    }

    /// <summary>As soon as one of the threads is free.</summary>
    /// <exception cref="ObjectDisposedException">The threads end.</exception>
    public Task<T> Run<T>(Func<T> query, CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(_queries.IsAddingCompleted, this);
        var run = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _queries.Add(
            () =>
            {
                try
                {
                    cancellation.ThrowIfCancellationRequested();
                    run.SetResult(query());
                }
                catch (OperationCanceledException e) when (e.CancellationToken == cancellation)
                {
                    run.SetCanceled(cancellation);
                }
                catch (Exception e)
                {
                    run.SetException(e);
                }
            },
            CancellationToken.None);
        return run.Task;
    }

    /// <summary>The threads end when no query is left.</summary>
    public void Dispose() => _queries.CompleteAdding();

    private void RunAll()
    {
        foreach (var query in _queries.GetConsumingEnumerable())
        {
            query();
        }
    }
}
