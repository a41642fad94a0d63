using System.Buffers.Binary;
using OrleansIoT.History.Chunks;

namespace OrleansIoT.History.Sqlite.Log;

/// <summary>Bytes of a row of the log while they are written; used again for the next row.</summary>
internal sealed class LogBuffer
{
    private const int SmallestLarge = 1 << 20;

    private byte[] _bytes = new byte[64 << 10];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public Span<byte> GetSpan(int size)
    {
        if (_bytes.Length - Length < size)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, Length + size));
        }

        return _bytes.AsSpan(Length);
    }

    public void Advance(int count) => Length += count;

    public void WriteNumber(long value) => Advance(Varint.Write(GetSpan(10), value));

    /// <summary>Ends what is written with its checksum.</summary>
    public void Seal()
    {
        BinaryPrimitives.WriteUInt32LittleEndian(GetSpan(sizeof(uint)), Checksum.Of(Written));
        Advance(sizeof(uint));
    }

    public void Clear()
    {
        Length = 0;
        if (_bytes.Length > SmallestLarge)
        {
            _bytes = new byte[SmallestLarge];
        }
    }

    /// <summary>Whether what was sealed fits its checksum, which is its end.</summary>
    public static bool IsWhole(ReadOnlySpan<byte> sealedBytes) =>
        sealedBytes.Length >= sizeof(uint)
        && BinaryPrimitives.ReadUInt32LittleEndian(sealedBytes[^sizeof(uint)..]) == Checksum.Of(sealedBytes[..^sizeof(uint)]);
}
