using OrleansIoT.Telemetry;

namespace OrleansIoT.History.Chunks;

internal sealed partial class Chunk
{
    /// <summary>The numbers of the readings from <paramref name="from"/> up to, without, <paramref name="to"/>.</summary>
    /// <param name="field">Where a payload has its number.</param>
    /// <param name="values">The first is that of reading <paramref name="from"/>; NaN where there is none.</param>
    public void ReadNumbers(NumberField field, int from, int to, Span<double> values)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(to, Count);
        ArgumentOutOfRangeException.ThrowIfNegative(to - from);
        _payloads.ReadNumbers(field, from, values[..(to - from)]);
    }
}
