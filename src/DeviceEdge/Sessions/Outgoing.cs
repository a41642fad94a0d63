using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>
/// What the server sends on one connection, one sender at a time. A sender waits while the client does not read, and with it
/// whoever waits for the sender: that is the back pressure.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore whose wait handle nobody asks for holds nothing to give back.")]
internal sealed class Outgoing(PipeWriter output)
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private bool _tellsReasons = true;
    private bool _closed;

    public MqttVersion Version { get; private set; } = MqttVersion.V311;

    /// <summary>The client's.</summary>
    public uint MaximumPacketSize { get; private set; } = uint.MaxValue;

    /// <summary>Where who has the turn writes packets, each as a whole.</summary>
    public IBufferWriter<byte> Output => output;

    /// <summary>From now on as the device asked for in its CONNECT.</summary>
    public void Speak(ConnectPacket connect)
    {
        Speak(connect.Version);
        _tellsReasons = connect.Properties.RequestProblemInformation ?? true;
        MaximumPacketSize = connect.Properties.MaximumPacketSize ?? uint.MaxValue;
    }

    public void Speak(MqttVersion version) => Version = version;

    public async ValueTask Send(MqttPacket packet)
    {
        await TakeTurn();
        try
        {
            if (!_closed)
            {
                Write(packet);
                await Flush();
            }
        }
        finally
        {
            EndTurn();
        }
    }

    /// <summary>
    /// Sends what is owed, in its order. 3.1.1 has no word for a refusal, so there everything before the first one is
    /// sent and nothing after it.
    /// </summary>
    /// <returns>Whether everything that is owed was sent.</returns>
    public async ValueTask<bool> Send(PendingAcks acks)
    {
        await TakeTurn();
        try
        {
            if (_closed)
            {
                return false;
            }

            var all = Write(acks.InOrder);
            await Flush();
            return all;
        }
        finally
        {
            EndTurn();
        }
    }

    /// <summary>For who has more to send than one packet, and cannot wait for it.</summary>
    public bool TryTakeTurn() => _turn.Wait(0);

    public Task TakeTurn() => _turn.WaitAsync();

    public void EndTurn() => _turn.Release();

    /// <summary>By who has the turn: complete when the client has read so much that more may be written.</summary>
    /// <returns>False if nothing more is to be written: nobody reads it, or the connection ends.</returns>
    public async ValueTask<bool> Flush()
    {
        var flush = await output.FlushAsync();
        return !flush.IsCompleted && !flush.IsCanceled;
    }

    /// <summary>Whoever waits for the device to read waits no longer; what was sent stays sent.</summary>
    public void StopWaiting() => output.CancelPendingFlush();

    /// <summary>Nothing is sent from here on; complete when nobody writes any more.</summary>
    public async ValueTask Close()
    {
        await TakeTurn();
        _closed = true;
        EndTurn();
    }

    private bool Write(ReadOnlySpan<PendingAck> acks)
    {
        foreach (var ack in acks)
        {
            if (ack.PacketId == 0)
            {
                continue;
            }

            if (!ack.IsRefused)
            {
                MqttPacketWriter.WriteAck(output, ack.Type, ack.PacketId);
            }
            else if (Version == MqttVersion.V500)
            {
                Write(new AckPacket(ack.Type, ack.PacketId, ack.Reason) { Properties = Properties.Because(ack.WhyToSay) });
            }
            else
            {
                return false;
            }
        }

        return true;
    }

    private void Write(MqttPacket packet)
    {
        // [MQTT-3.1.2-29]: CONNACK and DISCONNECT may give a reason in any case.
        var tells = _tellsReasons || packet is ConnAckPacket or DisconnectPacket;
        if (!tells || MqttPacketWriter.Write(output, packet, Version, MaximumPacketSize) > MaximumPacketSize)
        {
            // [MQTT-3.2.2-19], [MQTT-3.4.2-2] and their like. What is too large even so is not sent [MQTT-3.1.2-24].
            MqttPacketWriter.Write(output, packet.WithoutReasonString(), Version, MaximumPacketSize);
        }
    }
}
