using System.Buffers.Binary;
using System.Diagnostics;
using OrleansIoT.Load.Wire;

namespace OrleansIoT.Load.Clients;

/// <summary>What all subscribers have got together.</summary>
internal sealed class Deliveries(FanOutPublisher publisher)
{
    public long Count { get; private set; }

    public Latencies Latencies { get; } = new();

    public void Add(int number)
    {
        Count++;
        Latencies.Add(Stopwatch.GetTimestamp() - publisher.SentAt(number));
    }
}

/// <summary>Takes what is delivered, acknowledges QoS 1, and wants every number once and in its order.</summary>
/// <param name="loop">Who serves it.</param>
/// <param name="device">Who it is.</param>
/// <param name="first">The first number it must get.</param>
/// <param name="step">From one number to its next.</param>
/// <param name="deliveries">Where it counts.</param>
internal sealed class Subscriber(Loop loop, Device device, int first, int step, Deliveries deliveries) : Client(loop, device)
{
    private int _next = first;

    public bool IsSubscribed { get; private set; }

    public void Subscribe(string filter, int qos)
    {
        Append(Packet.Subscribe(filter, qos));
        Flush();
    }

    protected override void Received(byte first, ReadOnlySpan<byte> body)
    {
        switch (first & 0xF0)
        {
            case PacketKind.Publish:
                Deliver((first >> 1) & 3, body);
                break;
            case PacketKind.SubAck:
                IsSubscribed = body[2] < 0x80 ? true : throw new LoadException($"{Device.Id}: the server refused its subscription");
                break;
            default:
                throw Surprised(first);
        }
    }

    private void Deliver(int qos, ReadOnlySpan<byte> body)
    {
        if (qos == 1)
        {
            var ack = Append(4);
            ack[0] = PacketKind.PubAck;
            ack[1] = 2;
            body.Slice(2 + BinaryPrimitives.ReadUInt16BigEndian(body), 2).CopyTo(ack[2..]);
        }

        var number = PublishTemplate.NumberOf(body[^PublishTemplate.PayloadSize..]);
        if (number != _next)
        {
            throw new LoadException($"{Device.Id}: message {number} came where {_next} was due: lost, doubled or out of order");
        }

        _next += step;
        deliveries.Add(number);
    }
}
