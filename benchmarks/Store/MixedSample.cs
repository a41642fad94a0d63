using System.Globalization;

namespace OrleansIoT.Benchmarks.Store;

/// <summary>Five seconds of the mixed load. Waits in milliseconds, memory in MB.</summary>
internal sealed record MixedSample(
    double Seconds, double ReadingsPerSecond, double AppendP50, double AppendP99, double AppendP999,
    double QueriesPerSecond, double QueryP50, double QueryP99, double Resident, double Heap, double Log)
{
    public const string Header =
        "seconds,readings_per_second,append_p50_ms,append_p99_ms,append_p999_ms,queries_per_second,query_p50_ms,query_p99_ms,resident_mb,heap_mb,log_mb";

    public override string ToString() => string.Join(',', new[]
    {
        Seconds, ReadingsPerSecond, AppendP50, AppendP99, AppendP999, QueriesPerSecond, QueryP50, QueryP99, Resident, Heap, Log,
    }.Select(value => value.ToString("0.###", CultureInfo.InvariantCulture)));
}
