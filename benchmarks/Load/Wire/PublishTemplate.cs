using System.Buffers.Binary;
using System.Text;

namespace OrleansIoT.Load.Wire;

/// <summary>
/// A PUBLISH that is built once and then patched: its identifier, the running number in its payload, a JSON object, and
/// in its topic, if there are several in turn.
/// </summary>
internal sealed class PublishTemplate
{
    public const int PayloadSize = 32;

    private const string Head = "{\"value\":1";
    private const int Digits = 9;
    private const int TopicDigits = 5;

    private readonly byte[] _packet;
    private readonly int _numberAt;
    private readonly int _identifierAt;
    private readonly int _topics;
    private readonly int _topicDigitsEnd;

    /// <param name="topic">The topic, or what comes before a number in the names of several.</param>
    /// <param name="qos">0 to 2.</param>
    /// <param name="topics">How many there are.</param>
    public PublishTemplate(string topic, int qos, int topics = 1)
    {
        _topics = topics;
        topic = topics > 1 ? topic + new string('0', TopicDigits) : topic;
        var payload = (Head + new string('0', Digits) + "}").PadRight(PayloadSize);
        byte[] identifier = qos > 0 ? Packet.Number(0) : [];
        _packet = Packet.Whole(
            (byte)(PacketKind.Publish | (qos << 1)), [.. Packet.Text(topic), .. identifier, .. Encoding.ASCII.GetBytes(payload)]);
        _numberAt = _packet.Length - PayloadSize + Head.Length;
        _identifierAt = qos > 0 ? _packet.Length - PayloadSize - identifier.Length : -1;
        _topicDigitsEnd = _packet.Length - PayloadSize - identifier.Length;
    }

    public int Length => _packet.Length;

    public void Write(Span<byte> target, ushort identifier, int number)
    {
        _packet.CopyTo(target);
        if (_identifierAt > 0)
        {
            BinaryPrimitives.WriteUInt16BigEndian(target[_identifierAt..], identifier);
        }

        if (_topics > 1)
        {
            WriteDigits(target[.._topicDigitsEnd], number % _topics);
        }

        WriteDigits(target[..(_numberAt + Digits)], number);
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

    /// <summary>At the end of the target, where zeros are.</summary>
    private static void WriteDigits(Span<byte> target, int number)
    {
        for (var i = target.Length - 1; number > 0; i--, number /= 10)
        {
            target[i] = (byte)('0' + (number % 10));
        }
    }
}
