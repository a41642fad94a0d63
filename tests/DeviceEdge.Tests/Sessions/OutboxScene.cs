using System.Collections.Immutable;
using System.IO.Pipelines;
using System.Text;
using System.Threading.Channels;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.DeviceEdge.Sessions;
using OrleansIoT.Devices;
using OrleansIoT.Fixtures;
using OrleansIoT.Identity;
using OrleansIoT.Telemetry;

namespace OrleansIoT.DeviceEdge.Tests.Sessions;

/// <summary>A session's outbox with a client before it that reads when the test does, and a grain behind it that answers by hand.</summary>
internal sealed class OutboxScene
{
    public const string Topic = "devices/meter-7/temperature";

    private readonly Pipe _pipe;
    private readonly MqttPacketReader _reader;

    /// <param name="version">What the client speaks.</param>
    /// <param name="connect">What its CONNECT said.</param>
    /// <param name="limits">Those of the server.</param>
    /// <param name="opened">The session; else a new one that is not durable.</param>
    /// <param name="pause">How many bytes the connection takes before the client reads.</param>
    /// <param name="start">Whether the outbox is started.</param>
    public OutboxScene(
        MqttVersion version = MqttVersion.V500,
        Properties? connect = null,
        OutboxLimits? limits = null,
        SessionOpened? opened = null,
        long pause = 1024 * 1024,
        bool start = true)
    {
        _pipe = new Pipe(new PipeOptions(
            pauseWriterThreshold: pause, resumeWriterThreshold: pause / 2, readerScheduler: PipeScheduler.Inline, useSynchronizationContext: false));
        _reader = new MqttPacketReader(version, int.MaxValue);
        var packet = new ConnectPacket { Version = version, Properties = connect ?? Properties.None };
        Outgoing = new Outgoing(_pipe.Writer);
        Outgoing.Speak(packet);
        Outbox = new Outbox(
            Outgoing,
            (limits ?? new OutboxLimits()).For(packet),
            opened ?? Opened(isDurable: false),
            new SessionGrain(Grain, "connection-1", Caller.Device("default", "meter-7")),
            Clock)
        {
            OnFailure = e => Failure.SetResult(e),
        };
        if (start)
        {
            Outbox.Start();
        }
    }

    public ManualClock Clock { get; } = new();

    public TestClientGrain Grain { get; } = new();

    public Outgoing Outgoing { get; }

    /// <summary>A first page of retained messages that has none, so that the next one is asked for.</summary>
    public static RetainedPage Nothing { get; } = new([], "");

    public Outbox Outbox { get; }

    public TaskCompletionSource<Exception> Failure { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static SessionOpened Opened(bool isDurable = true, long sent = 0, long last = 0) =>
        new("meter-7/client", last > 0, isDurable, [], [], [], sent, last);

    public TelemetryMessage Message(string payload, string topic = Topic, Qos qos = Qos.ExactlyOnce, MessageProperties? properties = null) => new()
    {
        Topic = topic,
        Device = "meter-8",
        Payload = Encoding.UTF8.GetBytes(payload),
        At = Clock.GetUtcNow(),
        ReceivedAt = Clock.GetUtcNow(),
        Qos = qos,
        Properties = properties,
    };

    public static MessageProperties Expiring(uint seconds) => new(null, seconds, null, null, null, []);

    public void Deliver(Qos qos, params IEnumerable<string> payloads)
    {
        foreach (var payload in payloads)
        {
            Outbox.Deliver(new Outbound(Message(payload), qos, Retain: false, []));
        }

        Outbox.Flush();
    }

    public void Deliver(TelemetryMessage message, Qos qos = Qos.AtMostOnce, params ImmutableArray<uint> ids)
    {
        Outbox.Deliver(new Outbound(message, qos, Retain: false, ids));
        Outbox.Flush();
    }

    /// <summary>Delivers as a topic does, what stands in the durable queue.</summary>
    public void DeliverQueued(
        long number, Qos qos = Qos.AtLeastOnce, TelemetryMessage? message = null, long after = Addressed.Unordered)
    {
        Outbox.DeliverQueued(new Addressed("connection-1", 0, number, qos, false, [], after), message ?? Message($"{number}"));
        Outbox.Flush();
    }

    public async Task<PublishPacket> ReceivePublish() => Assert.IsType<PublishPacket>(await Receive());

    public async Task<List<string>> ReceivePayloads(int count)
    {
        var payloads = new List<string>();
        while (payloads.Count < count)
        {
            payloads.Add(Text(await ReceivePublish()));
        }

        return payloads;
    }

    /// <summary>The next packet, when it comes.</summary>
    public async Task<MqttPacket> Receive()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            var read = await _pipe.Reader.ReadAsync(patience.Token);
            var buffer = read.Buffer;
            var found = _reader.TryRead(ref buffer, out var packet);
            _pipe.Reader.AdvanceTo(buffer.Start, found ? buffer.Start : buffer.End);
            if (found)
            {
                return packet!;
            }
        }
    }

    /// <summary>Nothing is there now. What is sent at all, the outbox sends before its caller gets control back, unless it waits.</summary>
    public void ExpectNothing()
    {
        if (_pipe.Reader.TryRead(out var read))
        {
            _pipe.Reader.AdvanceTo(read.Buffer.Start);
            Assert.Equal(0, read.Buffer.Length);
        }
    }

    /// <summary>A ping that comes back before anything else does: nothing else was to be sent.</summary>
    public async Task ExpectNothingButPing()
    {
        await Outgoing.Send(PingRespPacket.Instance);
        Assert.IsType<PingRespPacket>(await Receive());
    }

    public async Task Answer(PacketType type, ushort id, ReasonCode reason = ReasonCode.Success) =>
        await Outbox.Handle(new AckPacket(type, id, reason));

    /// <summary>The socket is gone.</summary>
    public void Break(Exception? why = null) => _pipe.Reader.Complete(why);

    public static string Text(PublishPacket packet) => Encoding.UTF8.GetString(packet.Payload.Span);
}

