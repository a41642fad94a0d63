using System.Net;
using System.Net.Sockets;
using OrleansIoT.DeviceEdge.Mqtt.Packets;

namespace OrleansIoT.EndToEnd.Tests.Faults;

/// <summary>The process may open no more files: nobody new comes in, and who is there notices nothing.</summary>
public sealed class FileHandleTests
{
    [Fact]
    public async Task Without_file_handles_sessions_live_on_and_afterwards_new_ones_come_in()
    {
        await using var iot = await IotProcess.StartIn([], null, "prlimit", "--nofile=300:300", "--");
        var ledger = new Ledger("meter");
        await using var device = await ledger.Connect(iot);
        Assert.True(await ledger.Publish(device, 10));

        var crowd = new List<Socket>();
        for (var i = 0; i < 400; i++)
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, iot.MqttPort);
            crowd.Add(socket);
        }

        Assert.True(await ledger.Publish(device, 100));
        await device.Send(PingReqPacket.Instance);
        Assert.IsType<PingRespPacket>(await device.Receive());
        Assert.True(iot.IsAlive);

        crowd.ForEach(socket => socket.Dispose());
        await new Ledger("newcomer").PublishUntilDone(iot, 10);
        Assert.True(await ledger.Publish(device, 10));
        await ledger.MustBeStored(iot);
    }
}
