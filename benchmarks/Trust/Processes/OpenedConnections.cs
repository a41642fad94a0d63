using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net.Sockets;

namespace OrleansIoT.Benchmarks.Trust.Processes;

/// <summary>
/// The connections that this process has opened, and what went over them. The kernel is asked, connection by connection: TLS
/// is in it, TCP's own headers are not, nor what others send on this machine meanwhile.
/// </summary>
internal static class OpenedConnections
{
    // <linux/tcp.h>: struct tcp_info, tcpi_bytes_acked and tcpi_bytes_received.
    private const int Tcp = 6;
    private const int TcpInfo = 11;
    private const int BytesAcked = 120;
    private const int BytesReceived = 128;
    private const int Enough = BytesReceived + sizeof(long);

    private static readonly ConcurrentDictionary<Socket, long> Known = new();

    public static void Add(Socket socket) => Known[socket] = 0;

    public static long Bytes() => Known.Keys.Sum(socket => Known[socket] = Of(socket) ?? Known[socket]);

    /// <returns>Null: it is closed, and what it had at last is what counts.</returns>
    private static long? Of(Socket socket)
    {
        Span<byte> info = stackalloc byte[Enough];
        try
        {
            return socket.GetRawSocketOption(Tcp, TcpInfo, info) == Enough
                ? BinaryPrimitives.ReadInt64LittleEndian(info[BytesAcked..]) + BinaryPrimitives.ReadInt64LittleEndian(info[BytesReceived..])
                : throw new PlatformNotSupportedException("The bytes of a connection are asked of Linux, since 4.1.");
        }
        catch (Exception e) when (e is ObjectDisposedException or SocketException)
        {
            return null;
        }
    }
}
