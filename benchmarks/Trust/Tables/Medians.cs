namespace OrleansIoT.Benchmarks.Trust.Tables;

internal static class Medians
{
    public static double Of(IEnumerable<double> values) => Percentile([.. values.Order()], 50);

    /// <param name="sorted">Ascending.</param>
    /// <param name="percent">0 to 100.</param>
    public static double Percentile(double[] sorted, double percent) =>
        sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * percent / 100))];
}
