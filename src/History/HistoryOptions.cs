using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

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
    /// How large the log of SQLite may grow, in bytes: it is what a start reads, and what memory holds a copy of. From half
    /// of it on its readings are moved into chunks; at the whole, appends wait for that. Default: 64 MiB.
    /// </summary>
    [Range(1 << 10, 1 << 30)]
    public long LogBytes { get; set; } = 64 << 20;

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

    /// <summary>How long readings are kept, by topic; of several rules for a topic the one with the longest prefix decides. Default: none, for ever.</summary>
    public IReadOnlyList<RetentionRule> Retention { get; set; } = [];

    /// <summary>How often readings are looked for that need not be kept any more; the first time soon after the start. Default: 10 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan RetentionInterval { get; set; } = TimeSpan.FromMinutes(10);
}

internal sealed class HistoryOptionsCheck : IValidateOptions<HistoryOptions>
{
    public ValidateOptionsResult Validate(string? name, HistoryOptions options) =>
        Retention.Complaint(options.Retention) is { } complaint ? ValidateOptionsResult.Fail(complaint) : ValidateOptionsResult.Success;
}
