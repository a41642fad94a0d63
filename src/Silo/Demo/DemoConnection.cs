using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Sessions;

namespace OrleansIoT.Silo.Demo;

/// <summary>What a device does while it is awake: connect, publish with QoS 1, hear the acknowledgements, sleep again.</summary>
internal static class DemoConnection
{
    /// <exception cref="IOException">The server closed the connection or refused something.</exception>
    public static async Task Publish(
        IPEndPoint edge, string device, string key, DemoBatch batch, CancellationToken stopping)
    {
        using var socket = new Socket(edge.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(edge, stopping);
        await using var stream = new NetworkStream(socket);
        var input = PipeReader.Create(stream);
        var packets = new MqttPacketReader(MqttVersion.V500, int.MaxValue);

        await Send(new ConnectPacket
        {
            Version = MqttVersion.V500,
            ClientId = device,
            UserName = device,
            Password = Encoding.UTF8.GetBytes(key),
            CleanStart = true,
            KeepAlive = 60,
        });
        Expect(await Receive() is ConnAckPacket { Reason: ReasonCode.Success });

        for (var i = 0; i < batch.Readings.Count; i++)
        {
            await Send(new PublishPacket
            {
                Topic = batch.Readings[i].Topic,
                Payload = Encoding.UTF8.GetBytes(batch.Readings[i].Payload),
                Qos = Qos.AtLeastOnce,
                PacketId = (ushort)(i + 1),
            });
        }

        for (var i = 0; i < batch.Readings.Count; i++)
        {
            Expect(await Receive() is AckPacket { Type: PacketType.PubAck, Reason: ReasonCode.Success });
        }

        batch.Acknowledged();
        await Send(new DisconnectPacket());

        async Task Send(MqttPacket packet)
        {
            var bytes = new ArrayBufferWriter<byte>();
            MqttPacketWriter.Write(bytes, packet, MqttVersion.V500);
            await stream.WriteAsync(bytes.WrittenMemory, stopping);
        }

        async Task<MqttPacket?> Receive()
        {
            while (true)
            {
                var read = await input.ReadAsync(stopping);
                var buffer = read.Buffer;
                var found = packets.TryRead(ref buffer, out var packet);
                input.AdvanceTo(buffer.Start, found ? buffer.Start : buffer.End);
                if (found || read.IsCompleted)
                {
                    return packet;
                }
            }
        }
    }

    private static void Expect(bool answer)
    {
        if (!answer)
        {
            throw new IOException("The server did not take it.");
        }
    }
}
