using System.Globalization;

namespace OrleansIoT.Benchmarks.Trust.Tables;

/// <param name="What">What is compared with what.</param>
/// <param name="Least">The least ratio of requests/s that is enough.</param>
/// <param name="Rate">The ratio of requests/s.</param>
/// <param name="Processor">That of the servers' processor time for a request, where less is better.</param>
internal sealed record Goal(string What, double Least, double Rate, double Processor)
{
    public string Row => string.Create(
        CultureInfo.InvariantCulture,
        $"| {What} | {Least:0.##} | {Rate:F2} | {(Rate >= Least ? "reached" : "not reached")} | {Processor:F2} |");
}
