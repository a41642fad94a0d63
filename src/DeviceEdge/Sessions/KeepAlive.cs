namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>
/// How long a connection may be silent. It has no timer of its own: <see cref="LiveSessions"/> asks all of them once a
/// second. Its clock is the monotonic one, which nobody sets.
/// </summary>
internal sealed class KeepAlive
{
    private readonly TimeProvider _time;
    private long _heard;
    private TimeSpan _allowed;

    /// <summary>At first the time for the CONNECT runs, whatever is heard meanwhile.</summary>
    public KeepAlive(TimeProvider time, TimeSpan forConnect)
    {
        _time = time;
        _allowed = forConnect;
        Heard();
    }

    public bool IsOver
    {
        get
        {
            var heard = Volatile.Read(ref _heard);
            return _allowed != Timeout.InfiniteTimeSpan && _time.GetElapsedTime(heard) > _allowed;
        }
    }

    /// <summary>What is left of the time; not for when there is no end of it.</summary>
    public TimeSpan Left
    {
        get
        {
            var left = _allowed - _time.GetElapsedTime(Volatile.Read(ref _heard));
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>The CONNECT is there and its credential is being checked, which has its own limit.</summary>
    public void Suspend() => _allowed = Timeout.InfiniteTimeSpan;

    /// <summary>From here on one and a half times the keep-alive [MQTT-3.1.2-22]; 0 is for ever.</summary>
    public void Start(int seconds)
    {
        Heard();
        _allowed = seconds > 0 ? TimeSpan.FromSeconds(seconds * 1.5) : Timeout.InfiniteTimeSpan;
    }

    public void Heard() => Volatile.Write(ref _heard, _time.GetTimestamp());
}
