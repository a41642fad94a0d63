using System.Diagnostics;
using System.Net;
using System.Text;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;

namespace OrleansIoT.Fixtures;

/// <summary>
/// A client that keeps to the specification and whose session outlives its connections: what is not acknowledged is
/// sent again when the session is resumed, and a message of QoS 2 is taken once. It acknowledges by itself; a test may
/// hold its acknowledgements back (<see cref="Holds"/>) and cut its connection anywhere. When the server does what the
/// specification forbids, whatever is awaited then fails with an <see cref="MqttViolationException"/>.
/// For tests of single packets there is <see cref="MqttDevice"/>.
/// </summary>
public sealed partial class MqttClient(string id, MqttVersion version = MqttVersion.V500) : IAsyncDisposable
{
    /// <summary>A session expiry that never comes.</summary>
    public const uint Forever = uint.MaxValue;

    /// <summary>Nothing that a test waits for takes this long, unless it never comes.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly Dictionary<ushort, TaskCompletionSource<MqttPacket>> _requests = [];
    private TaskCompletionSource _changed = NewSource();
    private MqttConnection? _connection;
    private MqttViolationException? _violation;
    private ushort _lastId;

    public string Id => id;

    public MqttVersion Version => version;

    // What the next CONNECT says. The properties are for 5.0 only, as is TopicAliases.

    public string? UserName { get; set; }
    public string? Password { get; set; }
    public ushort KeepAlive { get; set; }
    public ConnectWill? Will { get; set; }

    /// <summary>Seconds. In 3.1.1 a session lasts as long as CONNECT says with Clean Session.</summary>
    public uint SessionExpiry { get; set; }
    public ushort ReceiveMaximum { get; set; } = ushort.MaxValue;
    public ushort TopicAliasMaximum { get; set; }
    public uint? MaximumPacketSize { get; set; }

    /// <summary>Whether topics are sent as aliases, as far as the server takes them.</summary>
    public bool UsesTopicAliases { get; set; }

    /// <summary>How long the server may take to answer a CONNECT.</summary>
    public TimeSpan ConnectPatience { get; set; } = Patience;

    /// <summary>The DISCONNECT that the server has sent since the last <see cref="Connect(int, bool)"/>, also one on the connection before.</summary>
    public DisconnectPacket? Farewell { get; private set; }

    /// <summary>Completes when the connection that there is now has ended.</summary>
    public Task Ended { get; private set; } = Task.CompletedTask;

    /// <summary>
    /// Connects, and if the server has the session, goes on where it was. A connection that there is already is left to
    /// the server, which has to take the session over.
    /// </summary>
    /// <returns>The server's answer; there is a connection only if it is a success.</returns>
    /// <exception cref="IOException">The connection ended before there was an answer.</exception>
    public Task<ConnAckPacket> Connect(int port, bool cleanStart = true) =>
        Connect(new IPEndPoint(IPAddress.Loopback, port), cleanStart);

    /// <summary>The same, wherever the server is.</summary>
    public async Task<ConnAckPacket> Connect(EndPoint server, bool cleanStart = true)
    {
        lock (_gate)
        {
            _connection = null;
            Farewell = null;
        }

        var connection = await MqttConnection.Dial(server, version, (int?)MaximumPacketSize ?? int.MaxValue);
        connection.Post(ConnectPacket(cleanStart));
        var answer = await ReceiveAnswer(connection);
        if (answer is not { Reason: ReasonCode.Success })
        {
            connection.Cut(reset: false);
            return answer ?? throw new IOException("The connection ended before there was a CONNACK.");
        }

        lock (_gate)
        {
            _connection = connection;
            if (cleanStart && answer.SessionPresent)
            {
                Violate("A clean start finds a session."); // [MQTT-3.2.2-2]
            }

            ResumeSession(answer);
            Ended = Listen(connection);
        }

        return answer;
    }

