namespace OrleansIoT.History.Sqlite.Log;

/// <summary>Numbers in seven bits a byte, the lowest first; small ones are short.</summary>
internal static class Varint
{
    public static int Write(Span<byte> bytes, long value)
    {
        var length = 0;
        var rest = (ulong)value;
        while (rest > 0x7F)
        {
            bytes[length++] = (byte)(rest | 0x80);
            rest >>= 7;
        }

        bytes[length++] = (byte)rest;
        return length;
    }

    /// <exception cref="InvalidDataException">The bytes end, or it is longer than a number can be.</exception>
    public static long Read(ReadOnlySpan<byte> bytes, ref int offset)
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (offset >= bytes.Length)
            {
                break;
            }

            var part = bytes[offset++];
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return (long)value;
            }
        }

        throw new InvalidDataException("A number in the log does not end.");
    }
}
