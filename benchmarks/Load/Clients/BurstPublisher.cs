using OrleansIoT.Load.Wire;

namespace OrleansIoT.Load.Clients;

/// <summary>
/// Publishes with QoS 0, which nobody acknowledges. So every burst ends with one publish of QoS 1, and its PUBACK says
/// that the server has dealt with everything before it. Two bursts are under way, so that the server never waits.
/// </summary>
internal sealed class BurstPublisher(Loop loop, Device device) : Client(loop, device)
{
    public const int Burst = 500;

    private readonly PublishTemplate _publish = new(device.Topic, 0);
    private readonly PublishTemplate _last = new(device.Topic, 1);
    private int _number;

    /// <summary>How many publishes the server has dealt with.</summary>
    public long Confirmed { get; set; }

    public void Start()
    {
        Publish(1);
        Publish(2);
        Flush();
    }

    protected override void Received(byte first, ReadOnlySpan<byte> body)
    {
        if (first != PacketKind.PubAck)
        {
            throw Surprised(first);
        }

        Confirmed += Burst;
        Publish(body[1]);
    }

    private void Publish(byte id)
    {
        for (var i = 1; i < Burst; i++)
        {
            _publish.Write(Append(_publish.Length), 0, ++_number);
        }

        _last.Write(Append(_last.Length), id, ++_number);
    }
}
