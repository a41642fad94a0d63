using System.Runtime.InteropServices;

namespace OrleansIoT.History.Chunks;

/// <summary>
/// Writes decimal numbers of one slot. All are brought to one scale, the column's, so that their differences are small; what
/// has more digits (a device that prints 0.30000000000000004 now and then) has the rest of them in a tail beside it. How many
/// digits the text had follows from the number itself, where devices leave out zeros at the end or always print as many.
/// </summary>
internal sealed class NumberColumnWriter(ByteWriter writer, ColumnWriter columns)
{
    public const int ScaleMask = 0x1F;
    public const int ScalesFlag = 0x20;
    public const int TailsFlag = 0x40;

    // What a digit costs, and a tail besides its digits, in tenths of a bit.
    private const int DigitCost = 33;
    private const int TailCost = 120;

    private readonly List<long> _positions = [];
    private readonly List<long> _tails = [];
    private readonly List<long> _tailScales = [];
    private long[] _numbers = [];
    private long[] _scales = [];

    public void Write(ReadOnlySpan<long> mantissas, ReadOnlySpan<byte> scales)
    {
        if (_numbers.Length < mantissas.Length)
        {
            _numbers = new long[mantissas.Length];
            _scales = new long[mantissas.Length];
        }

        var scale = BestScale(mantissas, scales);
        var least = Least(scales);
        var follows = true;
        var numbers = _numbers.AsSpan(0, mantissas.Length);
        _positions.Clear();
        _tails.Clear();
        _tailScales.Clear();
        for (var i = 0; i < numbers.Length; i++)
        {
            var (mantissa, own) = (mantissas[i], (int)scales[i]);
            _scales[i] = Math.Min(own, scale);
            if (own > scale)
            {
                var unit = Decimals.PowersOfTen[own - scale];
                var tail = ((mantissa % unit) + unit) % unit;
                numbers[i] = (mantissa - tail) / unit;
                _positions.Add(i);
                _tails.Add(tail);
                _tailScales.Add(own);
                continue;
            }

            numbers[i] = mantissa * Decimals.PowersOfTen[scale - own];
            follows &= own == least || mantissa % 10 != 0;
        }

        writer.Byte(scale | (follows ? 0 : ScalesFlag) | (_tails.Count > 0 ? TailsFlag : 0));
        columns.Write(numbers);
        if (follows)
        {
            writer.Byte(least);
        }
        else
        {
            columns.Write(_scales.AsSpan(0, numbers.Length));
        }

        if (_tails.Count > 0)
        {
            writer.Number((ulong)_tails.Count);
            columns.Write(CollectionsMarshal.AsSpan(_positions));
            columns.Write(CollectionsMarshal.AsSpan(_tails));
            columns.Write(CollectionsMarshal.AsSpan(_tailScales));
        }
    }

    /// <summary>The scale that probably takes the fewest bits, of those at which no number overflows.</summary>
    private static int BestScale(ReadOnlySpan<long> mantissas, ReadOnlySpan<byte> scales)
    {
        Span<int> counts = stackalloc int[Decimals.MaxScale + 1];
        Span<long> greatest = stackalloc long[Decimals.MaxScale + 1];
        counts.Clear();
        greatest.Clear();
        for (var i = 0; i < scales.Length; i++)
        {
            counts[scales[i]]++;
            greatest[scales[i]] = Math.Max(greatest[scales[i]], Math.Abs(mantissas[i]));
        }

        var most = Decimals.MaxScale;
        for (var scale = 0; scale < counts.Length; scale++)
        {
            most = counts[scale] == 0 ? most : Math.Min(most, scale + Decimals.MaxDigits - Decimals.CountDigits(greatest[scale]));
        }

        var (best, bestCost) = (0, long.MaxValue);
        for (var candidate = 0; candidate <= most; candidate++)
        {
            if (counts[candidate] == 0)
            {
                continue;
            }

            var cost = (long)scales.Length * candidate * DigitCost;
            for (var scale = candidate + 1; scale < counts.Length; scale++)
            {
                cost += counts[scale] * (((scale - candidate) * DigitCost) + (long)TailCost);
            }

            (best, bestCost) = cost < bestCost ? (candidate, cost) : (best, bestCost);
        }

        return best;
    }

    private static int Least(ReadOnlySpan<byte> scales)
    {
        var least = scales[0];
        foreach (var scale in scales)
        {
            least = Math.Min(least, scale);
        }

        return least;
    }
}
