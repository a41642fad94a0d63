using System.Diagnostics;
using OrleansIoT.Failures;
using OrleansIoT.Faults.Recording;
using OrleansIoT.Faults.Systems;

namespace OrleansIoT.Faults.Nemesis;

/// <summary>Makes the faults of a schedule, each in its time, whether or not the one before is over.</summary>
public sealed class FaultMaker(Topology system, IClientConnections clients, Ledger ledger)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly Lock _gate = new();
    private readonly List<Injection> _injections = [];

    public IReadOnlyList<Injection> Injections
    {
        get
        {
            lock (_gate)
            {
                return [.. _injections];
            }
        }
    }

    /// <summary>Complete when the last fault is over and everything that was stopped goes on.</summary>
    public async Task Run(IReadOnlyList<Fault> schedule, Action<string> say, CancellationToken cancellation)
    {
        var start = Stopwatch.GetTimestamp();
        var running = new List<Task>();
        try
        {
            foreach (var fault in schedule)
            {
                var wait = fault.At - Stopwatch.GetElapsedTime(start);
                await Task.Delay(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, cancellation);
                say(fault.ToString());
                running.Add(Make(fault, cancellation));
            }

            await Task.WhenAll(running);
        }
        finally
        {
            Heal();
        }
    }

    /// <summary>Whatever is stopped goes on, and hears the others.</summary>
    private void Heal()
    {
        foreach (var name in system.Processes.Names[FaultPlan.Network])
        {
            NetworkOf(name).Heal();
        }

        foreach (var name in system.Processes.Names.SelectMany(names => names))
        {
            system.Processes.SignalAll(name, Signal.Continue);
        }
    }

    private async Task Make(Fault fault, CancellationToken cancellation)
    {
        int number;
        lock (_gate)
        {
            number = _injections.Count;
            _injections.Add(new Injection(fault, ledger.Now));
        }

        ledger.Note($"begins: {fault}");
        try
        {
            await Do(fault, cancellation);
        }
        finally
        {
            lock (_gate)
            {
                _injections[number] = _injections[number] with { Ended = ledger.Now };
            }

            ledger.Note($"over: {fault}");
        }
    }

    private async Task Do(Fault fault, CancellationToken cancellation)
    {
        var processes = system.Processes;
        var targets = fault.Target.Split('+');
        switch (fault.Plan.Kind)
        {
            case FaultKind.Kill or FaultKind.KillTwo:
                await End(targets, Signal.Kill, cancellation);
                break;
            case FaultKind.Terminate:
                await End(targets, fault.Plan.Role == FaultPlan.Postgres ? Signal.Interrupt : Signal.Terminate, cancellation);
                break;
            case FaultKind.Immediate:
                await End(targets, Signal.Quit, cancellation);
                break;
            case FaultKind.Roll:
                foreach (var target in targets)
                {
                    await End([target], Signal.Terminate, cancellation);
                    await system.Ready(cancellation);
                }

                break;
            case FaultKind.KillAgain:
                for (var i = 0; i < 4; i++)
                {
                    await End(targets, Signal.Kill, cancellation);
                }

                break;
            case FaultKind.Crash:
                processes.SetEnvironment(fault.Target, $"{CrashPoint.Variable}={fault.Detail}");
                var doomed = await End(targets, Signal.Kill, cancellation);
                using (var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation))
                {
                    limit.CancelAfter(TimeSpan.FromSeconds(20)); // it may never come to its point
                    await CrashesAt(fault.Target, doomed, limit.Token);
                }

                break;
            case FaultKind.KillBackend:
                if (processes.PidOf(fault.Target) is { } postmaster)
                {
                    Signals.Send(ProcessTable.ChildrenOf(postmaster).LastOrDefault(postmaster), Signal.Kill);
                }

                break;
            case FaultKind.Stop:
                processes.SignalAll(fault.Target, Signal.Stop);
                await Task.Delay(fault.Duration, CancellationToken.None);
                processes.SignalAll(fault.Target, Signal.Continue);
                break;
            case FaultKind.Pauses:
                for (var begin = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(begin) < fault.Duration;)
                {
                    processes.SignalAll(fault.Target, Signal.Stop);
                    await Task.Delay(Pause, CancellationToken.None);
                    processes.SignalAll(fault.Target, Signal.Continue);
                    await Task.Delay(TimeSpan.FromSeconds(1) - Pause, CancellationToken.None);
                }

                break;
            case FaultKind.Split or FaultKind.SplitOneWay:
                var (one, other) = (NetworkOf(targets[0]), NetworkOf(targets[1]));
                one.Lose(other);
                if (fault.Plan.Kind == FaultKind.Split)
                {
                    other.Lose(one);
                }

                await Task.Delay(fault.Duration, CancellationToken.None);
                one.Heal();
                other.Heal();
                break;
            case FaultKind.Isolate:
                NetworkOf(fault.Target).Isolate();
                await Task.Delay(fault.Duration, CancellationToken.None);
                NetworkOf(fault.Target).Heal();
                break;
            case FaultKind.RotateTokenKeys:
                await system.RotateTokenKeys();
                break;
            case FaultKind.RotateClusterKey:
                await system.RotateClusterKey();
                break;
            case FaultKind.Reset:
                clients.Reset(0.3);
                break;
            case FaultKind.Cut:
                clients.Cut(0.3);
                break;
            case FaultKind.Storm:
                clients.Reset(1);
                break;
            default:
                throw new UnreachableException();
        }
    }

    private NetworkOfProcess NetworkOf(string name) => system.Processes.NetworkOf(name);

    /// <summary>Signals, and waits until each is there again.</summary>
    /// <returns>The process id of the last one's new life.</returns>
    private async Task<int> End(string[] targets, Signal signal, CancellationToken cancellation)
    {
        var before = targets.Select(target => (Name: target, Pid: system.Processes.PidOf(target))).ToList();
        foreach (var (name, _) in before)
        {
            system.Processes.Send(name, Signal.Continue); // a process that is stopped would not hear the rest
            system.Processes.Send(name, signal);
        }

        var pid = 0;
        foreach (var (name, old) in before)
        {
            pid = await system.Processes.StartsAgain(name, old, cancellation);
        }

        return pid;
    }

    private async Task CrashesAt(string name, int pid, CancellationToken cancellation)
    {
        try
        {
            await system.Processes.StartsAgain(name, pid, cancellation);
        }
        catch (OperationCanceledException)
        {
            // It has not come to its point. Its plan is for this life only, if it still has it.
            if (system.Processes.PidOf(name) == pid)
            {
                await End([name], Signal.Kill, CancellationToken.None);
            }
        }
    }
}

/// <summary>What is done to the clients' connections.</summary>
public interface IClientConnections
{
    /// <summary>A TCP reset of so large a part of them.</summary>
    void Reset(double part);

    /// <summary>An end in the middle of the next packets.</summary>
    void Cut(double part);
}
