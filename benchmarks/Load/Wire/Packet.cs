using System.Buffers.Binary;
using System.Text;

namespace OrleansIoT.Load.Wire;

/// <summary>The first bytes of the packets that a load needs, MQTT 3.1.1.</summary>
internal static class PacketKind
{
    public const byte Connect = 0x10;
    public const byte ConnAck = 0x20;
    public const byte Publish = 0x30;
    public const byte PubAck = 0x40;
    public const byte PubRec = 0x50;
    public const byte PubRel = 0x62;
    public const byte PubComp = 0x70;
    public const byte Subscribe = 0x82;
    public const byte SubAck = 0x90;
}

/// <summary>Packets that are written once.</summary>
internal static class Packet
{
    private const ushort KeepAlive = 600;

    public static byte[] Disconnect { get; } = [0xE0, 0];

    public static byte[] Connect(Device device)
    {
        const byte cleanSession = 0x02;
        const byte userNameAndPassword = 0xC0;
        var flags = (byte)(cleanSession | (device.Key is null ? 0 : userNameAndPassword));
        byte[] body = [.. Text("MQTT"), 4, flags, .. Number(KeepAlive), .. Text(device.Id)];
        return Whole(PacketKind.Connect, device.Key is null ? body : [.. body, .. Text(device.Id), .. Text(device.Key)]);
    }

    public static byte[] Subscribe(string filter, int qos) =>
        Whole(PacketKind.Subscribe, [.. Number(1), .. Text(filter), (byte)qos]);

    public static byte[] Whole(byte first, byte[] body)
    {
        var packet = new List<byte> { first };
        var left = body.Length;
        do
        {
            packet.Add((byte)(left > 127 ? (left % 128) | 128 : left));
            left /= 128;
        }
        while (left > 0);
        return [.. packet, .. body];
    }

    public static byte[] Text(string text) => [.. Number((ushort)Encoding.UTF8.GetByteCount(text)), .. Encoding.UTF8.GetBytes(text)];

    public static byte[] Number(ushort number)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, number);
        return bytes;
    }
}
