using System.IO.Pipelines;
using System.Net;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace OrleansIoT.DeviceEdge.Transports;

/// <summary>
/// A WebSocket as the stream of bytes that MQTT takes it for (MQTT 5.0 section 6): binary frames, whose borders mean
/// nothing. A pipe of bounded size lies in each direction, so that who does not read is not sent to either way.
/// </summary>
internal sealed class WebSocketConnection : ConnectionContext
{
    private static readonly PipeOptions Bounds = new(
        pauseWriterThreshold: 64 * 1024, resumeWriterThreshold: 32 * 1024, useSynchronizationContext: false);

    private readonly HttpContext _http;
    private readonly WebSocket _socket;
    private readonly Pipe _input = new(Bounds);
    private readonly Pipe _output = new(Bounds);
    private WebSocketCloseStatus _goodbye = WebSocketCloseStatus.NormalClosure;

    public WebSocketConnection(HttpContext http, WebSocket socket)
    {
        _http = http;
        _socket = socket;
        Features = new FeatureCollection(http.Features);
        Transport = new Duplex(_input.Reader, _output.Writer);
        ConnectionId = http.Connection.Id;
        ConnectionClosed = http.RequestAborted;
        RemoteEndPoint = http.Connection.RemoteIpAddress is { } remote ? new IPEndPoint(remote, http.Connection.RemotePort) : null;
        LocalEndPoint = http.Connection.LocalIpAddress is { } local ? new IPEndPoint(local, http.Connection.LocalPort) : null;
    }

    public override string ConnectionId { get; set; }

    public override IFeatureCollection Features { get; }

    public override IDictionary<object, object?> Items { get; set; } = new ConnectionItems();

    public override IDuplexPipe Transport { get; set; }

    public override void Abort(ConnectionAbortedException abortReason)
    {
        _socket.Abort();
        _http.Abort();
    }

    /// <summary>From the first frame to the last. Complete when the socket is closed.</summary>
    /// <param name="session">What speaks over it; when it is done, what it has written is still sent.</param>
    /// <param name="closeTimeout">How long that, and the client's own goodbye, may take.</param>
    /// <param name="time">The clock.</param>
    public async Task Run(ConnectionDelegate session, TimeSpan closeTimeout, TimeProvider time)
    {
        var receiving = Receive();
        var sending = Send();
        try
        {
            await session(this);
        }
        finally
        {
            await _output.Writer.CompleteAsync();
            await _input.Reader.CompleteAsync();
            await Close(sending, closeTimeout, time);
            _socket.Abort(); // whoever still waits for it waits no longer
            await Task.WhenAll(receiving, sending);
        }
    }

    private async Task Receive()
    {
        Exception? fault = null;
        try
        {
            while (true)
            {
                var received = await _socket.ReceiveAsync(_input.Writer.GetMemory(), CancellationToken.None);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    break;
                }

                if (received.MessageType == WebSocketMessageType.Text)
                {
                    _goodbye = WebSocketCloseStatus.InvalidMessageType; // [MQTT-6.0.0-1]
                    fault = new ConnectionAbortedException("MQTT comes in binary frames.");
                    break;
                }

                _input.Writer.Advance(received.Count);
                if (received.Count > 0 && (await _input.Writer.FlushAsync()).IsCompleted)
                {
                    break; // nobody reads any more
                }
            }
        }
        catch (Exception e) when (IsLoss(e))
        {
            fault = new ConnectionResetException("The WebSocket was lost.", e);
        }

        await _input.Writer.CompleteAsync(fault);
    }

    private async Task Send()
    {
        Exception? fault = null;
        try
        {
            while (true)
            {
                var read = await _output.Reader.ReadAsync();
                var rest = read.Buffer;
                while (!rest.IsEmpty)
                {
                    await _socket.SendAsync(rest.First, WebSocketMessageType.Binary, rest.IsSingleSegment, CancellationToken.None);
                    rest = rest.Slice(rest.First.Length);
                }

                _output.Reader.AdvanceTo(rest.End);
                if (read.IsCompleted)
                {
                    break;
                }
            }
        }
        catch (Exception e) when (IsLoss(e))
        {
            fault = new ConnectionResetException("The WebSocket was lost.", e);
        }

        await _output.Reader.CompleteAsync(fault);
    }

    /// <summary>Both sides say that they are done (RFC 6455 section 7.1.2), unless that takes too long.</summary>
    private async Task Close(Task sending, TimeSpan timeout, TimeProvider time)
    {
        using var limit = new CancellationTokenSource(timeout, time);
        try
        {
            await sending.WaitAsync(limit.Token);
            await _socket.CloseAsync(_goodbye, null, limit.Token);
        }
        catch (Exception e) when (IsLoss(e))
        {
            // It is closed, only not in the proper way, and there is nobody left to tell.
        }
    }

    private static bool IsLoss(Exception e) => e is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException;

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
