namespace OrleansIoT.Gateway.Live;

/// <summary>What the readings take that streams have not taken yet, all together.</summary>
internal sealed class FeedBudget(long most)
{
    private long _bytes;

    public bool IsSpent => Volatile.Read(ref _bytes) > most;

    public long Bytes => Volatile.Read(ref _bytes);

    public void Add(long bytes) => Interlocked.Add(ref _bytes, bytes);
}
