using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using OrleansIoT.Failures;
using OrleansIoT.Grains.Sessions;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Topics;

/// <summary>
/// Keeps this silo's copy of the route table: says twice a second that it is here, takes what has changed elsewhere, and
/// says to the table what the grains of this silo change. It begins when others can call this silo (<see cref="Start"/>) and ends
/// behind its last grain (<see cref="Leave"/>), so that topics go on while they drain.
/// </summary>
public sealed partial class RouteReplica : IRouteReplica, IRouteSpread, IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Then the table is asked once more: the silo that it is on may end, and answer nothing. An answer that comes all the same
    /// counts.
    /// </summary>
    private static readonly TimeSpan Impatience = TimeSpan.FromSeconds(0.7);

    /// <summary>Between two attempts while the table moves.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>The table moves within seconds; who waits longer than this has waited enough.</summary>
    private static readonly TimeSpan SpreadLimit = TimeSpan.FromSeconds(15);

    private readonly Routes _routes;
    private readonly IGrainFactory _grains;
    private readonly ISilos _silos;
    private readonly LiveClients _clients;
    private readonly TimeProvider _clock;
    private readonly ILogger<RouteReplica> _logger;
    private readonly CancellationTokenSource _ending = new();
    private readonly Lock _gate = new();
    private readonly HashSet<string> _lostEdges = [];
    private readonly List<(RouteEntry Entry, TaskCompletionSource Told)> _waiting = [];
    private HashSet<string>? _heard;
    private Task _following = Task.CompletedTask;
    private Task _reading = Task.CompletedTask;
    private IRouteReplica? _reference;
    private long _epoch;
    private long _told;
    private long _read;
    private bool _isSpreading;
    private bool _isComplete;
    private bool _hasLease;
    private bool _isFailing;
    private bool _isDisposed;

    public RouteReplica(
        Routes routes, IGrainFactory grains, ISilos silos, LiveClients clients, TimeProvider clock, ILogger<RouteReplica> logger)
    {
        (_routes, _grains, _silos, _clients, _clock, _logger) = (routes, grains, silos, clients, clock, logger);
        routes.BelongTo(this);
    }

    private IRouteTableGrain Table => _grains.RouteTable();

    /// <summary>The silo is active: the table can tell it.</summary>
    public void Start()
    {
        _reference = _grains.CreateObjectReference<IRouteReplica>(this);
        _following = Follow();
    }

    /// <summary>The last grain of this silo has ended: nobody waits for it any more.</summary>
    public async Task Leave()
    {
        await _ending.CancelAsync();
        await _following;
        _routes.Renew(0);
        Caller.System(GrainKey.SystemTenant, "routes").Enter();
        await Table.Leave(_silos.Self);
    }

    /// <summary>By the container, once for each of the two things that it is there.</summary>
    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            _ending.Cancel();
            _ending.Dispose();
        }
    }

    public Task Apply(long epoch, ImmutableArray<RouteEntry> entries)
    {
        lock (_gate)
        {
            if (epoch < _epoch)
            {
                throw new FailureException(Failure.Conflict, "A later route table is followed.");
            }

            _epoch = epoch;
            foreach (var entry in entries)
            {
                _heard?.Add(entry.Session);
                _routes.Apply(entry);
            }
        }

        return Task.CompletedTask;
    }

    Task IRouteSpread.Spread(TenantRoutes tenant, SessionRoute route)
    {
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (tenant.Stamped(route, _silos.Self, _clock.GetUtcNow()) is not { } entry)
            {
                return Task.CompletedTask;
            }

            _waiting.Add((entry, told));
            if (_isSpreading)
            {
                return told.Task;
            }

            _isSpreading = true;
        }

        _ = Task.Run(Spread);
        return told.Task;
    }

    private async Task Follow()
    {
        try
        {
            while (!_ending.IsCancellationRequested)
            {
                try
                {
                    await Ask().WaitAsync(Impatience, _clock, _ending.Token);
                    _isFailing = false;
                }
                catch (Exception e) when (!_ending.IsCancellationRequested)
                {
                    if (!_isFailing && !_routes.IsCurrent)
                    {
                        _isFailing = true;
                        LogBehind(_logger, e.Message);
                    }

                    await Task.Delay(Pause, _clock, _ending.Token);
                    continue;
                }

                await Task.Delay(_isComplete ? Period : Pause, _clock, _ending.Token);
            }
        }
        catch (OperationCanceledException) when (_ending.IsCancellationRequested)
        {
            // The silo ends.
        }
    }

    private async Task Ask()
    {
        var asked = Environment.TickCount64;
        Caller.System(GrainKey.SystemTenant, "routes").Enter();
        var lease = await Table.Follow(_silos.Self, _reference!, _told);
        lock (_gate)
        {
            Follow(lease, asked);
        }
    }

    /// <summary>With the gate held: answers may overtake each other.</summary>
    private void Follow(RouteLease lease, long asked)
    {
        if (lease.Epoch < _epoch || _ending.IsCancellationRequested)
        {
            return; // of a table that is over, or too late
        }

        _epoch = lease.Epoch;

        // Who was not heard in time may have missed something. Who was has missed nothing, even if the table is a new one.
        if ((_hasLease && !_routes.IsCurrent) || (_read == lease.Epoch && lease.MustRead && _reading.IsCompleted))
        {
            (_isComplete, _hasLease, _read) = (false, false, 0);
        }

        if (_reading.IsCompleted && (_told != lease.Epoch || _read != lease.Epoch))
        {
            _reading = Read(lease.Epoch);
        }

        if (_isComplete)
        {
            _hasLease = true;
            _routes.Renew(asked + (long)RouteTables.Lease.TotalMilliseconds);
        }

        foreach (var edge in lease.DeadEdges)
        {
            if (_lostEdges.Add(edge))
            {
                _ = Lose(edge);
            }
        }
    }

    /// <summary>Says what is this silo's own, and reads what the others have said.</summary>
    private async Task Read(long epoch)
    {
        try
        {
            await Task.Yield();
            Caller.System(GrainKey.SystemTenant, "routes").Enter();
            if (_told != epoch)
            {
                foreach (var own in RouteBatch.All([.. _routes.Entries().Where(entry => entry.Silo == _silos.Self)]))
                {
                    await Table.Change(_silos.Self, own);
                }

                _told = epoch; // which the table hears with the next question
                return;
            }

            lock (_gate)
            {
                _heard = [];
            }

            for (int? next = 0; next is { } from;)
            {
                var page = await Table.Read(_silos.Self, from);
                await Apply(epoch, page.Entries);
                next = page.Next;
            }

            Forget();
            (_isComplete, _read) = (true, epoch);
            LogComplete(_logger, epoch);
        }
        catch (Exception e)
        {
            LogUnread(_logger, e.Message); // and begun again
        }
    }

    /// <summary>What others have said and is not in the table any more.</summary>
    private void Forget()
    {
        lock (_gate)
        {
            foreach (var entry in _routes.Entries().Where(entry => entry.Silo != _silos.Self && !_heard!.Contains(entry.Session)))
            {
                _routes.Apply(entry with { Stamp = entry.Stamp + 1, Subscriptions = [] });
            }

            _heard = null;
        }
    }

    private async Task Spread()
    {
        while (true)
        {
            List<(RouteEntry Entry, TaskCompletionSource Told)> batch;
            lock (_gate)
            {
                if (_waiting.Count == 0)
                {
                    _isSpreading = false;
                    return;
                }

                var count = RouteBatch.Count(_waiting.Select(waiting => waiting.Entry));
                batch = _waiting.GetRange(0, count);
                _waiting.RemoveRange(0, count);
            }

            var failure = await Tell([.. batch.Select(waiting => waiting.Entry)]);
            foreach (var (_, told) in batch)
            {
                if (failure is null)
                {
                    told.SetResult();
                }
                else
                {
                    told.SetException(new FailureException(
                        Failure.Unavailable, "Not every silo could be told who subscribes. Try again.", failure));
                }
            }
        }
    }

    /// <returns>Why not, or null. That it may have been taken all the same is no harm: it can be said again.</returns>
    private async Task<Exception?> Tell(ImmutableArray<RouteEntry> entries)
    {
        var began = _clock.GetTimestamp();
        while (true)
        {
            try
            {
                Caller.System(GrainKey.SystemTenant, "routes").Enter();
                await Table.Change(_silos.Self, entries);
                return null;
            }
            catch (Exception e)
            {
                if (_clock.GetElapsedTime(began) > SpreadLimit || _ending.IsCancellationRequested)
                {
                    return e;
                }

                await Task.Delay(Pause, _clock);
            }
        }
    }

    private async Task Lose(string edge)
    {
        try
        {
            await _clients.Lose(edge);
        }
        catch (Exception e)
        {
            LogLoseFailed(_logger, edge, e);
            lock (_gate)
            {
                _lostEdges.Remove(edge); // heard again while the table says it
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "The route table is not heard, so topics here take nothing until it is: {Why}")]
    private static partial void LogBehind(ILogger logger, string why);

    [LoggerMessage(LogLevel.Information, "The routes of the cluster, epoch {Epoch}, are here")]
    private static partial void LogComplete(ILogger logger, long epoch);

    [LoggerMessage(LogLevel.Warning, "The route table could not be read; tried again: {Why}")]
    private static partial void LogUnread(ILogger logger, string why);

    [LoggerMessage(LogLevel.Error, "Clients of the dead edge {Edge} could not be told")]
    private static partial void LogLoseFailed(ILogger logger, string edge, Exception exception);
}
