using System.ComponentModel.DataAnnotations;

namespace OrleansIoT.History;

public sealed class HistoryOptions
{
    /// <summary>
    /// The most bytes in one transaction; a single write that is larger has one to itself. It bounds how long a write
    /// waits for others of its group. Default: 4 MiB.
    /// </summary>
    [Range(1, 1 << 30)]
    public long TransactionBytes { get; set; } = 4 << 20;

    /// <summary>
    /// The most bytes that wait for a transaction. Writes beyond are refused as unavailable, so that a slow disk costs
    /// time and not memory without end. Default: 256 MiB.
    /// </summary>
    [Range(1, long.MaxValue)]
    public long QueueBytes { get; set; } = 256 << 20;

    /// <summary>
    /// How long writes wait for a PostgreSQL server that is away, from the moment when it went; afterwards they are refused
    /// as unavailable until it is back. Default: 10 s.
    /// </summary>
    public TimeSpan ServerPatience { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How many reads run side by side; others wait their turn. Default: 4.</summary>
    [Range(1, 256)]
    public int Readers { get; set; } = 4;

    /// <summary>The most messages in the queue of a durable session; beyond, the oldest is dropped and counted. Default: 10,000.</summary>
    [Range(1, 60_000)]
    public int SessionQueueMessages { get; set; } = 10_000;

    /// <summary>The most bytes in the queue of a durable session, likewise. Default: 16 MiB.</summary>
    [Range(1, long.MaxValue)]
    public long SessionQueueBytes { get; set; } = 16 << 20;
}
