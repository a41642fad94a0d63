using System.Buffers.Binary;
using System.Diagnostics;
using OrleansIoT.Load.Wire;

namespace OrleansIoT.Load.Clients;

/// <summary>
/// Keeps a number of publishes of QoS 1 or 2 in flight: for everyone that is complete, by PUBACK or PUBCOMP, it sends
/// the next, all that came together with one write.
/// </summary>
internal sealed class WindowPublisher : Client
{
    private readonly PublishTemplate _publish;
    private readonly int _qos;
    private readonly Latencies _latencies;
    private readonly long[] _sentAt;
    private int _number;

    public WindowPublisher(Loop loop, Device device, int qos, int window, int topics, Latencies latencies)
        : base(loop, device)
    {
        _publish = new PublishTemplate(device.Topic, qos, topics);
        _qos = qos;
        _latencies = latencies;
        _sentAt = new long[window + 1];
    }

    public void Start()
    {
        var now = Stopwatch.GetTimestamp();
        for (var id = 1; id < _sentAt.Length; id++)
        {
            Publish((ushort)id, now);
        }

        Flush();
    }

    protected override void Received(byte first, ReadOnlySpan<byte> body)
    {
        var id = BinaryPrimitives.ReadUInt16BigEndian(body);
        switch (first, _qos)
        {
            case (PacketKind.PubRec, 2):
                Release(id);
                break;
            case (PacketKind.PubComp, 2) or (PacketKind.PubAck, 1):
                var now = Stopwatch.GetTimestamp();
                _latencies.Add(now - _sentAt[id]);
                Publish(id, now);
                break;
            default:
                throw Surprised(first);
        }
    }

    private void Release(ushort id)
    {
        var packet = Append(4);
        packet[0] = PacketKind.PubRel;
        packet[1] = 2;
        BinaryPrimitives.WriteUInt16BigEndian(packet[2..], id);
    }

    private void Publish(ushort id, long now)
    {
        _sentAt[id] = now;
        _publish.Write(Append(_publish.Length), id, ++_number);
    }
}
