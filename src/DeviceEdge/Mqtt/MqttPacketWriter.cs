using System.Buffers;

namespace OrleansIoT.DeviceEdge.Mqtt;

/// <summary>Writes packets.</summary>
public static class MqttPacketWriter
{
    // Writing never waits, so one scratch a thread serves all connections.
    [ThreadStatic]
    private static WireWriter? _scratch;

    /// <returns>The packet's size; if that is above <paramref name="maximumPacketSize"/>, nothing was written.</returns>
    public static long Write(
        IBufferWriter<byte> output, MqttPacket packet, MqttVersion version, uint maximumPacketSize = uint.MaxValue)
    {
        var body = _scratch ??= new WireWriter();
        body.Clear();
        packet.Write(body, version);

        var tail = packet.Tail.Span;
        var remaining = (uint)(body.Written.Length + tail.Length);
        var size = 1L + WireWriter.VarIntSize(remaining) + remaining;
        if (size > maximumPacketSize)
        {
            return size;
        }

        var target = output.GetSpan((int)size);
        target[0] = (byte)(((byte)packet.Type << 4) | packet.Flags);
        var length = 1 + WireWriter.VarInt(target[1..], remaining);
        body.Written.CopyTo(target[length..]);
        tail.CopyTo(target[(length + body.Written.Length)..]);
        output.Advance((int)size);
        return size;
    }

    /// <summary>An acknowledgement that says success, without making a packet of it: the most frequent thing a server writes.</summary>
    public static void WriteAck(IBufferWriter<byte> output, PacketType type, ushort packetId)
    {
        var target = output.GetSpan(4);
        target[0] = (byte)(((int)type << 4) | MqttPacket.FlagsOf(type));
        target[1] = 2; // 3.1.1, and 5.0 with reason code 0x00 left out (section 3.4.2.1)
        target[2] = (byte)(packetId >> 8);
        target[3] = (byte)packetId;
        output.Advance(4);
    }
}
