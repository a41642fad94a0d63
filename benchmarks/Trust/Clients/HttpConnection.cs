using System.Net;
using System.Net.Sockets;
using System.Text;
using OrleansIoT.Benchmarks.Trust.Processes;

namespace OrleansIoT.Benchmarks.Trust.Clients;

/// <summary>
/// One connection with one HTTP/1.1 request at a time, whose bytes are ready. The load shares the processors with what it
/// loads, so nothing is between it and the socket.
/// </summary>
internal sealed class HttpConnection : IDisposable
{
    private const int Largest = 64 * 1024;

    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[Largest];

    /// <param name="port">Of this machine.</param>
    /// <param name="from">The address of the loopback network that it seems to come from; null for any.</param>
    public static async Task<HttpConnection> To(int port, IPAddress? from = null)
    {
        var connection = new HttpConnection();
        if (from is not null)
        {
            connection._socket.Bind(new IPEndPoint(from, 0));
        }

        await connection._socket.ConnectAsync(IPAddress.Loopback, port);
        OpenedConnections.Add(connection._socket);
        return connection;
    }

    /// <summary>The bytes of a GET with a token.</summary>
    public static byte[] Get(string path, string? token) => Encoding.ASCII.GetBytes(
        $"GET {path} HTTP/1.1\r\nHost: localhost\r\n{(token is null ? "" : $"Authorization: Bearer {token}\r\n")}\r\n");

    /// <summary>The bytes of a POST of JSON.</summary>
    public static byte[] Post(string path, string json) => Encoding.UTF8.GetBytes(
        $"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(json)}\r\n\r\n{json}");

    /// <returns>The whole answer, until the next call.</returns>
    public async ValueTask<ReadOnlyMemory<byte>> Exchange(ReadOnlyMemory<byte> request)
    {
        await _socket.SendAsync(request);
        var length = 0;
        do
        {
            var received = length < _buffer.Length ? await _socket.ReceiveAsync(_buffer.AsMemory(length)) : 0;
            length += received > 0 ? received : throw new BenchmarkException(
                $"a connection ended within an answer: {Encoding.UTF8.GetString(_buffer, 0, Math.Min(length, 200))}");
        }
        while (!IsComplete(_buffer.AsSpan(0, length)));

        return _buffer.AsMemory(0, length);
    }

    public static int StatusOf(ReadOnlySpan<byte> answer) =>
        answer.StartsWith("HTTP/1.1 "u8) && int.TryParse(answer.Slice(9, 3), out var status) ? status : 0;

    public void Dispose() => _socket.Dispose();

    /// <summary>By its length, or by the last chunk (RFC 9112 section 7.1); answers here have no trailers.</summary>
    private static bool IsComplete(ReadOnlySpan<byte> answer)
    {
        var head = answer.IndexOf("\r\n\r\n"u8);
        if (head < 0)
        {
            return false;
        }

        var name = answer[..head].IndexOf("\r\nContent-Length: "u8);
        if (name < 0)
        {
            return answer.EndsWith("\r\n0\r\n\r\n"u8);
        }

        var value = answer[(name + 18)..(head + 2)];
        return answer.Length - head - 4 >= int.Parse(value[..value.IndexOf((byte)'\r')]);
    }
}
