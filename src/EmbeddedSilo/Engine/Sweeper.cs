namespace OrleansIoT.EmbeddedSilo.Engine;

/// <summary>
/// Bounds calls in time without a timer for each: every half second it looks through the activations that have had a
/// request since it last came by, or still have one. It is also the clock by which the age of activations is told.
/// </summary>
internal sealed class Sweeper(Silo silo) : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private readonly long _start = silo.Clock.GetTimestamp();
    private ITimer? _timer;
    private Activation? _listed;
    private int _seconds = 1;
    private bool _sweeping;

    /// <summary>Since the silo was made, as of the last sweep, plus one, so that 0 is always past.</summary>
    internal int Seconds => Volatile.Read(ref _seconds);

    public void Dispose() => _timer?.Dispose();

    internal void Start() =>
        _timer = silo.Clock.CreateTimer(static self => ((Sweeper)self!).Sweep(), this, Interval, Interval);

    internal void List(Activation activation)
    {
        if (Interlocked.Exchange(ref activation.Listed, true))
        {
            return;
        }

        var head = Volatile.Read(ref _listed);
        while (true)
        {
            activation.NextListed = head;
            var seen = Interlocked.CompareExchange(ref _listed, activation, head);
            if (seen == head)
            {
                return;
            }

            head = seen;
        }
    }

    private void Sweep()
    {
        if (Interlocked.Exchange(ref _sweeping, true))
        {
            return; // the one before takes long
        }

        var elapsed = silo.Clock.GetElapsedTime(_start);
        Volatile.Write(ref _seconds, (int)elapsed.TotalSeconds + 1);
        var now = unchecked((uint)(long)elapsed.TotalMilliseconds) | 1;
        var activation = Interlocked.Exchange(ref _listed, null);
        while (activation is not null)
        {
            var next = activation.NextListed;
            activation.NextListed = null;
            Interlocked.Exchange(ref activation.Listed, false);
            if (activation.SweepCalls(now, silo.Options.ResponseTimeout))
            {
                List(activation);
            }

            activation = next;
        }

        Volatile.Write(ref _sweeping, false);
    }
}
