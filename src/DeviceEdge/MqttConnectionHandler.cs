using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using OrleansIoT.DeviceEdge.Sessions;

namespace OrleansIoT.DeviceEdge;

/// <summary>Where a connection that Kestrel has accepted becomes a <see cref="DeviceSession"/>.</summary>
internal sealed class MqttConnectionHandler(LiveSessions live, EdgeContext edge) : ConnectionHandler
{
    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        // A device that vanished is noticed by its keep-alive; one without a keep-alive by TCP's.
        connection.Features.Get<IConnectionSocketFeature>()?.Socket
            .SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);

        var session = new DeviceSession(connection, edge);
        if (!live.TryAdd(session))
        {
            session.RefuseFull();
            return;
        }

        try
        {
            await session.Run();
        }
        finally
        {
            live.Remove(session);
        }
    }
}
