namespace OrleansIoT.History.Chunks;

/// <summary>Reads what <see cref="ByteWriter"/> wrote and trusts none of it.</summary>
internal ref struct ByteReader(ReadOnlySpan<byte> bytes, int position = 0)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    public int Position { get; private set; } = position;

    public readonly bool IsAtEnd => Position == _bytes.Length;

    /// <summary>Everything from here on.</summary>
    public readonly ReadOnlySpan<byte> Rest => _bytes[Position..];

    public byte Byte() => Position < _bytes.Length ? _bytes[Position++] : throw Invalid("it ends early");

    public ulong Number()
    {
        var value = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = Byte();
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw Invalid("a number is too long");
    }

    public long Signed()
    {
        var value = Number();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    /// <summary>A number of things that is not greater than it can be.</summary>
    public int Count(int most)
    {
        var value = Number();
        return value <= (ulong)most ? (int)value : throw Invalid("a count is too great");
    }

    public ReadOnlySpan<byte> Bytes(int length)
    {
        if (length > _bytes.Length - Position)
        {
            throw Invalid("it ends early");
        }

        Position += length;
        return _bytes.Slice(Position - length, length);
    }

    public static InvalidDataException Invalid(string what) => new($"A chunk of the history is damaged: {what}.");
}
