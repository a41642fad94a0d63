using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.Telemetry;

namespace OrleansIoT.DeviceEdge.Sessions;

/// <summary>
/// What one session is sent, from any thread; nobody who delivers waits for the client. Messages wait in memory, or in the
/// durable queue with a few of them in memory; whoever brings something and finds nobody sending sends what there is, until
/// the client does not read as fast, and then the sending goes on by itself when it does.
/// </summary>
internal sealed partial class Outbox
{
    /// <summary>What is written between two flushes, about: enough for few of them, not so much that others wait long for their turn.</summary>
    private const int ChunkBytes = 64 * 1024;

    private readonly Lock _gate = new();
    private readonly Outgoing _outgoing;
    private readonly bool _isDurable;
    private readonly long _sentBefore;
    private readonly SessionGrain _grain;
    private readonly TimeProvider _time;
    private readonly PublishWriter _writer;
    private readonly InFlight _inFlight;
    private readonly OutboxMemory _memory;
    private readonly OutboxBacklog _backlog;
    private Queue<ushort>? _releases;
    private long _sent;
    private bool _isStarted;
    private bool _isSending;
    private volatile bool _isClosed;
    private bool _hasFailed;

    /// <param name="outgoing">The connection's, which knows by now what the client speaks.</param>
    /// <param name="limits">How much may wait and be under way.</param>
    /// <param name="session">The session as the connection finds it.</param>
    /// <param name="grain">Whom to ask for what is queued, and to tell what is answered.</param>
    /// <param name="time">Messages expire by it.</param>
    public Outbox(Outgoing outgoing, OutboxLimits limits, SessionOpened session, SessionGrain grain, TimeProvider time)
    {
        _outgoing = outgoing;
        _isDurable = session.IsDurable;
        _sent = _sentBefore = session.Sent;
        _grain = grain;
        _time = time;
        _writer = new PublishWriter(outgoing.Version, outgoing.MaximumPacketSize, limits.TopicAliases);
        _inFlight = new InFlight(limits.InFlight);
        _memory = new OutboxMemory(limits.Messages, limits.Bytes);
        _backlog = new OutboxBacklog(session.Last);
    }

    /// <summary>
    /// The connection is to end: a grain did not settle or give what is queued, or the socket failed. Called once at most,
    /// from any thread, perhaps when the connection ends already.
    /// </summary>
    public required Action<Exception> OnFailure { get; init; }

    /// <summary>Messages that a full memory queue has dropped.</summary>
    public long Dropped
    {
        get
        {
            lock (_gate)
            {
                return _memory.Dropped;
            }
        }
    }

    /// <summary>After CONNACK: whatever waits is sent, first what was sent or released before [MQTT-4.4.0-1].</summary>
    public void Start()
    {
        lock (_gate)
        {
            _isStarted = true;
        }

        Flush();
    }

    /// <summary>A message that stands in no durable queue; it leaves with the next <see cref="Flush"/>.</summary>
    public void Deliver(in Outbound message)
    {
        lock (_gate)
        {
            if (!_isClosed)
            {
                _memory.Add(message);
            }
        }
    }

    /// <summary>A message of the session's durable queue; it leaves with the next <see cref="Flush"/>.</summary>
    public void DeliverQueued(Addressed addressed, TelemetryMessage message)
    {
        lock (_gate)
        {
            if (!_isClosed)
            {
                _backlog.Add(
                    new QueuedMessage(addressed.Number, message, addressed.Qos, addressed.Retain, addressed.SubscriptionIds),
                    addressed.After);
            }
        }
    }

    /// <summary>The session's durable queue reaches to this number (after SUBSCRIBE).</summary>
    public void QueueGrew(long last)
    {
        lock (_gate)
        {
            _backlog.Grow(last);
        }

        Flush();
    }

    /// <summary>A silo has died, and may have taken to its grave what it was about to deliver: the durable queue is looked at.</summary>
    public void Suspect()
    {
        lock (_gate)
        {
            if (!_isDurable || _isClosed)
            {
                return;
            }

            _backlog.Suspect();
        }

        Flush();
    }

