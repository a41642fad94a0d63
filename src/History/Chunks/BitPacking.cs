using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace OrleansIoT.History.Chunks;

/// <summary>Up to 128 numbers of the same few bits, one behind the other, the lowest bit first.</summary>
internal static class BitPacking
{
    public const int BlockSize = 128;

    // A number is read with its whole word, and the last word may reach beyond its block.
    private const int Beyond = 9;

    public static int Bytes(int count, int width) => ((count * width) + 7) / 8;

    public static void Pack(ReadOnlySpan<ulong> values, ulong minus, int width, Span<byte> bytes)
    {
        var word = 0UL;
        var filled = 0;
        foreach (var value in values)
        {
            var rest = value - minus;
            word |= rest << filled;
            filled += width;
            if (filled >= 64)
            {
                MemoryMarshal.Write(bytes, in word);
                bytes = bytes[8..];
                filled -= 64;
                word = filled == 0 ? 0 : rest >> (width - filled);
            }
        }

        for (; filled > 0; filled -= 8, word >>= 8)
        {
            bytes[0] = (byte)word;
            bytes = bytes[1..];
        }
    }

    /// <summary>Gives <paramref name="plus"/> + <paramref name="times"/> × number for each number.</summary>
    /// <param name="bytes">The block and whatever follows it.</param>
    [SkipLocalsInit]
    public static void Unpack(ReadOnlySpan<byte> bytes, int width, long plus, long times, Span<long> values)
    {
        if (width == 0)
        {
            values.Fill(plus);
            return;
        }

        var length = Bytes(values.Length, width);
        if (bytes.Length < length + Beyond)
        {
            Span<byte> copy = stackalloc byte[(BlockSize * 8) + Beyond];
            bytes[..length].CopyTo(copy);
            copy[length..].Clear();
            Unpack(copy, width, plus, times, values);
            return;
        }

        ref var first = ref MemoryMarshal.GetReference(bytes);
        var mask = ulong.MaxValue >> (64 - width);
        nint bit = 0;
        if (width <= 57)
        {
            for (var i = 0; i < values.Length; i++, bit += width)
            {
                var word = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref first, bit >> 3)) >> (int)(bit & 7);
                values[i] = plus + (times * (long)(word & mask));
            }
        }
        else
        {
            for (var i = 0; i < values.Length; i++, bit += width)
            {
                ref var at = ref Unsafe.Add(ref first, bit >> 3);
                var shift = (int)(bit & 7);
                var word = (Unsafe.ReadUnaligned<ulong>(ref at) >> shift) | ((ulong)Unsafe.Add(ref at, 8) << 1 << (63 - shift));
                values[i] = plus + (times * (long)(word & mask));
            }
        }
    }
}
