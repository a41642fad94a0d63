using System.Text;

namespace OrleansIoT.DeviceEdge.Mqtt;

/// <summary>
/// The topic names that a connection used last, so that a device which publishes to the same few topics again and
/// again costs no string for each message. Only for names in ASCII, which compare without decoding.
/// </summary>
internal sealed class TopicNames
{
    private const int Slots = 64;

    private string?[]? _recent;

    public string Get(ReadOnlySpan<byte> utf8)
    {
        if (!Ascii.IsValid(utf8))
        {
            return WireReader.Decode(utf8);
        }

        var hash = new HashCode();
        hash.AddBytes(utf8);
        ref var slot = ref (_recent ??= new string?[Slots])[hash.ToHashCode() & (Slots - 1)];
        return slot is not null && Ascii.Equals(utf8, slot) ? slot : slot = WireReader.Decode(utf8);
    }
}
