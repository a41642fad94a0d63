using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace OrleansIoT.DeviceEdge.Mqtt;

/// <summary>Reads the data types of section 1.5 from the body of one packet. Reading beyond its end is an error.</summary>
internal ref struct WireReader(ReadOnlySpan<byte> body)
{
    /// <summary>Above it, the value of a variable byte integer cannot be encoded (section 1.5.5).</summary>
    public const uint MaxVarInt = 268_435_455;

    private ReadOnlySpan<byte> _rest = body;

    public readonly bool AtEnd => _rest.IsEmpty;

    /// <summary>How many bytes are left.</summary>
    public readonly int Left => _rest.Length;

    public byte Byte() => Take(1)[0];

    public ushort UInt16() => BinaryPrimitives.ReadUInt16BigEndian(Take(2));

    public uint UInt32() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    /// <summary>A packet identifier, which is never zero [MQTT-2.2.1-3].</summary>
    public ushort PacketId()
    {
        var id = UInt16();
        return id != 0 ? id : throw MqttProtocolException.Protocol("A packet identifier is not zero.");
    }

    public uint VarInt()
    {
        var (value, length) = VarInt(_rest);
        _ = length > 0 ? Take(length) : throw EndsTooSoon();
        return value;
    }

    /// <summary>The variable byte integer at the start of <paramref name="bytes"/>; length 0 if it goes on beyond them.</summary>
    public static (uint Value, int Length) VarInt(ReadOnlySpan<byte> bytes)
    {
        uint value = 0;
        for (var i = 0; i < Math.Min(bytes.Length, 4); i++)
        {
            value |= (uint)(bytes[i] & 0x7F) << (7 * i);
            if (bytes[i] < 0x80)
            {
                return bytes[i] == 0 && i > 0
                    ? throw MqttProtocolException.Malformed("A variable byte integer uses as few bytes as it can.") // [MQTT-1.5.5-1]
                    : (value, i + 1);
            }
        }

        return bytes.Length < 4
            ? (0u, 0)
            : throw MqttProtocolException.Malformed("A variable byte integer has at most four bytes.");
    }

    public string String() => Decode(Prefixed());

    /// <summary>Goes beyond a string, which has to be one.</summary>
    public void CheckString() => Check(Prefixed());

    public ReadOnlySpan<byte> Prefixed() => Take(UInt16());

    public ReadOnlySpan<byte> Rest() => Take(_rest.Length);

    /// <summary>The next <paramref name="length"/> bytes as a reader of their own.</summary>
    public WireReader Slice(uint length) =>
        length <= _rest.Length ? new WireReader(Take((int)length)) : throw EndsTooSoon();

    public readonly void ExpectEnd()
    {
        if (!AtEnd)
        {
            throw MqttProtocolException.Malformed("The packet has bytes after its last field.");
        }
    }

    /// <summary>[MQTT-1.5.4-3] U+FEFF stays.</summary>
    public static string Decode(ReadOnlySpan<byte> utf8)
    {
        Check(utf8);
        return Encoding.UTF8.GetString(utf8);
    }

    /// <summary>[MQTT-1.5.4-1] no ill-formed UTF-8, no surrogates; [MQTT-1.5.4-2] no U+0000.</summary>
    private static void Check(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Contains((byte)0))
        {
            throw MqttProtocolException.Malformed("A string has no U+0000.");
        }

        if (!Utf8.IsValid(utf8))
        {
            throw MqttProtocolException.Malformed("A string is well-formed UTF-8.");
        }
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length)
        {
            throw EndsTooSoon();
        }

        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }

    private static MqttProtocolException EndsTooSoon() => MqttProtocolException.Malformed("The packet ends inside a field.");
}
