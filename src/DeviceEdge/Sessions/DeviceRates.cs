namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>
/// How fast each publisher may publish, whatever connections it has and how often it makes new ones: its bucket is
/// forgotten only when nobody uses it and it is full again.
/// </summary>
internal sealed class DeviceRates : IDisposable
{
    private static readonly TimeSpan SweepInterval = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Entry> _entries = [];
    private readonly DeviceEdgeOptions _options;
    private readonly TimeProvider _time;
    private readonly ITimer _sweep;

    public DeviceRates(DeviceEdgeOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
        _sweep = time.CreateTimer(_ => Sweep(), null, SweepInterval, SweepInterval);
    }

    /// <summary>To be given back with <see cref="Return"/>; null if there is no limit.</summary>
    public TokenBucket? Borrow(string publisher)
    {
        if (_options.DeviceRate == 0)
        {
            return null;
        }

        lock (_gate)
        {
            if (!_entries.TryGetValue(publisher, out var entry))
            {
                _entries.Add(publisher, entry = new Entry(new TokenBucket(_time, _options.DeviceRate, _options.DeviceBurst)));
            }

            entry.Users++;
            return entry.Bucket;
        }
    }

    public void Return(string publisher)
    {
        lock (_gate)
        {
            _entries[publisher].Users--;
        }
    }

    public void Dispose() => _sweep.Dispose();

    private void Sweep()
    {
        lock (_gate)
        {
            foreach (var (publisher, entry) in _entries)
            {
                if (entry.Users == 0 && entry.Bucket.IsFull)
                {
                    _entries.Remove(publisher);
                }
            }
        }
    }

    private sealed class Entry(TokenBucket bucket)
    {
        public TokenBucket Bucket => bucket;

        public int Users { get; set; }
    }
}
