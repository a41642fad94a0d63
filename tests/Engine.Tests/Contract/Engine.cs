namespace OrleansIoT.Engine.Tests.Contract;

/// <summary>A running engine, embedded or Orleans with one silo or several.</summary>
public abstract class Engine : IAsyncLifetime
{
    public abstract IGrainFactory Grains { get; }

    /// <summary>Makes every activation old and has the engine collect what it may.</summary>
    public abstract Task CollectIdle();

    public abstract Task InitializeAsync();

    public abstract Task DisposeAsync();
}
