using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>
/// What the server sends on one connection. A sender waits while the device does not read, and with it whoever waits
/// for the sender: that is the back pressure.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore whose wait handle nobody asks for holds nothing to give back.")]
internal sealed class Outgoing(PipeWriter output)
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private bool _tellsReasons = true;
    private uint _maximumPacketSize = uint.MaxValue;
    private bool _closed;

    public MqttVersion Version { get; private set; } = MqttVersion.V311;

    /// <summary>From now on as the device asked for in its CONNECT.</summary>
    public void Speak(ConnectPacket connect)
    {
        Speak(connect.Version);
        _tellsReasons = connect.Properties.RequestProblemInformation ?? true;
        _maximumPacketSize = connect.Properties.MaximumPacketSize ?? uint.MaxValue;
    }

    public void Speak(MqttVersion version) => Version = version;

    public async ValueTask Send(MqttPacket packet)
    {
        await _turn.WaitAsync();
        try
        {
            if (!_closed)
            {
                Write(packet);
                await output.FlushAsync();
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>
    /// Sends what is owed, in its order. 3.1.1 has no word for a refusal, so there everything before the first one is
    /// sent and nothing after it.
    /// </summary>
    /// <returns>Whether everything that is owed was sent.</returns>
    public async ValueTask<bool> Send(PendingAcks acks)
    {
        await _turn.WaitAsync();
        try
        {
            if (_closed)
            {
                return false;
            }

            var all = Write(acks.InOrder);
            await output.FlushAsync();
            return all;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Whoever waits for the device to read waits no longer; what was sent stays sent.</summary>
    public void StopWaiting() => output.CancelPendingFlush();

    /// <summary>Nothing is sent from here on.</summary>
    public async ValueTask Close()
    {
        await _turn.WaitAsync();
        _closed = true;
        _turn.Release();
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
                Write(new AckPacket(ack.Type, ack.PacketId, ack.Reason) { Properties = Properties.Because(ack.Why) });
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
        if (!tells || MqttPacketWriter.Write(output, packet, Version, _maximumPacketSize) > _maximumPacketSize)
        {
            // [MQTT-3.2.2-19], [MQTT-3.4.2-2] and their like. What is too large even so is not sent [MQTT-3.1.2-24].
            MqttPacketWriter.Write(output, packet.WithoutReasonString(), Version, _maximumPacketSize);
        }
    }
}