    public Task<SubAckPacket> Subscribe(string filter, Qos qos = Qos.ExactlyOnce) => Subscribe(null, new Subscription(filter, qos));

    public async Task<SubAckPacket> Subscribe(uint? identifier, params Subscription[] subscriptions) =>
        (SubAckPacket)await Request(packetId => new SubscribePacket
        {
            PacketId = packetId,
            Subscriptions = [.. subscriptions],
            Properties = identifier is { } number ? new Properties { SubscriptionIdentifiers = [number] } : Properties.None,
        });

    public async Task<UnsubAckPacket> Unsubscribe(params string[] filters) =>
        (UnsubAckPacket)await Request(packetId => new UnsubscribePacket { PacketId = packetId, Filters = [.. filters] });

    /// <summary>Takes its leave and waits until the server has closed the connection.</summary>
    public async Task Disconnect(ReasonCode reason = ReasonCode.Success, uint? sessionExpiry = null)
    {
        var (connection, ended) = Current();
        connection.Post(new DisconnectPacket { Reason = reason, Properties = new Properties { SessionExpiryInterval = sessionExpiry } });
        await connection.EndSending();
        await ended.WaitAsync(Patience);
    }

    /// <summary>Ends the connection without a word, and waits until nothing of it arrives any more.</summary>
    /// <param name="reset">With a TCP reset; otherwise with an end of the stream.</param>
    public async Task Cut(bool reset = true)
    {
        var (connection, ended) = Current();
        connection.Cut(reset);
        await ended;
    }

    /// <summary>Cuts the connection when more than this many further bytes are to be sent; that many still are.</summary>
    public void CutAfterSending(int bytes, bool reset = true) => Current().Connection.CutAfterSending(bytes, reset);

    /// <summary>Cuts the connection when more than this many further bytes arrive, as if the rest had been lost on the way.</summary>
    public void CutAfterReceiving(int bytes, bool reset = true) => Current().Connection.CutAfterReceiving(bytes, reset);

    /// <summary>Waits until all acknowledgements and messages so far have been sent, or the connection has ended.</summary>
    public Task Flushed()
    {
        lock (_gate)
        {
            return Task.WhenAny(_connection?.Flushed() ?? Ended, Ended);
        }
    }

    /// <summary>Waits for a state of what has arrived (see <see cref="Received"/>), with a deadline.</summary>
    public async Task Until(Func<IReadOnlyList<PublishPacket>, bool> condition, TimeSpan? patience = null)
    {
        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (_violation is not null)
                {
                    throw new MqttViolationException(_violation.Message, _violation);
                }

                if (condition(_received))
                {
                    return;
                }

                changed = _changed.Task;
            }

