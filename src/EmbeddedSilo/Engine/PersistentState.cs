using Orleans.Storage;

namespace OrleansIoT.EmbeddedSilo.Engine;

/// <summary>What an activation reads before its grain is activated.</summary>
internal interface IPersistent
{
    Task ReadStateAsync();
}

internal sealed class PersistentState<TState>(IGrainStorage storage, string name, GrainId grainId)
    : IPersistentState<TState>, IPersistent
{
    private readonly GrainState<TState> _stored = new(Activator.CreateInstance<TState>());

    public TState State
    {
        get => _stored.State;
        set => _stored.State = value;
    }

    public string? Etag => _stored.ETag;

    public bool RecordExists => _stored.RecordExists;

    public async Task ReadStateAsync()
    {
        await storage.ReadStateAsync(name, grainId, _stored);
        BeNewWithoutRecord();
    }

    public Task WriteStateAsync() => storage.WriteStateAsync(name, grainId, _stored);

    public async Task ClearStateAsync()
    {
        await storage.ClearStateAsync(name, grainId, _stored);
        BeNewWithoutRecord();
    }

    private void BeNewWithoutRecord()
    {
        if (!_stored.RecordExists)
        {
            _stored.State = Activator.CreateInstance<TState>();
        }
    }
}
