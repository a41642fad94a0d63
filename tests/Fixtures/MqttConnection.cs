using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using OrleansIoT.DeviceEdge.Mqtt;

namespace OrleansIoT.Fixtures;

/// <summary>One network connection of a client: packets over a real socket that can be cut after any byte.</summary>
internal sealed class MqttConnection
{
    private readonly Socket _socket;
    private readonly MqttVersion _version;
    private readonly MqttPacketReader _reader;
    private readonly Channel<Item> _output = Channel.CreateUnbounded<Item>();
    private readonly Task _sending;
    private byte[] _input = new byte[4096];
    private int _start;
    private int _end;
    private long _maySend = long.MaxValue;
    private long _mayReceive = long.MaxValue;
    private bool _resets;

    private MqttConnection(Socket socket, MqttVersion version, int maximumPacketSize)
    {
        _socket = socket;
        _version = version;
        _reader = new MqttPacketReader(version, maximumPacketSize);
        _sending = Send();
    }

    public static async Task<MqttConnection> Dial(EndPoint server, MqttVersion version, int maximumPacketSize)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(server);
            return new MqttConnection(socket, version, maximumPacketSize);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends it after all that was posted before; nothing is sent any more when the connection has ended.</summary>
    public void Post(MqttPacket packet)
    {
        var bytes = new ArrayBufferWriter<byte>(64);
        MqttPacketWriter.Write(bytes, packet, _version);
        _output.Writer.TryWrite(new Item(bytes.WrittenMemory));
    }

    /// <summary>Completes when all that was posted before has been sent, and never if the connection ends before that.</summary>
    public Task Flushed()
    {
        var flushed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _output.Writer.TryWrite(new Item(default, Flushed: flushed));
        return flushed.Task;
    }

    /// <returns>The next packet, or null if the connection has ended.</returns>
    public async Task<MqttPacket?> Receive()
    {
        while (true)
        {
            var bytes = new ReadOnlySequence<byte>(_input, _start, _end - _start);
            if (_reader.TryRead(ref bytes, out var packet))
            {
                _start = _end - (int)bytes.Length;
                return packet;
            }

            MakeRoom();
            if (!await ReceiveSome())
            {
                return null;
            }
        }
    }

    /// <summary>Cuts the connection when more than this many bytes of what is posted from now on are to be sent; that many still are.</summary>
    public void CutAfterSending(int bytes, bool reset)
    {
        _resets = reset;
        _output.Writer.TryWrite(new Item(default, bytes));
    }

    /// <summary>Cuts the connection when more than this many bytes arrive, as if the rest had been lost on the way.</summary>
    public void CutAfterReceiving(int bytes, bool reset) => (_resets, _mayReceive) = (reset, bytes);

    /// <summary>Sends what was posted, says that nothing more will come, and still listens.</summary>
    public async Task EndSending()
    {
        _output.Writer.TryComplete();
        await _sending;
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (IsEnd(e))
        {
            // the server was faster
        }
    }

    /// <param name="reset">With a TCP reset; otherwise with an end of the stream.</param>
    public void Cut(bool reset)
    {
        _output.Writer.TryComplete();
        try
        {
            if (reset)
            {
                _socket.LingerState = new LingerOption(true, 0);
            }
            else
            {
                _socket.Shutdown(SocketShutdown.Both);
            }
        }
        catch (Exception e) when (IsEnd(e))
        {
            // it had ended already
        }

        _socket.Dispose();
    }

    private async Task Send()
    {
        try
        {
            await foreach (var (bytes, limit, flushed) in _output.Reader.ReadAllAsync())
            {
                flushed?.SetResult();
                _maySend = limit ?? _maySend;
                var isCut = bytes.Length > _maySend;
                for (var rest = isCut ? bytes[..(int)_maySend] : bytes; !rest.IsEmpty;)
                {
                    var sent = await _socket.SendAsync(rest);
                    rest = rest[sent..];
                    _maySend -= sent;
                }

                if (isCut)
                {
                    Cut(_resets);
                    return;
                }
            }
        }
        catch (Exception e) when (IsEnd(e))
        {
            // the one who reads notices the same
        }
    }

    private async Task<bool> ReceiveSome()
    {
        try
        {
            var received = await _socket.ReceiveAsync(_input.AsMemory(_end));
            var kept = (int)Math.Min(received, _mayReceive);
            _mayReceive -= kept;
            _end += kept;
            if (kept < received)
            {
                Cut(_resets);
            }

            return kept > 0;
        }
        catch (Exception e) when (IsEnd(e))
        {
            return false;
        }
    }

    private void MakeRoom()
    {
        var unread = _input.AsSpan(_start, _end - _start);
        if (unread.Length == _input.Length)
        {
            Array.Resize(ref _input, 2 * _input.Length);
        }
        else
        {
            unread.CopyTo(_input);
        }

        (_start, _end) = (0, _end - _start);
    }

    private static bool IsEnd(Exception e) => e is SocketException or ObjectDisposedException;

    /// <param name="Limit">How many bytes may be sent from here on, where that changes.</param>
    private readonly record struct Item(ReadOnlyMemory<byte> Bytes, long? Limit = null, TaskCompletionSource? Flushed = null);
}