    /// <summary>Sends what may be sent. Returns at once.</summary>
    public void Flush()
    {
        lock (_gate)
        {
            if (_isSending || !_isStarted || _isClosed)
            {
                return; // who sends sees what has come meanwhile
            }

            _isSending = true;
        }

        _ = Send();
    }

    /// <summary>Nothing more is sent from here on, already before this returns; complete when what the client has answered is settled.</summary>
    /// <returns>The greatest number of the durable queue that was sent.</returns>
    public async ValueTask<long> Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            _room?.TrySetResult();
            if (_isSending)
            {
                _outgoing.StopWaiting();
            }
        }

        await _settling;
        return _sent;
    }

    /// <summary>Completes on the caller's thread unless the client is slow or there is much to send.</summary>
    private async Task Send()
    {
        try
        {
            if (!_outgoing.TryTakeTurn())
            {
                await _outgoing.TakeTurn();
            }

            try
            {
                while (Write(out var isThereMore))
                {
                    if (!await _outgoing.Flush())
                    {
                        return; // and remains sending, so that nobody tries again
                    }

                    if (isThereMore)
                    {
                        await Task.Yield(); // who delivers has others to deliver to
                    }
                }
            }
            finally
            {
                _outgoing.EndTurn();
            }
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    /// <summary>Writes the next packets.</summary>
    /// <returns>Whether there were any; otherwise nobody is sending from here on.</returns>
    private bool Write(out bool isThereMore)
    {
        isThereMore = false;
        lock (_gate)
        {
            var written = 0; // bytes, about
            while (!_isClosed && TryWrite(ref written))
            {
                if (written >= ChunkBytes)
                {
                    isThereMore = true;
                    break;
                }
            }

            StartFetching();
            MakeRoom();
            return _isSending = written > 0;
        }
    }

    /// <summary>One of each kind in turn, so that none waits for the end of another.</summary>
    /// <returns>Whether anything has left its queue.</returns>
    private bool TryWrite(ref int written)
    {
        var isReleasing = _releases?.Count > 0;
        if (isReleasing)
        {
            WriteRelease(_releases!.Dequeue(), ref written);
        }

        return isReleasing | TryWriteQueued(ref written) | TryWriteWaiting(ref written);
    }

    private bool TryWriteWaiting(ref int written)
    {
        if (!_memory.TryTake(_inFlight.HasRoom, out var message))
        {
            return false;
        }

        if (IsExpired(message.Message, out var expiresIn))
        {
            return true;
        }

        var id = message.Qos == Qos.AtMostOnce ? (ushort)0 : _inFlight.NextId();
        var size = _writer.Write(
            _outgoing.Output,
            message.Message,
            new PublishHeader(message.Qos, message.Retain, Dup: false, id, expiresIn, message.SubscriptionIds));
        written += size;
        if (id != 0 && size > 0) // what is too large for the client counts as delivered [MQTT-3.1.2-25]
        {
            _inFlight.Sent(id, 0, message.Qos);
        }

        return true;
    }

    private void WriteRelease(ushort id, ref int written)
    {
        MqttPacketWriter.WriteAck(_outgoing.Output, PacketType.PubRel, id);
        written++;
    }

    /// <summary>Expired messages are not sent [MQTT-3.3.2-5]; others with what is left of the interval, rounded up [MQTT-3.3.2-6].</summary>
    private bool IsExpired(TelemetryMessage message, out uint? expiresIn)
    {
        expiresIn = null;
        if (message.Properties?.ExpiresAfter is not { } seconds)
        {
            return false;
        }

        var left = (message.ExpiresAt - _time.GetUtcNow()).TotalSeconds;
        expiresIn = (uint)Math.Clamp(Math.Ceiling(left), 0, seconds);
        return left <= 0;
    }

    private void Fail(Exception e)
    {
        lock (_gate)
        {
            if (_hasFailed)
            {
                return;
            }

            _hasFailed = _isClosed = true;
            _room?.TrySetResult();
        }

        OnFailure(e);
    }
}
