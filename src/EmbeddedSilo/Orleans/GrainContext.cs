namespace Orleans.Runtime;

/// <summary>An activation, as its grain and call filters see it.</summary>
public interface IGrainContext : IEquatable<IGrainContext>
{
    GrainId GrainId { get; }

    /// <summary>The grain itself; null before it is made and after it has ended.</summary>
    object? GrainInstance { get; }

    GrainReference GrainReference { get; }

    IServiceProvider ActivationServices { get; }

    /// <summary>Complete when the activation has ended.</summary>
    Task Deactivated { get; }

    /// <summary>Ends the activation when the running requests are finished.</summary>
    void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default);
}
