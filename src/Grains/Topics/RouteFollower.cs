using System.Collections.Immutable;
using OrleansIoT.Failures;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Topics;

/// <summary>A silo that follows the route table, as the table sees it. What has changed while it takes something is one call.</summary>
internal sealed class RouteFollower(string silo, IRouteReplica replica, long epoch, TimeProvider clock)
{
    /// <summary>What lies between a silo's question and the table's hearing of it may not count for the silo only.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(0.4);

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private List<(ImmutableArray<RouteEntry> Entries, TaskCompletionSource Told)> _waiting = [];
    private List<RouteEntry>? _snapshot;
    private long _heardAt = clock.GetTimestamp();
    private bool _isSending;

    public string Silo => silo;

    /// <summary>It has said everything that is its own.</summary>
    public bool HasTold { get; set; }

    /// <summary>It has read the whole table.</summary>
    public bool HasRead { get; set; }

    /// <summary>It takes no publication any more without having asked again, and so nobody waits for it.</summary>
    public bool IsOver { get; private set; }

    /// <summary>It knows of a table that has come after this one.</summary>
    public bool IsAnothers { get; private set; }

    public void Heard() => _heardAt = clock.GetTimestamp();

    public bool WasHeardWithin(TimeSpan time) => clock.GetElapsedTime(_heardAt) <= time;

    public void End() => IsOver = true;

    /// <summary>Complete when the silo knows, or does not count any more.</summary>
    public Task Tell(ImmutableArray<RouteEntry> entries)
    {
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Add((entries, told));
        if (!_isSending)
        {
            _isSending = true;
            _ = Send();
        }

        return told.Task;
    }

    /// <param name="from">0 begins anew.</param>
    /// <param name="routes">What to read.</param>
    public RoutePage Read(int from, Routes routes)
    {
        if (from == 0)
        {
            _snapshot = routes.Entries();
        }

        var all = _snapshot ?? [];
        var count = RouteBatch.Count(all.Skip(from));
        int? next = from + count < all.Count ? from + count : null;
        if (next is null)
        {
            _snapshot = null;
        }

        return new RoutePage([.. all.GetRange(from, count)], next);
    }

    private async Task Send()
    {
        while (_waiting.Count > 0)
        {
            var batch = _waiting;
            _waiting = [];
            foreach (var entries in RouteBatch.All([.. batch.SelectMany(told => told.Entries)]))
            {
                while (!IsOver && !await HasTaken(entries) && !IsAnothers)
                {
                    IsOver |= clock.GetElapsedTime(_heardAt) > RouteTables.Lease + Margin; // or it has left meanwhile
                    await Task.Delay(Pause, clock);
                }
            }

            foreach (var (_, told) in batch)
            {
                told.SetResult();
            }
        }

        _isSending = false;
    }

    private async Task<bool> HasTaken(ImmutableArray<RouteEntry> entries)
    {
        try
        {
            await replica.Apply(epoch, entries).WaitAsync(Limit, clock);
            return true;
        }
        catch (FailureException e) when (e.Failure == Failure.Conflict)
        {
            IsAnothers = true;
            return false;
        }
        catch (Exception)
        {
            return false; // it is asked again until it says nothing any more itself, and that is noticed and logged elsewhere
        }
    }
}
