using System.Buffers;
using System.Net;
using Microsoft.AspNetCore.Connections;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;

namespace OrleansIoT.Layers;

/// <summary>The floor: Kestrel and our reader of packets, everything answered at once. No session, no grain, no store.</summary>
internal sealed class BareBroker : ConnectionHandler
{
    private const int MaxPacketSize = 1 << 20;

    public static WebApplication Build(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, port, listen => listen.UseConnectionHandler<BareBroker>()));
        return builder.Build();
    }

    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        var (input, output) = (connection.Transport.Input, connection.Transport.Output);
        var packets = new MqttPacketReader(null, MaxPacketSize);
        while (true)
        {
            var read = await input.ReadAsync();
            var buffer = read.Buffer;
            while (packets.TryRead(ref buffer, out var packet))
            {
                Answer(packet, output);
            }

            input.AdvanceTo(buffer.Start, buffer.End);
            var flush = await output.FlushAsync();
            if (read.IsCompleted || flush.IsCompleted)
            {
                return;
            }
        }
    }

    private static void Answer(MqttPacket packet, IBufferWriter<byte> output)
    {
        switch (packet)
        {
            case ConnectPacket:
                MqttPacketWriter.Write(output, new ConnAckPacket(), MqttVersion.V311);
                break;
            case PublishPacket { Qos: OrleansIoT.Sessions.Qos.AtLeastOnce } publish:
                MqttPacketWriter.WriteAck(output, PacketType.PubAck, publish.PacketId);
                break;
            case PublishPacket { Qos: OrleansIoT.Sessions.Qos.ExactlyOnce } publish:
                MqttPacketWriter.WriteAck(output, PacketType.PubRec, publish.PacketId);
                break;
            case AckPacket { Type: PacketType.PubRel } release:
                MqttPacketWriter.WriteAck(output, PacketType.PubComp, release.PacketId);
                break;
        }
    }
}
