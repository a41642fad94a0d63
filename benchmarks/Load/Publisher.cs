using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;

namespace OrleansIoT.Load;

/// <summary>
/// One connection. To cost little, it patches packets that were built before: for every PUBACK that has come it
/// sends the next PUBLISH, all of them with one write.
/// </summary>
internal sealed class Publisher : IDisposable
{
    public const int MinPayload = 20;

    private const string Head = "{\"value\":1";
    private const int Digits = 9;

    private readonly LoadOptions _options;
    private readonly string _id;
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[][] _packets;
    private readonly int _identifierAt;
    private readonly int _numberAt;
    private readonly long[] _sentAt;
    private readonly Queue<ushort> _free = new();
    private readonly byte[] _output;
    private readonly byte[] _input = new byte[64 * 1024];
    private int _inputLength;
    private int _number;

    public Publisher(LoadOptions options, string id)
    {
        _options = options;
        _id = id;
        _packets = [.. Enumerable.Range(0, options.Topics).Select(i => Build($"devices/{id}/load/{i:D5}", options))];
        _numberAt = _packets[0].Length - options.Payload + Head.Length;
        _identifierAt = _packets[0].Length - options.Payload - (options.Version == MqttVersion.V500 ? 3 : 2);
        _output = new byte[options.Window * _packets[0].Length];
        _sentAt = new long[options.Window + 1];
        for (var i = 1; i <= options.Window; i++)
        {
            _free.Enqueue((ushort)i);
        }
    }

    public Latencies Latencies { get; } = new();

    public long Refused { get; private set; }

    public async Task Connect(string? key)
    {
        await _socket.ConnectAsync(_options.Host, _options.Port);
        var connect = new ArrayBufferWriter<byte>();
        MqttPacketWriter.Write(connect, new ConnectPacket
        {
            Version = _options.Version,
            ClientId = _id,
            UserName = key is null ? null : _id,
            Password = key is null ? default(ReadOnlyMemory<byte>?) : Encoding.UTF8.GetBytes(key),
        }, _options.Version);
        await Send(connect.WrittenMemory);

        var reader = new MqttPacketReader(_options.Version, int.MaxValue);
        while (true)
        {
            await Receive();
            var bytes = new ReadOnlySequence<byte>(_input, 0, _inputLength);
            if (reader.TryRead(ref bytes, out var packet))
            {
                _inputLength = 0;
                var reason = ((ConnAckPacket)packet).Reason;
                if (reason != ReasonCode.Success)
                {
                    throw new IOException($"{_id}: the server refused the connection: {reason}.");
                }

                return;
            }
        }
    }

    /// <summary>Publishes until it is cancelled.</summary>
    public async Task Run(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await Send(_output.AsMemory(0, FillWindow()));
            await Receive();
            TakeAcks();
        }
    }

    public void Dispose() => _socket.Dispose();

    private static byte[] Build(string topic, LoadOptions options)
    {
        var payload = (Head + new string('0', Digits) + "}").PadRight(options.Payload);
        var packet = new ArrayBufferWriter<byte>();
        MqttPacketWriter.Write(packet, new PublishPacket
        {
            Topic = topic,
            Payload = Encoding.ASCII.GetBytes(payload),
            Qos = Qos.AtLeastOnce,
            PacketId = 1,
        }, options.Version);
        return packet.WrittenSpan.ToArray();
    }

    private int FillWindow()
    {
        var now = Stopwatch.GetTimestamp();
        var length = 0;
        while (_free.TryDequeue(out var id))
        {
            var packet = _packets[_number++ % _packets.Length];
            var target = _output.AsSpan(length, packet.Length);
            packet.CopyTo(target);
            BinaryPrimitives.WriteUInt16BigEndian(target[_identifierAt..], id);
            var number = _number;
            for (var i = _numberAt + Digits - 1; number > 0; i--, number /= 10)
            {
                target[i] = (byte)('0' + (number % 10));
            }

            _sentAt[id] = now;
            length += packet.Length;
        }

        return length;
    }

    private void TakeAcks()
    {
        var now = Stopwatch.GetTimestamp();
        var rest = _input.AsSpan(0, _inputLength);
        while (rest.Length >= 4 && rest.Length >= 2 + rest[1])
        {
            if (rest[0] != (byte)PacketType.PubAck << 4 || rest[1] > 127)
            {
                throw new IOException($"{_id}: the server sent {(PacketType)(rest[0] >> 4)} where a PUBACK was due.");
            }

            var id = BinaryPrimitives.ReadUInt16BigEndian(rest[2..]);
            if (rest[1] > 2 && rest[4] >= (byte)ReasonCode.UnspecifiedError)
            {
                Refused++;
            }
            else
            {
                Latencies.Add(now - _sentAt[id]);
            }

            _free.Enqueue(id);
            rest = rest[(2 + rest[1])..];
        }

        rest.CopyTo(_input);
        _inputLength = rest.Length;
    }

    private async ValueTask Send(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await _socket.SendAsync(bytes)..];
        }
    }

    private async ValueTask Receive()
    {
        var count = await _socket.ReceiveAsync(_input.AsMemory(_inputLength));
        _inputLength += count > 0 ? count : throw new IOException($"{_id}: the server closed the connection.");
    }
}
