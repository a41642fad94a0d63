using System.Numerics;
using System.Runtime.InteropServices;

namespace OrleansIoT.History.Chunks;

/// <summary>
/// Writes integers so that a regular series costs next to nothing: the numbers themselves, their differences or the
/// differences of those, whichever is shortest, above their least, divided by what they have in common, and packed in
/// blocks with as many bits as each block needs. All arithmetic wraps, so any integers come back.
/// </summary>
internal sealed class ColumnWriter(ByteWriter writer)
{
    public const int Orders = 3;
    public const int ConstantFlag = 4;
    public const int StrideFlag = 8;

    /// <summary>With the width of a block: its least number follows, else that is 0.</summary>
    public const int BaseFlag = 0x80;

    private long[] _differences = [];
    private long[] _differencesOfThem = [];

    public void Write(ReadOnlySpan<long> values)
    {
        if (values.IsEmpty)
        {
            return;
        }

        var size = Size(values);
        if (size == 0)
        {
            writer.Byte(ConstantFlag);
            writer.Signed(values[0]);
            return;
        }

        if (_differences.Length < values.Length)
        {
            _differences = new long[values.Length];
            _differencesOfThem = new long[values.Length];
        }

        var first = _differences.AsSpan(0, values.Length - 1);
        Subtract(values, first);
        var firstSize = ByteWriter.LengthOf(values[0]) + Size(first);
        var second = Span<long>.Empty;
        var secondSize = int.MaxValue;
        if (first.Length > 1 && firstSize > ByteWriter.LengthOf(values[0]))
        {
            second = _differencesOfThem.AsSpan(0, first.Length - 1);
            Subtract(first, second);
            secondSize = ByteWriter.LengthOf(values[0]) + ByteWriter.LengthOf(first[0]) + Size(second);
        }

        if (size <= firstSize && size <= secondSize)
        {
            values.CopyTo(_differences);
            Write(0, [], _differences.AsSpan(0, values.Length));
        }
        else if (firstSize <= secondSize)
        {
            Write(1, [values[0]], first);
        }
        else
        {
            Write(2, [values[0], first[0]], second);
        }
    }

    /// <param name="values">Is written over.</param>
    private void Write(int order, ReadOnlySpan<long> seeds, Span<long> values)
    {
        var (least, greatest) = Range(values);
        var offsets = MemoryMarshal.Cast<long, ulong>(values);
        var stride = least == greatest ? 0 : MakeOffsets(offsets, (ulong)least);
        writer.Byte(order | (stride == 0 ? ConstantFlag : stride > 1 ? StrideFlag : 0));
        foreach (var seed in seeds)
        {
            writer.Signed(seed);
        }

        writer.Signed(least);
        if (stride == 0)
        {
            return;
        }

        if (stride > 1)
        {
            writer.Number(stride);
        }

        for (; !offsets.IsEmpty; offsets = offsets[Math.Min(BitPacking.BlockSize, offsets.Length)..])
        {
            WriteBlock(offsets[..Math.Min(BitPacking.BlockSize, offsets.Length)]);
        }
    }

    private void WriteBlock(ReadOnlySpan<ulong> block)
    {
        var (least, greatest) = (ulong.MaxValue, ulong.MinValue);
        foreach (var offset in block)
        {
            least = Math.Min(least, offset);
            greatest = Math.Max(greatest, offset);
        }

        if (Width(greatest) == Width(greatest - least))
        {
            least = 0;
        }

        var width = Width(greatest - least);
        writer.Byte(width | (least > 0 ? BaseFlag : 0));
        if (least > 0)
        {
            writer.Number(least);
        }

        BitPacking.Pack(block, least, width, writer.Reserve(BitPacking.Bytes(block.Length, width)));
    }

    /// <summary>Subtracts the least and divides by the greatest common divisor, which it gives back.</summary>
    private static ulong MakeOffsets(Span<ulong> values, ulong least)
    {
        var divisor = 0UL;
        foreach (ref var value in values)
        {
            value -= least;
            if (divisor != 1 && value != divisor)
            {
                divisor = GreatestCommonDivisor(divisor, value);
            }
        }

        if (divisor > 1)
        {
            foreach (ref var value in values)
            {
                value /= divisor;
            }
        }

        return divisor;
    }

    private static ulong GreatestCommonDivisor(ulong a, ulong b)
    {
        while (a != 0)
        {
            (a, b) = (b % a, a);
        }

        return b;
    }

    /// <summary>About how many bytes the blocks take; 0 when all are the same.</summary>
    private static int Size(ReadOnlySpan<long> values)
    {
        var size = 0;
        var (least, greatest) = (long.MaxValue, long.MinValue);
        while (!values.IsEmpty)
        {
            var block = values[..Math.Min(BitPacking.BlockSize, values.Length)];
            values = values[block.Length..];
            var (low, high) = Range(block);
            least = Math.Min(least, low);
            greatest = Math.Max(greatest, high);
            size += 2 + BitPacking.Bytes(block.Length, Width((ulong)high - (ulong)low));
        }

        return least == greatest ? 0 : size + ByteWriter.LengthOf(least);
    }

    private static (long Least, long Greatest) Range(ReadOnlySpan<long> values)
    {
        var (least, greatest) = (values[0], values[0]);
        var vectors = MemoryMarshal.Cast<long, Vector<long>>(values);
        if (!vectors.IsEmpty)
        {
            var (leasts, greatests) = (vectors[0], vectors[0]);
            foreach (var vector in vectors)
            {
                leasts = Vector.Min(leasts, vector);
                greatests = Vector.Max(greatests, vector);
            }

            for (var i = 0; i < Vector<long>.Count; i++)
            {
                least = Math.Min(least, leasts[i]);
                greatest = Math.Max(greatest, greatests[i]);
            }
        }

        foreach (var value in values[(vectors.Length * Vector<long>.Count)..])
        {
            least = Math.Min(least, value);
            greatest = Math.Max(greatest, value);
        }

        return (least, greatest);
    }

    private static int Width(ulong greatest) => 64 - BitOperations.LeadingZeroCount(greatest);

    private static void Subtract(ReadOnlySpan<long> values, Span<long> differences)
    {
        for (var i = 0; i < differences.Length; i++)
        {
            differences[i] = values[i + 1] - values[i];
        }
    }
}
