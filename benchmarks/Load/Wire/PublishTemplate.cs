using System.Buffers.Binary;
using System.Text;

namespace OrleansIoT.Load.Wire;

/// <summary>A PUBLISH that is built once and then patched: its identifier, and the running number in its payload, a JSON object.</summary>
internal sealed class PublishTemplate
{
    public const int PayloadSize = 32;

    private const string Head = "{\"value\":1";
    private const int Digits = 9;

    private readonly byte[] _packet;
    private readonly int _numberAt;
    private readonly int _identifierAt;

    public PublishTemplate(string topic, int qos)
    {
        var payload = (Head + new string('0', Digits) + "}").PadRight(PayloadSize);
        byte[] identifier = qos > 0 ? Packet.Number(0) : [];
        _packet = Packet.Whole(
            (byte)(PacketKind.Publish | (qos << 1)), [.. Packet.Text(topic), .. identifier, .. Encoding.ASCII.GetBytes(payload)]);
        _numberAt = _packet.Length - PayloadSize + Head.Length;
        _identifierAt = qos > 0 ? _packet.Length - PayloadSize - identifier.Length : -1;
    }

    public int Length => _packet.Length;

    public void Write(Span<byte> target, ushort identifier, int number)
    {
        _packet.CopyTo(target);
        if (_identifierAt > 0)
        {
            BinaryPrimitives.WriteUInt16BigEndian(target[_identifierAt..], identifier);
        }

        for (var i = _numberAt + Digits - 1; number > 0; i--, number /= 10)
        {
            target[i] = (byte)('0' + (number % 10));
        }
    }

    /// <summary>The running number in a payload that comes back.</summary>
    public static int NumberOf(ReadOnlySpan<byte> payload)
    {
        var number = 0;
        foreach (var digit in payload.Slice(Head.Length, Digits))
        {
            number = (number * 10) + digit - '0';
        }

        return number;
    }
}
