namespace Orleans
{
    /// <summary>A grain's state as a storage reads and writes it.</summary>
    public interface IGrainState<T>
    {
        T State { get; set; }

        string? ETag { get; set; }

        bool RecordExists { get; set; }
    }

    public sealed class GrainState<T> : IGrainState<T>
    {
        public GrainState()
            : this(default!)
        {
        }

        public GrainState(T state, string? eTag = null)
        {
            State = state;
            ETag = eTag;
        }

        public T State { get; set; }

        public string? ETag { get; set; }

        public bool RecordExists { get; set; }
    }
}

namespace Orleans.Storage
{
    /// <summary>
    /// Where <see cref="IPersistentState{TState}"/> is kept; registered in the container, keyed by the storage's name,
    /// <c>Default</c> for none. A member is complete when its effect is durable.
    /// </summary>
    public interface IGrainStorage
    {
        Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

        /// <exception cref="InconsistentStateException">Somebody else has written since this state was read.</exception>
        Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

        /// <exception cref="InconsistentStateException">Somebody else has written since this state was read.</exception>
        Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);
    }

    /// <summary>The stored etag is not the one that the writer read. The activation that wrote ends, so that the next one reads anew.</summary>
    public class InconsistentStateException(string message, string? storedEtag, string? currentEtag)
        : OrleansException(message)
    {
        public InconsistentStateException(string message)
            : this(message, null, null)
        {
        }

        public string? StoredEtag { get; } = storedEtag;

        public string? CurrentEtag { get; } = currentEtag;

        /// <summary>Whether it is still within the activation that wrote; callers further up have nothing stale.</summary>
        internal bool IsSourceActivation { get; set; } = true;
    }
}

namespace Orleans.Core
{
    public interface IStorage
    {
        string? Etag { get; }

        bool RecordExists { get; }

        Task ReadStateAsync();

        Task ReadStateAsync(CancellationToken cancellationToken) => ReadStateAsync();

        Task WriteStateAsync();

        Task WriteStateAsync(CancellationToken cancellationToken) => WriteStateAsync();

        Task ClearStateAsync();

        Task ClearStateAsync(CancellationToken cancellationToken) => ClearStateAsync();
    }

    public interface IStorage<TState> : IStorage
    {
        TState State { get; set; }
    }
}

namespace Orleans.Runtime
{
    /// <summary>
    /// State that outlives the activation: read before <see cref="IGrainBase.OnActivateAsync"/>, durable when a write is
    /// complete. Without a record it is a new <typeparamref name="TState"/>.
    /// </summary>
    public interface IPersistentState<TState> : Core.IStorage<TState>;

    /// <summary>Marks the constructor parameter of a grain that is an <see cref="IPersistentState{TState}"/>.</summary>
    [AttributeUsage(AttributeTargets.Parameter)]
    public class PersistentStateAttribute(string stateName, string? storageName = null) : Attribute
    {
        public string StateName { get; } = stateName;

        public string? StorageName { get; } = storageName;
    }
}
