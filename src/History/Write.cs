using System.Collections.Immutable;
using OrleansIoT.Failures;

namespace OrleansIoT.History;

/// <summary>Something on its way to the disk. Its task completes when it is durable, or fails.</summary>
internal abstract class Write
{
    // Whoever waits goes on elsewhere: the writer's thread is for writing.
    private readonly TaskCompletionSource<ImmutableArray<long>> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>When it was queued, by <see cref="System.Diagnostics.Stopwatch"/>.</summary>
    public long QueuedAt { get; set; }

    /// <summary>With <see cref="QueueNumbers"/>.</summary>
    public Task<ImmutableArray<long>> Done => _done.Task;

    /// <summary>The numbers of what it puts into the queues of sessions.</summary>
    public virtual ImmutableArray<long> QueueNumbers => [];

    /// <summary>What it weighs against the limits, in bytes.</summary>
    public abstract long Size { get; }

    /// <summary>How many readings it stores.</summary>
    public virtual int Readings => 0;

    public void Succeed() => _done.SetResult(QueueNumbers);

    public void Fail(Exception exception) => _done.SetException(exception);

    public void FailUnavailable(string message, Exception? cause = null) =>
        Fail(new FailureException(Failure.Unavailable, message, cause));
}
