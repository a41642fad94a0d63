namespace OrleansIoT.Gateway.Throttling;

/// <summary>
/// Failed sign-ins and registrations of networks: ten in a short time are free, then each one doubles the wait for the next,
/// up to a minute. It is never longer, so that nobody is locked out for good; a sign-in that succeeds costs nothing. After ten
/// minutes without a failure all is forgotten. What is going on counts as if it would fail, or a thousand at once would be
/// as free as ten.
/// </summary>
internal sealed class SignInRates(TimeProvider time, int maxNetworks = 20_000)
{
    public const int Free = 10;

    public static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Tries> _networks = [];
    private readonly Tries _others = new();
    private DateTimeOffset _sweptAt;

    /// <summary>How many networks are remembered.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _networks.Count;
            }
        }
    }

    /// <summary>Begins a try, which <see cref="End"/> ends.</summary>
    /// <returns>Null if it may go on; else how long to wait, and there is nothing to end.</returns>
    public TimeSpan? Begin(string network)
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();
            var tries = TriesOf(network, now);
            if (tries.Failures > 0 && tries.GoingOn == 0 && now - tries.LastFailure >= Memory)
            {
                tries.Failures = 0;
            }

            if (tries.Failures >= Free && tries.LastFailure + WaitAfter(tries.Failures) is var end && end > now)
            {
                return end - now;
            }

            if (tries.GoingOn > 0 && tries.Failures + tries.GoingOn >= Free)
            {
                return TimeSpan.FromSeconds(1);
            }

            tries.GoingOn++;
            return null;
        }
    }

    /// <param name="network">As it was begun.</param>
    /// <param name="counts">Whether it failed, or is one of those that count in any case.</param>
    public void End(string network, bool counts)
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();
            var tries = _networks.GetValueOrDefault(network, _others);
            tries.GoingOn--;
            if (counts)
            {
                tries.Failures++;
                tries.LastFailure = now;
            }
            else if (tries is { GoingOn: 0, Failures: 0 })
            {
                _networks.Remove(network);
            }
        }
    }

    private static TimeSpan WaitAfter(int failures)
    {
        var doublings = Math.Min(failures - Free, 6); // 2^6 s is more than a minute
        var wait = TimeSpan.FromSeconds(1 << doublings);
        return wait < LongestWait ? wait : LongestWait;
    }

    private Tries TriesOf(string network, DateTimeOffset now)
    {
        if (_networks.TryGetValue(network, out var known))
        {
            return known;
        }

        if (_networks.Count >= maxNetworks && now - _sweptAt >= SweepInterval)
        {
            _sweptAt = now;
            foreach (var (idle, _) in _networks.Where(tries => tries.Value.GoingOn == 0 && now - tries.Value.LastFailure >= Memory).ToList())
            {
                _networks.Remove(idle);
            }
        }

        return _networks.Count < maxNetworks ? _networks[network] = new Tries() : _others;
    }

    private sealed class Tries
    {
        public int Failures { get; set; }

        public int GoingOn { get; set; }

        public DateTimeOffset LastFailure { get; set; }
    }
}
