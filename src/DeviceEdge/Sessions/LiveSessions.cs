using System.Collections.Concurrent;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>The connections that there are. Once a second each of them is asked whether its time is over.</summary>
internal sealed class LiveSessions : IDisposable
{
    private readonly ConcurrentDictionary<DeviceSession, bool> _sessions = new();
    private readonly ITimer _sweep;
    private readonly int _most;
    private int _count;

    public LiveSessions(TimeProvider time, DeviceEdgeMetrics metrics, int most)
    {
        _most = most;
        metrics.Observe(this);
        _sweep = time.CreateTimer(_ => Sweep(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
    }

    public int Count => Volatile.Read(ref _count);

    /// <summary>How many of them are not read because the store is slow.</summary>
    public int Paused => _sessions.Count(session => session.Key.IsWaitingForStore);

    /// <returns>False if there are as many as there may be.</returns>
    public bool TryAdd(DeviceSession session)
    {
        if (Interlocked.Increment(ref _count) > _most)
        {
            Interlocked.Decrement(ref _count);
            return false;
        }

        return _sessions.TryAdd(session, true);
    }

    public void Remove(DeviceSession session)
    {
        if (_sessions.TryRemove(session, out _))
        {
            Interlocked.Decrement(ref _count);
        }
    }

    public void Dispose() => _sweep.Dispose();

    private void Sweep()
    {
        foreach (var (session, _) in _sessions)
        {
            session.CheckTime();
        }
    }
}
