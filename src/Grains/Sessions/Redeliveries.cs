using System.Buffers.Binary;
using System.Security.Cryptography;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Grains.Sessions;

/// <summary>
/// A publisher's last stored readings of QoS 1 and 2 that carried no time of their own, by which a message with the DUP
/// flag is recognised: same packet identifier, topic and payload. The flag alone decides nothing, because the first copy
/// may have been lost.
/// </summary>
internal sealed class Redeliveries
{
    /// <summary>How many are remembered.</summary>
    public const int Capacity = 1_024;

    private readonly Entry[] _entries = new Entry[Capacity];
    private int _next;

    public Redeliveries(IEnumerable<TelemetryMessage> oldestFirst)
    {
        foreach (var message in oldestFirst)
        {
            Remember(message);
        }
    }

    /// <summary>Whether it is worth asking: only such messages can be known here.</summary>
    public static bool Concerns(TelemetryMessage message) => !message.HasOwnTime && message.PacketId != 0;

    /// <summary>
    /// Only the last one with its packet identifier can be the same: an identifier is used again when the message before is
    /// acknowledged, and then that is not sent again [MQTT-2.2.1-3].
    /// </summary>
    public bool Contains(TelemetryMessage message)
    {
        for (var i = 1; i <= Capacity; i++)
        {
            var earlier = _entries[(_next + Capacity - i) % Capacity];
            if (earlier.PacketId == message.PacketId)
            {
                return earlier == Entry.Of(message);
            }
        }

        return false;
    }

    public void Remember(TelemetryMessage message)
    {
        _entries[_next] = Entry.Of(message);
        _next = (_next + 1) % Capacity;
    }

    private readonly record struct Entry(ushort PacketId, string Topic, UInt128 PayloadHash)
    {
        public static Entry Of(TelemetryMessage message)
        {
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(message.Payload.Span, hash);
            return new Entry(message.PacketId, message.Topic, BinaryPrimitives.ReadUInt128LittleEndian(hash));
        }
    }
}