            var left = (patience ?? Patience) - Stopwatch.GetElapsedTime(start);
            try
            {
                await changed.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero);
            }
            catch (TimeoutException)
            {
                throw new TimeoutException($"{id} waited in vain; it has {Summary()}.");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task ended;
        lock (_gate)
        {
            _connection?.Cut(reset: true);
            ended = Ended;
        }

        await ended;
    }

    /// <summary>The connection and its end, of one and the same.</summary>
    private (MqttConnection Connection, Task Ended) Current()
    {
        lock (_gate)
        {
            return (_connection ?? throw new InvalidOperationException($"{id} is not connected."), Ended);
        }
    }

    private ConnectPacket ConnectPacket(bool cleanStart) => new()
    {
        Version = version,
        ClientId = id,
        CleanStart = cleanStart,
        KeepAlive = KeepAlive,
        Will = Will,
        UserName = UserName,
        Password = Password is null ? default(ReadOnlyMemory<byte>?) : Encoding.UTF8.GetBytes(Password),
        Properties = version == MqttVersion.V311 ? Properties.None : new Properties
        {
            SessionExpiryInterval = SessionExpiry == 0 ? null : SessionExpiry,
            ReceiveMaximum = ReceiveMaximum == ushort.MaxValue ? null : ReceiveMaximum,
            TopicAliasMaximum = TopicAliasMaximum == 0 ? null : TopicAliasMaximum,
            MaximumPacketSize = MaximumPacketSize,
        },
    };

    private async Task<ConnAckPacket?> ReceiveAnswer(MqttConnection connection)
    {
        try
        {
            return (ConnAckPacket?)await connection.Receive().WaitAsync(ConnectPatience);
        }
        catch
        {
            connection.Cut(reset: true);
            throw;
        }
    }

    /// <summary>The loop that hears the server, until the connection ends.</summary>
    private async Task Listen(MqttConnection connection)
    {
        try
        {
            while (await connection.Receive() is { } packet)
            {
                lock (_gate)
                {
                    Handle(connection, packet);
                    Wake();
                }
            }
        }
        catch (MqttProtocolException e)
        {
            lock (_gate)
            {
                Violate(e.Message);
            }
        }

        connection.Cut(reset: false);
        lock (_gate)
        {
            if (_connection == connection)
            {
                _connection = null;
            }

            foreach (var request in _requests.Values)
            {
                request.TrySetException(new IOException("The connection ended before there was an answer."));
            }

            _requests.Clear();
            Wake();
        }
    }

    /// <summary>The protocol as a client sees it. Called with the gate held.</summary>
    private void Handle(MqttConnection connection, MqttPacket packet)
    {
        if (packet is DisconnectPacket farewell)
        {
            Farewell = farewell;
            return;
        }

        if (connection != _connection)
        {
            return; // its successor has begun, and what comes late counts as lost
        }

        switch (packet)
        {
            case PublishPacket publish:
                HandlePublish(publish);
                break;
            case AckPacket { Type: PacketType.PubRel } ack:
                HandlePubRel(ack);
                break;
            case AckPacket ack:
                HandleAck(ack);
                break;
            case SubAckPacket ack:
                Answer(ack.PacketId, ack);
                break;
            case UnsubAckPacket ack:
                Answer(ack.PacketId, ack);
                break;
            case PingRespPacket:
                break;
            default:
                Violate($"A server does not send {packet.Type}.");
                break;
        }
    }

    private async Task<MqttPacket> Request(Func<ushort, MqttPacket> packet)
    {
        var answer = new TaskCompletionSource<MqttPacket>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            var connection = Current().Connection;
            var packetId = NextId();
            _requests.Add(packetId, answer);
            connection.Post(packet(packetId));
        }

        return await answer.Task.WaitAsync(Patience);
    }

    private void Answer(ushort packetId, MqttPacket packet)
    {
        if (_requests.Remove(packetId, out var request))
        {
            request.SetResult(packet);
        }
        else
        {
            Violate($"{packet.Type} {packetId} answers nothing.");
        }
    }

    private ushort NextId()
    {
        do
        {
            _lastId = (ushort)((_lastId % ushort.MaxValue) + 1);
        }
        while (_requests.ContainsKey(_lastId) || _outgoing.Exists(message => message.Packet.PacketId == _lastId));

        return _lastId;
    }

    private void Violate(string what)
    {
        _violation ??= new MqttViolationException($"{id}: {what}");
        foreach (var message in _outgoing)
        {
            message.Done.TrySetException(_violation);
        }

        Wake();
    }

    private void Wake()
    {
        _changed.TrySetResult();
        _changed = NewSource();
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private string Summary()
    {
        lock (_gate)
        {
            var last = string.Join(", ", _received.TakeLast(5).Select(message => $"{message.Topic} {message.Text()}"));
            return $"received {_received.Count} messages (the last: {last}), and {_outgoing.Count} are not acknowledged";
        }
    }
}

/// <summary>The server did what the specification forbids.</summary>
public sealed class MqttViolationException(string what, Exception? inner = null) : Exception(what, inner);

public static class MqttMessages
{
    /// <summary>The payload as text.</summary>
    public static string Text(this PublishPacket message) => Encoding.UTF8.GetString(message.Payload.Span);
}
