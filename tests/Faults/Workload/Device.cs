using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.Faults.Recording;

namespace OrleansIoT.Faults.Workload;

/// <summary>
/// A device: it publishes numbered readings, now and then a retained state, what it has sent before, and what it may not; and
/// it listens to its commands. What was not acknowledged it sends again until it is.
/// </summary>
internal sealed class Device : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly Ledger _ledger;
    private readonly int _index;
    private readonly Random _random;
    private readonly SemaphoreSlim _window = new(4);
    private readonly Dictionary<string, long> _numbers = [];
    private readonly List<Task> _publishing = [];
    private readonly Qos _qos;
    private readonly string _victim;
    private DateTimeOffset _last;
    private long _acknowledged;
    private string? _logged;

    /// <param name="session">Its connection.</param>
    /// <param name="ledger">Where it writes down what it does.</param>
    /// <param name="index">Its number among the devices.</param>
    /// <param name="victim">Another device, to whose topics it may not publish.</param>
    /// <param name="seed">What its moments are drawn from.</param>
    public Device(Session session, Ledger ledger, int index, string victim, int seed)
    {
        (Session, _ledger, _index, _random, _victim) = (session, ledger, index, new Random(seed), victim);
        _qos = index % 2 == 0 ? Qos.AtLeastOnce : Qos.ExactlyOnce;
    }

    public Session Session { get; }

    public string Readings => TopicOf(Session.Identity.Id, "t");

    /// <summary>The greatest number of its readings that was acknowledged.</summary>
    public long Acknowledged => Volatile.Read(ref _acknowledged);

    public static string TopicOf(string device, string name) => $"devices/{device}/{name}";

    public Task Begin(CancellationToken cancellation) =>
        Session.Begin(cancellation, new Subscription(TopicOf(Session.Identity.Id, "cmd"), Qos.AtLeastOnce));

    /// <summary>Publishes until it is told to stop, and then until all is acknowledged.</summary>
    /// <param name="period">From one reading to the next, on average.</param>
    /// <param name="stopping">No further messages.</param>
    /// <param name="giveUp">What is not acknowledged by then never will be.</param>
    public async Task Run(TimeSpan period, CancellationToken stopping, CancellationToken giveUp)
    {
        try
        {
            while (true)
            {
                await Task.Delay(period * (0.5 + _random.NextDouble()), stopping);
                await _window.WaitAsync(stopping);
                _publishing.RemoveAll(task => task.IsCompletedSuccessfully);
                _publishing.Add(PublishNext(giveUp));
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            await Task.WhenAll(_publishing).WaitAsync(giveUp);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Session.DisposeAsync();
        _window.Dispose();
    }

    private async Task PublishNext(CancellationToken giveUp)
    {
        try
        {
            switch (_random.Next(40))
            {
                case < 4:
                    await UntilAcknowledged(Next(TopicOf(Session.Identity.Id, "state")), retain: true, giveUp);
                    break;
                case < 7 when _index % 5 == 0:
                    await Again(giveUp);
                    break;
                case 7 when Session.Client.Version == MqttVersion.V500: // 3.1.1 has no word for it but the end of the connection
                    var (forged, text) = Next(TopicOf(_victim, $"forged-by-{Session.Identity.Id}"));
                    await Session.Publish(forged, text, _qos);
                    break;
                default:
                    var next = Next(Readings);
                    if (await UntilAcknowledged(next, retain: false, giveUp))
                    {
                        Advance(next.Message.Number);
                    }

                    break;
            }
        }
        catch (OperationCanceledException)
        {
            // given up
        }
        finally
        {
            _window.Release();
        }
    }

    /// <summary>To a topic that nobody has subscribed to, since there it is a new message: an entry of a log, or the last one once more.</summary>
    private async Task Again(CancellationToken giveUp)
    {
        var topic = TopicOf(Session.Identity.Id, "log");
        if (_logged is { } before && Payload.Read(before) is var (same, _) && _random.Next(2) == 0)
        {
            await UntilAcknowledged((same, before), retain: false, giveUp);
            return;
        }

        var next = Next(topic);
        if (await UntilAcknowledged(next, retain: false, giveUp))
        {
            _logged = next.Text;
        }
    }

    private async Task<bool> UntilAcknowledged((MessageId Message, string Text) next, bool retain, CancellationToken giveUp)
    {
        while (true)
        {
            switch (await Session.Publish(next.Message, next.Text, _qos, retain).WaitAsync(giveUp))
            {
                case Outcome.Ok:
                    return true;
                case Outcome.Fail:
                    return false;
                default:
                    await Task.Delay(Pause, giveUp);
                    break;
            }
        }
    }

    /// <summary>The next message of a topic, with a time later than those before.</summary>
    private (MessageId Message, string Text) Next(string topic)
    {
        lock (_numbers)
        {
            var number = _numbers[topic] = _numbers.GetValueOrDefault(topic) + 1;
            var now = DateTimeOffset.UtcNow;
            _last = now - _last < TimeSpan.FromMilliseconds(1) ? _last.AddMilliseconds(1) : now;
            var message = new MessageId(Session.Identity.Tenant, topic, number);
            return (message, Payload.Of(message, _last));
        }
    }

    private void Advance(long number)
    {
        for (var known = Acknowledged; number > known; known = Acknowledged)
        {
            Interlocked.CompareExchange(ref _acknowledged, number, known);
        }
    }
}
