using System.Globalization;

namespace OrleansIoT.Benchmarks.Trust.Tables;

/// <param name="What">Which ratio.</param>
/// <param name="Wanted">In words.</param>
/// <param name="Measured">The ratio.</param>
/// <param name="Least">What is enough.</param>
internal sealed record Goal(string What, string Wanted, double Measured, double Least)
{
    public string Row => string.Create(
        CultureInfo.InvariantCulture, $"| {What} | {Wanted} | {Measured:F2} | {(Measured >= Least ? "reached" : "not reached")} |");
}
