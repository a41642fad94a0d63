namespace OrleansIoT.History.Chunks;

/// <summary>Integers that <see cref="ColumnWriter"/> wrote, decoded when they are first asked for.</summary>
internal sealed class Column
{
    private readonly ReadOnlyMemory<byte> _blob;
    private readonly int _start;
    private readonly int _count;
    private long[]? _values;

    /// <param name="reader">Stands at the column in <paramref name="blob"/>, and behind it afterwards.</param>
    /// <exception cref="InvalidDataException">The blob does not have these integers.</exception>
    public Column(ReadOnlyMemory<byte> blob, ref ByteReader reader, int count)
    {
        _blob = blob;
        _start = reader.Position;
        _count = count;
        if (count > 0)
        {
            Skip(ref reader);
        }
    }

    public ReadOnlySpan<long> Values => _values ??= Decode();

    /// <summary>All are the same, and this is known without decoding them.</summary>
    public bool IsConstant => _count == 0 || _blob.Span[_start] == ColumnWriter.ConstantFlag;

    private void Skip(ref ByteReader reader)
    {
        var kind = ReadKind(ref reader, out var order);
        for (var i = 0; i <= order; i++)
        {
            reader.Number();
        }

        if ((kind & ColumnWriter.StrideFlag) != 0)
        {
            reader.Number();
        }

        var left = (kind & ColumnWriter.ConstantFlag) != 0 ? 0 : _count - order;
        for (; left > 0; left -= BitPacking.BlockSize)
        {
            var width = ReadWidth(ref reader, out _);
            reader.Bytes(BitPacking.Bytes(Math.Min(left, BitPacking.BlockSize), width));
        }
    }

    private long[] Decode()
    {
        if (_count == 0)
        {
            return [];
        }

        var reader = new ByteReader(_blob.Span, _start);
        var kind = ReadKind(ref reader, out var order);
        var values = GC.AllocateUninitializedArray<long>(_count);
        for (var i = 0; i < order; i++)
        {
            values[i] = reader.Signed();
        }

        var least = reader.Signed();
        var rest = values.AsSpan(order);
        if ((kind & ColumnWriter.ConstantFlag) != 0)
        {
            rest.Fill(least);
        }
        else
        {
            DecodeBlocks(ref reader, least, (kind & ColumnWriter.StrideFlag) != 0 ? (long)reader.Number() : 1, rest);
        }

        if (order > 0)
        {
            Add(values, order == 2 ? values[1] : null);
        }

        return values;
    }

    private static void DecodeBlocks(ref ByteReader reader, long least, long stride, Span<long> values)
    {
        while (!values.IsEmpty)
        {
            var block = values[..Math.Min(BitPacking.BlockSize, values.Length)];
            values = values[block.Length..];
            var width = ReadWidth(ref reader, out var offset);
            BitPacking.Unpack(reader.Rest, width, least + (stride * offset), stride, block);
            reader.Bytes(BitPacking.Bytes(block.Length, width));
        }
    }

    /// <summary>Makes numbers of their differences.</summary>
    /// <param name="difference">The first difference when these are differences of differences.</param>
    private static void Add(Span<long> values, long? difference)
    {
        var sum = values[0];
        if (difference is { } step)
        {
            values[1] = sum += step;
            foreach (ref var value in values[2..])
            {
                step += value;
                value = sum += step;
            }
        }
        else
        {
            foreach (ref var value in values[1..])
            {
                value = sum += value;
            }
        }
    }

    private int ReadKind(ref ByteReader reader, out int order)
    {
        var kind = reader.Byte();
        order = kind & 3;
        return order < ColumnWriter.Orders && order < _count && kind < 16 ? kind : throw ByteReader.Invalid("no such column");
    }

    private static int ReadWidth(ref ByteReader reader, out long offset)
    {
        var width = (int)reader.Byte();
        offset = (width & ColumnWriter.BaseFlag) != 0 ? (long)reader.Number() : 0;
        width &= ~ColumnWriter.BaseFlag;
        return width <= 64 ? width : throw ByteReader.Invalid("no such width");
    }
}
