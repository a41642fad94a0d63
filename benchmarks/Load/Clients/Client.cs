using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using OrleansIoT.Load.Wire;

namespace OrleansIoT.Load.Clients;

/// <summary>One connection. It never waits: what it owes goes out when the loop says that the socket takes it.</summary>
internal class Client(Loop loop, Device device) : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private long _connectingSince;
    private int _token;
    private byte[] _output = [];
    private int _outputLength;
    private bool _isBlocked;
    private byte[] _rest = [];
    private int _restLength;
    private bool _isLeaving;

    public Device Device => device;

    public bool IsConnected { get; private set; }

    public bool IsGone { get; private set; }

    /// <summary>From the beginning of its connect() to its CONNACK.</summary>
    public long ConnectTicks { get; private set; }

    /// <summary>On the loopback the kernel completes this at once, as long as the listener's queue has room.</summary>
    public void Connect(EndPoint server)
    {
        _connectingSince = Stopwatch.GetTimestamp();
        _socket.Connect(server);
        _socket.Blocking = false;
        _token = loop.Register(this, _socket.Handle);
        Append(Packet.Connect(device));
        Flush();
    }

    /// <summary>Says goodbye; it is gone when the server has closed the connection.</summary>
    public void Leave()
    {
        _isLeaving = true;
        Append(Packet.Disconnect);
        Flush();
    }

    public void Serve(bool isWritable)
    {
        if (isWritable)
        {
            Flush();
        }

        _rest.AsSpan(0, _restLength).CopyTo(loop.Input);
        var count = _socket.Receive(loop.Input.AsSpan(_restLength), SocketFlags.None, out var error);
        if (error is SocketError.WouldBlock)
        {
            return;
        }

        if (count == 0 || error is not SocketError.Success)
        {
            Gone(error);
            return;
        }

        Take(loop.Input.AsSpan(0, _restLength + count));
        Flush();
    }

    public void Dispose() => _socket.Dispose();

    protected virtual void Received(byte first, ReadOnlySpan<byte> body) => throw Surprised(first);

    protected LoadException Surprised(byte first) => new($"{device.Id}: the server sent a packet of type {first >> 4} that was not due");

    /// <summary>Room for this many bytes, which leave with the next <see cref="Flush"/>.</summary>
    protected Span<byte> Append(int length)
    {
        if (_output.Length < _outputLength + length)
        {
            Array.Resize(ref _output, Math.Max(_outputLength + length, 2 * _output.Length));
        }

        _outputLength += length;
        return _output.AsSpan(_outputLength - length, length);
    }

    protected void Append(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Append(bytes.Length));

    protected void Flush()
    {
        var sent = 0;
        var error = SocketError.Success;
        while (sent < _outputLength && error is SocketError.Success)
        {
            sent += _socket.Send(_output.AsSpan(sent, _outputLength - sent), SocketFlags.None, out error);
        }

        // A connection that was lost is noticed when it is read.
        _output.AsSpan(sent, _outputLength - sent).CopyTo(_output);
        _outputLength -= sent;
        if (_isBlocked != _outputLength > 0)
        {
            _isBlocked = !_isBlocked;
            loop.ListenToWrites(_token, _socket.Handle, _isBlocked);
        }
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        while (TryCut(ref bytes, out var first, out var body))
        {
            if (IsConnected)
            {
                Received(first, body);
            }
            else
            {
                TakeConnAck(first, body);
            }
        }

        if (_rest.Length < bytes.Length)
        {
            _rest = new byte[bytes.Length];
        }

        bytes.CopyTo(_rest);
        _restLength = bytes.Length;
    }

    /// <summary>Takes a packet off the front, if all of it is there.</summary>
    private static bool TryCut(ref ReadOnlySpan<byte> bytes, out byte first, out ReadOnlySpan<byte> body)
    {
        first = 0;
        body = default;
        var remaining = 0;
        for (var i = 1; i < Math.Min(bytes.Length, 5); i++)
        {
            remaining |= (bytes[i] & 127) << (7 * (i - 1));
            if (bytes[i] > 127)
            {
                continue;
            }

            if (bytes.Length < 1 + i + remaining)
            {
                return false;
            }

            first = bytes[0];
            body = bytes.Slice(1 + i, remaining);
            bytes = bytes[(1 + i + remaining)..];
            return true;
        }

        return false;
    }

    private void TakeConnAck(byte first, ReadOnlySpan<byte> body)
    {
        if (first != PacketKind.ConnAck || body[1] != 0)
        {
            throw new LoadException($"{device.Id}: the server refused the connection with {body[1]}");
        }

        IsConnected = true;
        ConnectTicks = Stopwatch.GetTimestamp() - _connectingSince;
    }

    private void Gone(SocketError error)
    {
        if (!_isLeaving)
        {
            throw new LoadException($"{device.Id}: the server closed the connection ({error})");
        }

        IsGone = true;
        loop.Unregister(_socket.Handle);
        _socket.Dispose();
    }
}
