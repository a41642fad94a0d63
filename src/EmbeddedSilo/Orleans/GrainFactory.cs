namespace Orleans;

/// <summary>Makes references to grains. A grain need not be made: it is there when it is called.</summary>
public interface IGrainFactory
{
    /// <param name="primaryKey">The grain's key; not empty.</param>
    /// <param name="grainClassNamePrefix">How the full name of the grain class begins, where several classes implement the interface.</param>
    /// <exception cref="ArgumentException">No grain class implements the interface, or more than one could be meant.</exception>
    TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey;

    /// <exception cref="ArgumentException">No grain class has this type, or it does not implement the interface.</exception>
    TGrainInterface GetGrain<TGrainInterface>(GrainId grainId)
        where TGrainInterface : IAddressable;

    /// <summary>
    /// A reference through which grains call the object: one call at a time, in order. The object is held weakly, as in
    /// Orleans: whoever made the reference keeps the object for as long as it is to be called.
    /// </summary>
    TGrainObserverInterface CreateObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        where TGrainObserverInterface : IGrainObserver;

    /// <param name="obj">The reference, not the object.</param>
    void DeleteObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        where TGrainObserverInterface : IGrainObserver;
}

/// <summary>The grains of this silo, for code that is not a grain.</summary>
public interface IClusterClient : IGrainFactory
{
    IServiceProvider ServiceProvider { get; }
}
