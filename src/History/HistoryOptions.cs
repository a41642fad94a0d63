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

    /// <summary>How many reads run side by side; others wait their turn. Default: 4.</summary>
    [Range(1, 256)]
    public int Readers { get; set; } = 4;
}
