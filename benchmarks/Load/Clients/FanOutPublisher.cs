using System.Buffers.Binary;
using System.Diagnostics;
using OrleansIoT.Load.Wire;

namespace OrleansIoT.Load.Clients;

/// <summary>Publishes to its topics in turn, when it is told to.</summary>
internal sealed class FanOutPublisher : Client
{
    private readonly PublishTemplate[] _publishes;
    private readonly long[] _sentAt = new long[1 << 16];
    private readonly Queue<ushort> _free;
    private readonly int _qos;

    /// <param name="loop">Who serves it.</param>
    /// <param name="device">Who it is.</param>
    /// <param name="topics">Where it publishes.</param>
    /// <param name="qos">0 or 1.</param>
    /// <param name="window">How many it has in flight with QoS 1.</param>
    public FanOutPublisher(Loop loop, Device device, IEnumerable<string> topics, int qos, int window)
        : base(loop, device)
    {
        _publishes = [.. topics.Select(topic => new PublishTemplate(topic, qos))];
        _qos = qos;
        _free = new Queue<ushort>(Enumerable.Range(1, window).Select(id => (ushort)id));
    }

    public int Published { get; private set; }

    public long SentAt(int number) => _sentAt[(ushort)number];

    /// <summary>Publishes up to, and with, this number, as far as its window lets it.</summary>
    public void PublishUpTo(int number)
    {
        var now = Stopwatch.GetTimestamp();
        while (Published < number && (_qos == 0 || _free.Count > 0))
        {
            var publish = _publishes[Published % _publishes.Length];
            var id = _qos == 0 ? (ushort)0 : _free.Dequeue();
            _sentAt[(ushort)Published] = now;
            publish.Write(Append(publish.Length), id, Published++);
        }

        Flush();
    }

    protected override void Received(byte first, ReadOnlySpan<byte> body)
    {
        if (first != PacketKind.PubAck)
        {
            throw Surprised(first);
        }

        _free.Enqueue(BinaryPrimitives.ReadUInt16BigEndian(body));
    }
}
