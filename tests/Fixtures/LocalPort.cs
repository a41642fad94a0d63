using System.Net;
using System.Net.Sockets;

namespace OrleansIoT.Fixtures;

/// <summary>Ports of the loopback interface, for processes that have to be told one.</summary>
public static class LocalPort
{
    /// <returns>One that nobody listens on, at this moment.</returns>
    public static int Free()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Whether somebody listens there.</summary>
    public static bool Listens(int port)
    {
        using var client = new TcpClient();
        try
        {
            client.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
