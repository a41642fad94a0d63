using System.Collections.Concurrent;
using Microsoft.Extensions.Options;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>The connections that there are. Once a second each of them is asked whether its time is over.</summary>
internal sealed class LiveSessions : IDisposable
{
    private readonly ConcurrentDictionary<string, DeviceSession> _sessions = new();
    private readonly TimeProvider _time;
    private readonly ITimer _sweep;
    private readonly int _most;
    private int _count;

    public LiveSessions(TimeProvider time, DeviceEdgeMetrics metrics, IOptions<DeviceEdgeOptions> options)
    {
        _time = time;
        _most = options.Value.MaxConnections;
        metrics.Observe(this);
        _sweep = time.CreateTimer(_ => Sweep(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
    }

    public int Count => Volatile.Read(ref _count);

    /// <summary>How many of them are not read, because the store is slow or they are too fast.</summary>
    public int Paused => _sessions.Count(session => session.Value.IsPaused);

    public IEnumerable<DeviceSession> All => _sessions.Select(session => session.Value);

    /// <returns>False if there are as many as there may be.</returns>
    public bool TryAdd(DeviceSession session)
    {
        if (Interlocked.Increment(ref _count) > _most)
        {
            Interlocked.Decrement(ref _count);
            return false;
        }

        return _sessions.TryAdd(session.ConnectionId, session);
    }

    public DeviceSession? Find(string connectionId) => _sessions.GetValueOrDefault(connectionId);

    public void Remove(DeviceSession session)
    {
        if (_sessions.TryRemove(session.ConnectionId, out _))
        {
            Interlocked.Decrement(ref _count);
        }
    }

    public void Dispose() => _sweep.Dispose();

    private void Sweep()
    {
        var now = _time.GetUtcNow();
        foreach (var (_, session) in _sessions)
        {
            session.CheckTime(now);
        }
    }
}
