using System.Buffers.Binary;
using OrleansIoT.Load.Wire;

namespace OrleansIoT.Load.Clients;

/// <summary>Publishes with QoS 1 when it is told to, and says when each is acknowledged; however many are on their way.</summary>
internal sealed class SinglePublisher(Loop loop, Device device, Latencies latencies, Action acknowledged) : Client(loop, device)
{
    private readonly PublishTemplate _publish = new(device.Topic, 1);
    private readonly Queue<long> _since = [];
    private int _number;

    /// <param name="since">When its time began.</param>
    public void Publish(long since)
    {
        _since.Enqueue(since);
        _publish.Write(Append(_publish.Length), IdOf(++_number), _number);
        Flush();
    }

    protected override void Received(byte first, ReadOnlySpan<byte> body)
    {
        // In the order of the publishes [MQTT-4.6.0-2].
        if (first != PacketKind.PubAck || BinaryPrimitives.ReadUInt16BigEndian(body) != IdOf(_number - _since.Count + 1))
        {
            throw Surprised(first);
        }

        latencies.Add(System.Diagnostics.Stopwatch.GetTimestamp() - _since.Dequeue());
        acknowledged();
    }

    private static ushort IdOf(int number) => (ushort)(1 + (number % ushort.MaxValue));
}
