using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Fixtures;

/// <summary>A device with verbs, over a real socket. For a test that reads as a conversation.</summary>
public sealed class MqttDevice : IAsyncDisposable
{
    /// <summary>Nothing that a test waits for takes this long, unless it never comes.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Socket _socket;
    private readonly PipeReader _input;
    private readonly MqttPacketReader _reader;
    private readonly MqttVersion _version;
    private ushort _lastId;

    private MqttDevice(Socket socket, MqttVersion version)
    {
        _socket = socket;
        _version = version;
        _input = PipeReader.Create(new NetworkStream(socket));
        _reader = new MqttPacketReader(version, int.MaxValue);
    }

    /// <summary>A TCP connection, and not a byte on it yet.</summary>
    public static async Task<MqttDevice> Dial(int port, MqttVersion version = MqttVersion.V500)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, port);
        return new MqttDevice(socket, version);
    }

    /// <summary>Connects with a device's id and key.</summary>
    /// <exception cref="InvalidOperationException">The server refused.</exception>
    public static async Task<MqttDevice> Connect(int port, string id, string key, MqttVersion version = MqttVersion.V500)
    {
        var device = await Dial(port, version);
        var answer = await device.Connect(Credentials(id, key, version));
        return answer is { Reason: ReasonCode.Success }
            ? device
            : throw new InvalidOperationException($"The server refused: {answer?.Reason.ToString() ?? "it closed the connection"}.");
    }

    public static ConnectPacket Credentials(string id, string key, MqttVersion version = MqttVersion.V500) => new()
    {
        Version = version,
        ClientId = id,
        UserName = id,
        Password = Encoding.UTF8.GetBytes(key),
    };

    /// <returns>The answer, or null if the server closed the connection instead.</returns>
    public async Task<ConnAckPacket?> Connect(ConnectPacket connect)
    {
        await Send(connect);
        return (ConnAckPacket?)await Receive();
    }

    /// <summary>Publishes with QoS 1 and waits for the answer.</summary>
    /// <returns>The answer's reason, or null if the server closed the connection instead.</returns>
    public async Task<ReasonCode?> Publish(string topic, string payload, params UserProperty[] properties)
    {
        await Send(Message(topic, payload, properties));
        return (await ReceiveAck())?.Reason;
    }

    /// <summary>
    /// Publishes with QoS 1, up to <paramref name="window"/> at a time, and checks that the answers come in order.
    /// </summary>
    /// <returns>The reasons; fewer than messages if the server closed the connection.</returns>
    public async Task<IReadOnlyList<ReasonCode>> PublishAll(IEnumerable<(string Topic, string Payload)> messages, int window = 100)
    {
        var reasons = new List<ReasonCode>();
        var inFlight = new Queue<ushort>();
        foreach (var (topic, payload) in messages)
        {
            var message = Message(topic, payload);
            await Send(message);
            inFlight.Enqueue(message.PacketId);
            if (inFlight.Count == window && !await Acknowledge())
            {
                return reasons;
            }
        }

        while (inFlight.Count > 0 && await Acknowledge())
        {
        }

        return reasons;

        async Task<bool> Acknowledge()
        {
            if (await ReceiveAck() is not { } ack)
            {
                return false;
            }

            var expected = inFlight.Dequeue();
            reasons.Add(ack.PacketId == expected
                ? ack.Reason
                : throw new InvalidOperationException($"PUBACK {ack.PacketId} came where {expected} was due."));
            return true;
        }
    }

    /// <summary>A message of QoS 1 with the next packet identifier.</summary>
    public PublishPacket Message(string topic, string payload, params UserProperty[] properties) => new()
    {
        Topic = topic,
        Payload = Encoding.UTF8.GetBytes(payload),
        Qos = Qos.AtLeastOnce,
        PacketId = _lastId = (ushort)((_lastId % ushort.MaxValue) + 1),
        Properties = properties.Length == 0 ? Properties.None : new Properties { UserProperties = [.. properties] },
    };

    /// <summary>Takes its leave and closes.</summary>
    public async Task Disconnect(ReasonCode reason = ReasonCode.Success)
    {
        await Send(new DisconnectPacket { Reason = reason });
        await DisposeAsync();
    }

    public Task Send(params MqttPacket[] packets)
    {
        var bytes = new ArrayBufferWriter<byte>();
        foreach (var packet in packets)
        {
            MqttPacketWriter.Write(bytes, packet, _version);
        }

        return SendRaw(bytes.WrittenMemory);
    }

    public async Task SendRaw(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await _socket.SendAsync(bytes)..];
        }
    }

    /// <summary>Says that nothing more will come, and still listens.</summary>
    public void EndSending() => _socket.Shutdown(SocketShutdown.Send);

    /// <returns>The next packet, or null if the server closed the connection.</returns>
    public async Task<MqttPacket?> Receive()
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            ReadResult read;
            try
            {
                read = await _input.ReadAsync(patience.Token);
            }
            catch (IOException)
            {
                return null; // a reset is a close too
            }

            var buffer = read.Buffer;
            var found = _reader.TryRead(ref buffer, out var packet);
            _input.AdvanceTo(buffer.Start, found ? buffer.Start : buffer.End);
            if (found || read.IsCompleted)
            {
                return packet;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _input.CompleteAsync();
        _socket.Dispose();
    }

    private async Task<AckPacket?> ReceiveAck() => await Receive() switch
    {
        AckPacket ack => ack,
        DisconnectPacket or null => null,
        var other => throw new InvalidOperationException($"A {other.Type} came where a PUBACK was due."),
    };
}
