using System.Diagnostics;

namespace OrleansIoT.Benchmarks.Store;

/// <summary>What all threads of this process have taken since a moment; nobody else's work is in it.</summary>
internal readonly record struct Costs(TimeSpan Processor, long Allocated, int FullCollections)
{
    public static Costs Now() =>
        new(Process.GetCurrentProcess().TotalProcessorTime, GC.GetTotalAllocatedBytes(), GC.CollectionCount(2));

    public static Costs operator -(Costs left, Costs right) => new(
        left.Processor - right.Processor, left.Allocated - right.Allocated, left.FullCollections - right.FullCollections);
}
