namespace OrleansIoT.Load.Servers;

/// <summary>What is compared.</summary>
internal abstract class ServerKind
{
    public abstract string Name { get; }

    /// <summary>It is not a whole server.</summary>
    public virtual bool IsLayer => false;

    /// <summary>Starts one with an empty data directory, ready for this many devices.</summary>
    public abstract Task<Server> Start(int devices);
}
