namespace OrleansIoT.Benchmarks.Store;

/// <summary>Readings a second, and how many milliseconds a caller waited for its commit.</summary>
internal readonly record struct Measured(double PerSecond, double P50, double P99)
{
    public static Measured Of(long readings, TimeSpan time, List<double> milliseconds)
    {
        if (milliseconds.Count == 0)
        {
            return default; // nothing that began within the time ended within it
        }

        milliseconds.Sort();
        return new Measured(
            readings / time.TotalSeconds,
            milliseconds[milliseconds.Count / 2],
            milliseconds[(int)(milliseconds.Count * 0.99)]);
    }

    public static Measured Median(IEnumerable<Measured> runs) => new(
        Middle(runs.Select(run => run.PerSecond)),
        Middle(runs.Select(run => run.P50)),
        Middle(runs.Select(run => run.P99)));

    private static double Middle(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }
}