/// <summary>A call that the test answers.</summary>
internal sealed class GrainCall<TAsked, TAnswer>(TAsked asked, Caller? caller)
{
    private readonly TaskCompletionSource<TAnswer> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TAsked Asked => asked;

    public Caller? Caller => caller;

    public Task<TAnswer> Task => _answer.Task;

    public void Answer(TAnswer answer) => _answer.SetResult(answer);

    public void Throw(Exception e) => _answer.SetException(e);
}

/// <summary>The grain of one client as an outbox knows it, every answer given by the test.</summary>
internal sealed class TestClientGrain : IClientGrain
{
    private readonly Channel<GrainCall<(long After, int Count), ImmutableArray<QueuedMessage>>> _queue =
        Channel.CreateUnbounded<GrainCall<(long, int), ImmutableArray<QueuedMessage>>>();

    private readonly Channel<GrainCall<Settlement[], bool>> _settle =
        Channel.CreateUnbounded<GrainCall<Settlement[], bool>>();

    private readonly Channel<GrainCall<(string Filter, string? From), RetainedPage>> _retained =
        Channel.CreateUnbounded<GrainCall<(string, string?), RetainedPage>>();

    public int Settling => _settle.Reader.Count;

    public int Retaining => _retained.Reader.Count;

    public int Fetching => _queue.Reader.Count;

    public async Task<GrainCall<(long After, int Count), ImmutableArray<QueuedMessage>>> NextQueue() => await _queue.Reader.ReadAsync(Soon());

    public async Task<GrainCall<Settlement[], bool>> NextSettle() => await _settle.Reader.ReadAsync(Soon());

    public async Task<GrainCall<(string Filter, string? From), RetainedPage>> NextRetained() => await _retained.Reader.ReadAsync(Soon());

    public Task<ImmutableArray<QueuedMessage>> Queue(string connectionId, long after, int count) => Wait(_queue, (after, count));

    public Task Settle(string connectionId, ImmutableArray<Settlement> settlements) => Wait(_settle, settlements.ToArray());

    public Task<RetainedPage> Retained(string connectionId, string filter, string? from) => Wait(_retained, (filter, from));

    public Task<SessionOpened> Connect(ClientConnect connect) => throw new NotSupportedException();

    public Task Disconnect(string connectionId, ClientDisconnect disconnect) => throw new NotSupportedException();

    public Task<PublishResult> Publish(string connectionId, ImmutableArray<TelemetryMessage> messages) => throw new NotSupportedException();

    public Task Refused(int messages, string topic, string why) => throw new NotSupportedException();

    public Task Release(string connectionId, ImmutableArray<ushort> packetIds) => throw new NotSupportedException();

    public Task<SubscribeResult> Subscribe(string connectionId, ImmutableArray<Subscription> subscriptions) => throw new NotSupportedException();

    public Task<ImmutableArray<bool>> Unsubscribe(string connectionId, ImmutableArray<string> filters) => throw new NotSupportedException();

    public Task<long> Routed(string connectionId) => throw new NotSupportedException();

    public Task<SessionOpened> Admit(ClientConnect connect) => throw new NotSupportedException();

    public Task Due(string clientId) => throw new NotSupportedException();

    public Task EdgeLost(string edge) => throw new NotSupportedException();

    private static Task<TAnswer> Wait<TAsked, TAnswer>(Channel<GrainCall<TAsked, TAnswer>> calls, TAsked asked)
    {
        var call = new GrainCall<TAsked, TAnswer>(asked, Caller.Current);
        Assert.True(calls.Writer.TryWrite(call));
        return call.Task;
    }

    private static CancellationToken Soon() => new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token;
}
