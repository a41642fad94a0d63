namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>The bytes that wait to be stored, of all connections together.</summary>
internal sealed class ByteBudget(long most)
{
    private long _used;

    public bool IsSpent => Volatile.Read(ref _used) >= most;

    public void Take(long bytes) => Interlocked.Add(ref _used, bytes);

    public void Return(long bytes) => Interlocked.Add(ref _used, -bytes);
}
