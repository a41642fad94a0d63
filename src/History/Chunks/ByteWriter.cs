using System.Numerics;

namespace OrleansIoT.History.Chunks;

/// <summary>Bytes that grow. Made once a thread and used again, because chunks are written by the hundred thousand.</summary>
internal sealed class ByteWriter
{
    private const int FirstLength = 4096;
    private const int MaxKept = 1 << 20;

    private byte[] _bytes = new byte[FirstLength];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public void Clear()
    {
        Length = 0;
        _bytes = _bytes.Length > MaxKept ? new byte[FirstLength] : _bytes;
    }

    public void Byte(int value) => Reserve(1)[0] = (byte)value;

    public void Bytes(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Reserve(bytes.Length));

    /// <summary>Seven bits a byte, the lowest first.</summary>
    public void Number(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            Byte((int)value | 0x80);
        }

        Byte((int)value);
    }

    /// <summary>With the sign as the lowest bit, so that small negative numbers are short.</summary>
    public void Signed(long value) => Number((ulong)((value << 1) ^ (value >> 63)));

    public static int LengthOf(ulong value) => (BitOperations.Log2(value | 1) / 7) + 1;

    public static int LengthOf(long signed) => LengthOf((ulong)((signed << 1) ^ (signed >> 63)));

    public Span<byte> Reserve(int length)
    {
        var start = Length;
        if (_bytes.Length - start < length)
        {
            Array.Resize(ref _bytes, Math.Max(start + length, _bytes.Length * 2));
        }

        Length += length;
        return _bytes.AsSpan(start, length);
    }
}
