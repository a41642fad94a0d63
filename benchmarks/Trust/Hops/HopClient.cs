using System.Net;
using System.Net.Sockets;
using OrleansIoT.Benchmarks.Trust.Processes;

namespace OrleansIoT.Benchmarks.Trust.Hops;

/// <summary>
/// HTTP/1.1 over connections that stay, plain or over mutual TLS. TLS is put below the client and not asked of it, so that
/// above it both are the same, and each handshake has a policy of its own moment.
/// </summary>
internal static class HopClient
{
    public static HttpMessageInvoker To(int port, PeerTls? tls) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        ActivityHeadersPropagator = null,
        AutomaticDecompression = DecompressionMethods.None,
        PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
        ConnectCallback = async (_, cancellation) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(IPAddress.Loopback, port, cancellation);
                OpenedConnections.Add(socket);
                var stream = new NetworkStream(socket, ownsSocket: true);
                return tls is null ? stream : await tls.Connect(stream, cancellation);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    });
}
