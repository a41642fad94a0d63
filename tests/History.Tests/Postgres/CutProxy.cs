using System.Net;
using System.Net.Sockets;

namespace OrleansIoT.History.Tests.Postgres;

/// <summary>Stands between a store and its server, and cuts the connection at its next commit, before or after it.</summary>
internal sealed class CutProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _server;
    private volatile Cut _next;

    public CutProxy(int server)
    {
        _server = server;
        _listener.Start();
        _ = Accept();
    }

    public enum Cut
    {
        None,

        /// <summary>The server never hears of the commit.</summary>
        Request,

        /// <summary>The server commits, and nobody hears of it.</summary>
        Answer,
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public int Cuts { get; private set; }

    public void CutNextCommit(Cut cut) => _next = cut;

    public void Dispose() => _listener.Dispose();

    private async Task Accept()
    {
        try
        {
            while (true)
            {
                _ = Carry(await _listener.AcceptTcpClientAsync());
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task Carry(TcpClient client)
    {
        using var server = new TcpClient();
        using (client)
        {
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, _server);
                client.NoDelay = server.NoDelay = true;
                var isMute = new TaskCompletionSource();
                await Task.WhenAny(Send(client, server, isMute), Answer(server, client, isMute));
            }
            catch (Exception e) when (e is SocketException or IOException)
            {
                // One of them has closed.
            }
        }
    }

    private async Task Send(TcpClient client, TcpClient server, TaskCompletionSource isMute)
    {
        var buffer = new byte[1 << 16];
        while (await client.GetStream().ReadAsync(buffer) is var count and > 0)
        {
            var isCommit = buffer.AsSpan(0, count).IndexOf("COMMIT\0"u8) >= 0
                           && buffer.AsSpan(0, count).IndexOf("INSERT INTO writer"u8) >= 0;
            var cut = isCommit ? _next : Cut.None;
            if (cut != Cut.None)
            {
                _next = Cut.None;
                Cuts++;
            }

            if (cut == Cut.Request)
            {
                return;
            }

            if (cut == Cut.Answer)
            {
                isMute.SetResult();
            }

            await server.GetStream().WriteAsync(buffer.AsMemory(0, count));
            if (cut == Cut.Answer)
            {
                await Task.Delay(Timeout.Infinite);
            }
        }
    }

    private static async Task Answer(TcpClient server, TcpClient client, TaskCompletionSource isMute)
    {
        var buffer = new byte[1 << 16];
        while (await server.GetStream().ReadAsync(buffer) is var count and > 0)
        {
            if (isMute.Task.IsCompleted)
            {
                return; // it has answered, so it has committed
            }

            await client.GetStream().WriteAsync(buffer.AsMemory(0, count));
        }
    }
}
