using System.Buffers.Binary;
using System.Text;

namespace OrleansIoT.DeviceEdge.Mqtt;

/// <summary>Writes the data types of section 1.5 into a buffer that grows and is used again.</summary>
internal sealed class WireWriter
{
    private byte[] _buffer = new byte[256];
    private int _length;

    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    public void Clear() => _length = 0;

    public void Byte(byte value) => Claim(1)[0] = value;

    public void UInt16(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Claim(2), value);

    public void UInt32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Claim(4), value);

    public void VarInt(uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        Bytes(bytes[..VarInt(bytes, value)]);
    }

    /// <returns>How many bytes it took.</returns>
    public static int VarInt(Span<byte> target, uint value)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, WireReader.MaxVarInt);
        var length = 0;
        do
        {
            target[length++] = (byte)((value & 0x7F) | (value > 0x7F ? 0x80u : 0));
            value >>= 7;
        }
        while (value > 0);
        return length;
    }

    public static int VarIntSize(uint value) => value switch { < 0x80 => 1, < 0x4000 => 2, < 0x20_0000 => 3, _ => 4 };

    public void String(string value)
    {
        var size = Encoding.UTF8.GetByteCount(value);
        UInt16(checked((ushort)size));
        Encoding.UTF8.GetBytes(value, Claim(size));
    }

    public void Prefixed(ReadOnlySpan<byte> value)
    {
        UInt16(checked((ushort)value.Length));
        Bytes(value);
    }

    public void Bytes(ReadOnlySpan<byte> value) => value.CopyTo(Claim(value.Length));

    private Span<byte> Claim(int count)
    {
        if (_length + count > _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + count));
        }

        _length += count;
        return _buffer.AsSpan(_length - count, count);
    }
}
