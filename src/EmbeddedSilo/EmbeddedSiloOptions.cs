namespace OrleansIoT.EmbeddedSilo;

/// <summary>How the embedded silo runs.</summary>
public sealed class EmbeddedSiloOptions
{
    /// <summary>How long a caller waits for a grain whose method says nothing else. Default: 30 seconds.</summary>
    public TimeSpan ResponseTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>After how long without a request an activation ends whose class says nothing else. Default: 15 minutes.</summary>
    public TimeSpan CollectionAge { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How often the silo looks for such activations. Default: 1 minute.</summary>
    public TimeSpan CollectionQuantum { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>After how long a deactivation goes on without the grain's OnDeactivateAsync. Default: 30 seconds.</summary>
    public TimeSpan DeactivationLimit { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long, when the silo stops, the running calls may take, and after them the deactivations. Default: 4 seconds.</summary>
    public TimeSpan DrainLimit { get; set; } = TimeSpan.FromSeconds(4);

    /// <summary>How many activations a key of a stateless worker has at most whose class says nothing else. Default: the number of processors.</summary>
    public int MaxStatelessWorkers { get; set; } = Environment.ProcessorCount;

    /// <summary>The shortest period of a reminder. Default: 1 minute.</summary>
    public TimeSpan MinimumReminderPeriod { get; set; } = TimeSpan.FromMinutes(1);
}
