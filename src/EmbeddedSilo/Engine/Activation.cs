namespace OrleansIoT.EmbeddedSilo.Engine;

/// <summary>
/// One grain in memory: its inbox, its turns and its life. It is the synchronization context of its own turns, so that
/// what follows an await comes back into the inbox; and it is the work item that the thread pool runs, so that an
/// activation that has nothing to do costs nothing but its memory. The file <c>Activation.Inbox.cs</c> may run on any
/// thread, the rest only on the activation's turn.
/// </summary>
internal sealed partial class Activation : SynchronizationContext, IThreadPoolWorkItem, IGrainContext
{
    private object? _instance;
    private List<IPersistent>? _states;
    private List<GrainTimer>? _timers;
    private TaskCompletionSource? _deactivated;
    private Phase _phase;

    internal Activation(GrainClass grainClass, string key)
    {
        Class = grainClass;
        Key = key;
    }

    /// <summary>An observer: there from the beginning, and held weakly.</summary>
    internal Activation(GrainClass observers, string key, WeakReference observer)
        : this(observers, key)
    {
        _instance = observer;
        _phase = Phase.Active;
    }

    private enum Phase : byte
    {
        New,
        Activating,
        Active,
        Deactivating,
        Closed,
    }

    /// <summary>The activation whose turn the current thread runs, or null.</summary>
    internal static new Activation? Current => SynchronizationContext.Current as Activation;

    internal GrainClass Class { get; }

    internal string Key { get; }

    internal Silo Silo => Class.Silo;

    public GrainId GrainId => Class.IdOf(Key);

    public object? GrainInstance => _instance is WeakReference observer ? observer.Target : _instance;

    public GrainReference GrainReference => new(new GrainAddress(Class, Key, this));

    public IServiceProvider ActivationServices => Silo.Services;

    public Task Deactivated
    {
        get
        {
            var deactivated = Volatile.Read(ref _deactivated);
            if (deactivated is null)
            {
                var made = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                deactivated = Interlocked.CompareExchange(ref _deactivated, made, null) ?? made;
            }

            if (IsClosed)
            {
                deactivated.TrySetResult();
            }

            return deactivated.Task;
        }
    }

    public bool Equals(IGrainContext? other) => ReferenceEquals(this, other);

    public override SynchronizationContext CreateCopy() => this;

    public override string ToString() => GrainId.ToString();

    internal void Add(IPersistent state) => (_states ??= []).Add(state);

    internal void Add(GrainTimer timer)
    {
        if (_phase >= Phase.Deactivating)
        {
            timer.Dispose();
            return;
        }

        (_timers ??= []).Add(timer);
    }

    internal void Remove(GrainTimer timer) => _timers?.Remove(timer);
}
