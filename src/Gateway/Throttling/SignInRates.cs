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
    /// <param name="network">Who tries.</param>
    /// <param name="wait">If not: how long to wait.</param>
    /// <returns>Null if there were too many.</returns>
    public Try? Begin(string network, out TimeSpan wait)
    {
        wait = default;
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
                wait = end - now;
                return null;
            }

            if (tries.GoingOn > 0 && tries.Failures + tries.GoingOn >= Free)
            {
                wait = TimeSpan.FromSeconds(1);
                return null;
            }

            tries.GoingOn++;
            return new Try(network, tries);
        }
    }

    /// <param name="begun">What <see cref="Begin"/> has answered.</param>
    /// <param name="counts">Whether it failed, or is one of those that count in any case.</param>
    public void End(Try begun, bool counts)
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();
            var tries = begun.Tries;
            tries.GoingOn--;
            if (counts)
            {
                tries.Failures++;
                tries.LastFailure = now;
            }
            else if (tries is { GoingOn: 0, Failures: 0 } && tries != _others)
            {
                _networks.Remove(begun.Network); // as if it had never come
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

    /// <summary>One that is going on.</summary>
    internal sealed record Try(string Network, Tries Tries);

    /// <summary>Of a network.</summary>
    internal sealed class Tries
    {
        public int Failures { get; set; }

        public int GoingOn { get; set; }

        public DateTimeOffset LastFailure { get; set; }
    }
}
