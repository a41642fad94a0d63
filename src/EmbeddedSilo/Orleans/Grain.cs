using OrleansIoT.EmbeddedSilo.Engine;

namespace Orleans;

/// <summary>What the engine needs of a grain class; <see cref="Grain"/> has it all.</summary>
public interface IGrainBase
{
    IGrainContext GrainContext { get; }

    /// <summary>Runs before the first request. When it throws, the waiting calls fail with that exception and nothing of the activation remains.</summary>
    Task OnActivateAsync(CancellationToken token) => Task.CompletedTask;

    /// <summary>Runs after the last request. When it throws, the exception is logged and the activation ends all the same.</summary>
    Task OnDeactivateAsync(DeactivationReason reason, CancellationToken token) => Task.CompletedTask;
}

/// <summary>The base of grain classes.</summary>
public abstract class Grain : IGrainBase, IAddressable
{
    private readonly Activation _activation;

    protected Grain() => _activation = Activation.Current
        ?? throw new InvalidOperationException("Grains are made by the silo; get a reference from IGrainFactory.GetGrain.");

    public IGrainContext GrainContext => _activation;

    protected IGrainFactory GrainFactory => _activation.Silo;

    protected internal IServiceProvider ServiceProvider => _activation.Silo.Services;

    /// <summary>No further request starts; when the running ones are finished, the activation ends. Later requests go to a new one.</summary>
    protected void DeactivateOnIdle() => GrainBaseExtensions.DeactivateOnIdle(this);

    /// <summary>
    /// Keeps the activation from being collected for that long; for ever with <see cref="Timeout.InfiniteTimeSpan"/> or
    /// <see cref="TimeSpan.MaxValue"/>, no longer with anything else that is not positive.
    /// </summary>
    protected void DelayDeactivation(TimeSpan timeSpan) => _activation.KeepFor(timeSpan);

#pragma warning disable CA1725 // Orleans calls the parameter differently here and in the interface
    public virtual Task OnActivateAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public virtual Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) =>
        Task.CompletedTask;
#pragma warning restore CA1725
}
