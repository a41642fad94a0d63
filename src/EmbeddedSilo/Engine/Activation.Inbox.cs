namespace OrleansIoT.EmbeddedSilo.Engine;

internal sealed partial class Activation
{
    // What an inbox without work looks like while its activation is scheduled or running, and when it is closed. While
    // the activation is idle the inbox is null.
    private static readonly Work Busy = new Mark();
    private static readonly Work Closed = new Mark();

    // A stack that anybody pushes on and the activation takes as a whole.
    private Work? _inbox;

    /// <summary>The sweeper has it on its list.</summary>
    internal bool Listed;

    internal Activation? NextListed;

    internal bool IsClosed => Volatile.Read(ref _inbox) == Closed;

    /// <summary>A hint for choosing among workers: it seems to have nothing to do.</summary>
    internal bool SeemsFree => Volatile.Read(ref _inbox) is null && Volatile.Read(ref _running) == 0;

    /// <returns>False when the activation has ended.</returns>
    internal bool TryEnqueue(Request request)
    {
        request.Target = this;
        if (!TryEnqueue((Work)request))
        {
            return false;
        }

        if (!Volatile.Read(ref Listed))
        {
            Silo.Sweeper.List(this);
        }

        return true;
    }

    /// <returns>False when the activation has ended.</returns>
    internal bool TryEnqueue(Work work)
    {
        var head = Volatile.Read(ref _inbox);
        while (head != Closed)
        {
            work.Next = head;
            var seen = Interlocked.CompareExchange(ref _inbox, work, head);
            if (seen == head)
            {
                if (head is null)
                {
                    Schedule();
                }

                return true;
            }

            head = seen;
        }

        work.Next = null;
        return false;
    }

    /// <summary>What comes back from an await. Also an activation that has ended may have some left; it still runs one at a time.</summary>
    public override void Post(SendOrPostCallback d, object? state)
    {
        if (!TryEnqueue(new Continuation(d, state)))
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                static late => late.Activation.RunLate(late.Callback, late.State),
                (Activation: this, Callback: d, State: state),
                preferLocal: false);
        }
    }

    public override void Send(SendOrPostCallback d, object? state)
    {
        if (Current != this)
        {
            throw new NotSupportedException("A grain is called, or posted to; nobody waits for its turn.");
        }

        d(state);
    }

    /// <summary>Fills the inbox of an activation that nobody else knows yet.</summary>
    internal void Inherit(Work first)
    {
        _ready = first;
        _inbox = Busy;
    }

    // Mostly to the thread's own queue: when two cores fight for the pool's common one, a call takes twice the processor
    // time. But a thread looks into the common queue, where timers and all else of the process waits, only when its own is
    // empty; so for some milliseconds of every 64 nothing is added to it, and it runs dry.
    internal void Schedule() =>
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: (Environment.TickCount64 & 63) >= 4);

    /// <summary>Empties the inbox into a list in order of arrival.</summary>
    private Work? Take(Work leave)
    {
        var newest = Interlocked.Exchange(ref _inbox, leave);
        Work? first = null;
        while (newest is not null && newest != Busy)
        {
            var older = newest.Next;
            newest.Next = first;
            first = newest;
            newest = older;
        }

        return first;
    }

    private void RunLate(SendOrPostCallback callback, object? state)
    {
        lock (this)
        {
            SetSynchronizationContext(this);
            try
            {
                RunGuarded(callback, state);
            }
            finally
            {
                SetSynchronizationContext(null);
            }
        }
    }

    private sealed class Mark : Work
    {
        internal override void Run(Activation activation) => throw new InvalidOperationException("A mark is no work.");
    }
}
