using System.Buffers.Text;
using System.Numerics;
using System.Runtime.InteropServices;

namespace OrleansIoT.History.Chunks;

/// <summary>The decimal numbers that <see cref="NumberColumnWriter"/> wrote, as text and as doubles.</summary>
internal sealed class NumberColumn
{
    // Integers up to it are doubles, and so are powers of ten up to 22: their quotient is rounded once, as IEEE 754 wants a
    // number to be read.
    private const long Exact = 1L << 53;

    // More than what is not known of a quotient, see TryDivide: 2^-85.
    private const double Doubt = 1.0 / (1L << 40) / (1L << 45);

    private static readonly double[] Powers = Array.ConvertAll(Decimals.PowersOfTen, power => (double)power);

    private readonly int _scale;
    private readonly int _leastScale;
    private readonly Column _numbers;
    private readonly Column? _scales;
    private readonly Column? _positions;
    private readonly Column? _tails;
    private readonly Column? _tailScales;
    private bool? _isExact;
    private double[]? _doubles;

    public NumberColumn(ReadOnlyMemory<byte> blob, ref ByteReader reader, int count)
    {
        var kind = reader.Byte();
        _scale = kind & NumberColumnWriter.ScaleMask;
        _numbers = new Column(blob, ref reader, count);
        if ((kind & NumberColumnWriter.ScalesFlag) == 0)
        {
            _leastScale = reader.Byte();
        }
        else
        {
            _scales = new Column(blob, ref reader, count);
        }

        if ((kind & NumberColumnWriter.TailsFlag) != 0)
        {
            var tails = reader.Count(count);
            _positions = new Column(blob, ref reader, tails);
            _tails = new Column(blob, ref reader, tails);
            _tailScales = new Column(blob, ref reader, tails);
        }

        if (_scale > Decimals.MaxScale || _leastScale > _scale)
        {
            throw ByteReader.Invalid("no such scale");
        }
    }

    /// <summary>All of them as doubles.</summary>
    public double[] Doubles
    {
        get
        {
            if (_doubles is null)
            {
                var doubles = GC.AllocateUninitializedArray<double>(_numbers.Values.Length);
                Read(0, doubles);
                _doubles = doubles;
            }

            return _doubles;
        }
    }

    /// <summary>Mantissa and scale as they were written.</summary>
    public (long Mantissa, int Scale) Decimal(int use)
    {
        var mantissa = _numbers.Values[use];
        if (_positions is not null && _positions.Values.BinarySearch((long)use) is >= 0 and var tail)
        {
            return WithTail(mantissa, tail);
        }

        var least = _scales is null ? _leastScale : _scales.Values[use];
        if (least < 0 || least > _scale)
        {
            throw ByteReader.Invalid("no such scale");
        }

        var scale = _scale;
        while (scale > least && (_scales is not null || mantissa % 10 == 0))
        {
            mantissa /= 10;
            scale--;
        }

        return (mantissa, scale);
    }

    /// <summary>The doubles from <paramref name="from"/> on, each as its text would be read.</summary>
    public void Read(int from, Span<double> values)
    {
        var numbers = _numbers.Values.Slice(from, values.Length);
        if (_isExact ??= IsExact(_numbers.Values))
        {
            Divide(numbers, Powers[_scale], values);
        }
        else
        {
            for (var i = 0; i < numbers.Length; i++)
            {
                values[i] = ToDouble(numbers[i], _scale);
            }
        }

        ReadTails(from, values);
    }

    private void ReadTails(int from, Span<double> values)
    {
        var positions = _positions is null ? [] : _positions.Values;
        var tail = positions.BinarySearch((long)from);
        for (tail = tail < 0 ? ~tail : tail; tail < positions.Length && positions[tail] < from + values.Length; tail++)
        {
            if (positions[tail] < from)
            {
                throw ByteReader.Invalid("tails are not in order");
            }

            var (mantissa, scale) = WithTail(_numbers.Values[(int)positions[tail]], tail);
            values[(int)positions[tail] - from] = ToDouble(mantissa, scale);
        }
    }

    private (long Mantissa, int Scale) WithTail(long mantissa, int tail)
    {
        var scale = _tailScales!.Values[tail];
        return scale > _scale && scale <= Decimals.MaxScale
            ? ((mantissa * Decimals.PowersOfTen[scale - _scale]) + _tails!.Values[tail], (int)scale)
            : throw ByteReader.Invalid("no such scale");
    }

    private static bool IsExact(ReadOnlySpan<long> numbers)
    {
        var isExact = true;
        foreach (var number in numbers)
        {
            isExact &= number is >= -Exact and <= Exact;
        }

        return isExact;
    }

    private static void Divide(ReadOnlySpan<long> numbers, double by, Span<double> values)
    {
        var vectors = MemoryMarshal.Cast<long, Vector<long>>(numbers);
        var results = MemoryMarshal.Cast<double, Vector<double>>(values);
        for (var i = 0; i < results.Length; i++)
        {
            results[i] = Vector.ConvertToDouble(vectors[i]) / new Vector<double>(by);
        }

        for (var i = vectors.Length * Vector<long>.Count; i < numbers.Length; i++)
        {
            values[i] = numbers[i] / by;
        }
    }

    private static double ToDouble(long mantissa, int scale)
    {
        for (; scale > 0 && mantissa is < -Exact or > Exact && mantissa % 10 == 0; scale--)
        {
            mantissa /= 10;
        }

        return mantissa is >= -Exact and <= Exact ? mantissa / Powers[scale]
            : TryDivide(mantissa, Powers[scale], out var quotient) ? quotient
            : ReadText(mantissa, scale);
    }

    /// <summary>
    /// Divides, and adds the quotient of the remainder, which is known to some 2^-93 of the whole. That is rounded as the
    /// exact quotient would be, unless it lies so near to the middle between two doubles that this cannot be known.
    /// </summary>
    private static bool TryDivide(long mantissa, double by, out double quotient)
    {
        var high = (double)mantissa;
        var low = (double)(mantissa - (long)high);
        var first = high / by;
        var product = first * by;
        var rest = (high - product) + (low - Math.FusedMultiplyAdd(first, by, -product));
        var second = rest / by;
        var doubt = Math.Abs(first) * Doubt;
        quotient = first + (second - doubt);
        return quotient == first + (second + doubt);
    }

    private static double ReadText(long mantissa, int scale)
    {
        Span<byte> text = stackalloc byte[Decimals.MaxLength];
        return Utf8Parser.TryParse(text[..Decimals.Write(mantissa, scale, text)], out double value, out _) ? value : double.NaN;
    }
}
