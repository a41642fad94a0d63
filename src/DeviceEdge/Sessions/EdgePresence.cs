using System.Collections.Immutable;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansIoT.Failures;
using OrleansIoT.Identity;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>
/// In a cluster, an edge says twice a second that it is here, and hears which silos are. A connection whose client's grain was
/// on a silo that is no more is told to the grain's next activation, a few at a time, or ends, and its client connects anew; and an
/// edge that has not been heard for so long that its connections count as lost ends them all.
/// </summary>
internal sealed partial class EdgePresence : BackgroundService, IHostedLifecycleService
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);

    /// <summary>Then the route table is asked once more: the silo that it was on may be gone.</summary>
    private static readonly TimeSpan Impatience = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LeaveLimit = TimeSpan.FromSeconds(1);

    /// <summary>In how many rounds the connections of a dead silo are told to others, or end, so that not all come at once.</summary>
    private const int Rounds = 6;

    /// <summary>And at least so many in each.</summary>
    private const int LeastARound = 50;

    /// <summary>A minute.</summary>
    private const int Remembered = 120;

    /// <summary>In how many steps an edge ends its connections.</summary>
    private const int Steps = 20;

    private readonly Edge _edge;
    private readonly LiveSessions _live;
    private readonly IGrainFactory _grains;
    private readonly TimeProvider _time;
    private readonly ILogger<EdgePresence> _log;

    /// <summary>Silos that are no more, and for how many rounds their connections are looked for: some are being made just now.</summary>
    private readonly Dictionary<string, int> _gone = [];
    private ImmutableArray<string> _silos = [];
    private long _heardAt;
    private readonly TimeSpan _drainTime;
    private int _aRound;
    private long _goneAt;
    private bool _isLost;

    public EdgePresence(
        Edge edge,
        LiveSessions live,
        IGrainFactory grains,
        IOptions<DeviceEdgeOptions> options,
        TimeProvider time,
        ILogger<EdgePresence> log)
    {
        (_edge, _live, _grains, _time, _log) = (edge, live, grains, time, log);
        _drainTime = options.Value.DrainTime;
        NewName();
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>
    /// The health check says by now that nobody should come here any more, and nothing has stopped yet: connections end in
    /// steps, so that those who come back elsewhere do not come all at once.
    /// </summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        for (var step = Steps; step > 0; step--)
        {
            foreach (var session in _live.All.Take((_live.Count + step - 1) / step))
            {
                session.Leave();
            }

            await Task.Delay(_drainTime / Steps, _time, cancellationToken);
        }
    }

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>What is connected ends before this is called, and grains have heard of it.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            Enter();
            await _grains.RouteTable().LeaveEdge(_edge.Name).WaitAsync(LeaveLimit, _time, cancellationToken);
        }
        catch (Exception e)
        {
            LogUnheard(_log, e.Message); // it is missed in a while
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, _time);
        try
        {
            do
            {
                await Keep();
                EndOrphans();
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private async Task Keep()
    {
        var asked = _time.GetTimestamp();
        try
        {
            Enter();
            Hear(await _grains.RouteTable().KeepEdge(_edge.Name).WaitAsync(Impatience, _time));
            _heardAt = asked;
            _isLost = false;
        }
        catch (FailureException e) when (e.Failure == Failure.Conflict)
        {
            EndAll();
        }
        catch (Exception e)
        {
            if (_time.GetElapsedTime(_heardAt) > RouteTables.EdgeLease)
            {
                LogUnheard(_log, e.Message);
                EndAll();
            }
        }
    }

    private void Hear(ImmutableArray<string> silos)
    {
        foreach (var gone in _silos.Except(silos))
        {
            LogSiloGone(_log, gone);
            _gone[gone] = Remembered;
            _goneAt = _time.GetTimestamp();
            var orphans = 0;
            foreach (var session in _live.All)
            {
                if (session.Silo == gone)
                {
                    orphans++;
                }
                else
                {
                    session.Suspect();
                }
            }

            _aRound = Math.Max(LeastARound, orphans / Rounds + 1);
        }

        _silos = silos;
    }

    private void EndOrphans()
    {
        if (_gone.Count == 0)
        {
            return;
        }

        foreach (var session in _live.All.Where(session => _gone.ContainsKey(session.Silo) && !session.IsResuming).Take(_aRound))
        {
            _ = session.Resume();
        }

        // An answer that was to come by way of the dead silo does not come, wherever the client's grain is.
        if (_gone.ContainsValue(Remembered - 1))
        {
            foreach (var session in _live.All)
            {
                session.GiveUpWhatWaitsSince(_goneAt);
            }
        }

        foreach (var (silo, rounds) in _gone.ToList())
        {
            if (rounds > 0)
            {
                _gone[silo] = rounds - 1;
            }
            else
            {
                _gone.Remove(silo);
            }
        }
    }

    /// <summary>They count as lost by now, so this is an edge anew.</summary>
    private void EndAll()
    {
        if (!_isLost)
        {
            _isLost = true;
            LogLost(_log, _live.Count);
            NewName();
            foreach (var session in _live.All)
            {
                session.Lose();
            }
        }
    }

    private void NewName()
    {
        _edge.Name = Guid.NewGuid().ToString("N");
        _heardAt = _time.GetTimestamp();
    }

    private static void Enter() => Caller.SigningIn(GrainKey.SystemTenant, "edge").Enter();

    [LoggerMessage(LogLevel.Warning, "Silo {Silo} is no more: connections of clients that it had go on with another one, or end and come back")]
    private static partial void LogSiloGone(ILogger logger, string silo);

    [LoggerMessage(LogLevel.Warning, "The cluster does not hear this edge: {Why}")]
    private static partial void LogUnheard(ILogger logger, string why);

    [LoggerMessage(LogLevel.Warning, "This edge was not heard for so long that its {Connections} connections end")]
    private static partial void LogLost(ILogger logger, int connections);
}
