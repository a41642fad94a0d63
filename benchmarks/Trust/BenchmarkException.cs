namespace OrleansIoT.Benchmarks.Trust;

/// <summary>What was measured is worth nothing: an answer was wrong, an attack succeeded, a process ended.</summary>
internal sealed class BenchmarkException(string message) : Exception(message);
