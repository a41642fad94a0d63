using System.Globalization;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Fixtures;
using OrleansIoT.Topics;

namespace OrleansIoT.EndToEnd.Tests.Sessions;

/// <summary>
/// What one client publishes in a test with kills: messages that carry its name and a number, on a topic of its own, on one
/// that all share, and retained ones on a third; and whether they arrived and were stored as they must.
/// </summary>
internal sealed class NumberedMessages(DurableClient publisher, Qos qos, int count, Progress acknowledged)
{
    public const string Shared = "crash/all";

    /// <summary>So few that the server's memory for redeliveries (1,024 a device) and its Receive Maximum hold them.</summary>
    private const int InFlight = 15;

    private readonly List<(int Number, string Topic, string Payload)> _sent = [];
    private int _retained;

    public DurableClient Publisher => publisher;

    /// <summary>The topic with the retained messages.</summary>
    public string State { get; } = $"crash/{publisher.Client.Id}/state";

    /// <summary>The number of the last retained message that the server acknowledged.</summary>
    public int LastRetained => Volatile.Read(ref _retained);

    private string Own { get; } = $"crash/{publisher.Client.Id}/own";

    /// <summary>Publishes all of them, and returns when all are acknowledged.</summary>
    public async Task Send()
    {
        using var window = new SemaphoreSlim(InFlight);
        var sending = new List<Task>();
        while (sending.Count < count)
        {
            await window.WaitAsync();
            sending.Add(SendNext(window));
        }

        await Task.WhenAll(sending);
    }

    /// <summary>A last one on each topic, before which whatever came twice would have come.</summary>
    public async Task SendLast()
    {
        using var window = new SemaphoreSlim(InFlight);
        foreach (var topic in new[] { Own, Shared, State })
        {
            await SendNext(window, topic);
        }
    }

    /// <summary>Waits until all that were sent have arrived.</summary>
    public async Task ArriveAt(DurableClient subscriber)
    {
        var missing = _sent.Where(message => Granted(subscriber, message.Topic) is not null).Select(message => message.Payload).ToHashSet();
        var seen = 0;
        await subscriber.Client.Until(messages =>
        {
            for (; seen < messages.Count; seen++)
            {
                missing.Remove(messages[seen].Text());
            }

            return missing.Count == 0;
        });
    }

    /// <summary>QoS 2 exactly once, QoS 1 at least once, each for the first time in the order of sending.</summary>
    public void MustHaveArrivedAt(DurableClient subscriber)
    {
        var received = subscriber.Client.Received.ToLookup(message => message.Topic);
        foreach (var topic in new[] { Own, Shared, State })
        {
            if (Granted(subscriber, topic) is { } granted)
            {
                var mine = received[topic].Where(message => IsMine(message.Text())).ToList();
                var expected = granted < qos ? granted : qos;
                Assert.All(mine, message => Assert.Equal(expected, message.Qos));
                var payloads = mine.Select(message => message.Text());
                Assert.Equal(On(topic), expected == Qos.ExactlyOnce ? payloads : payloads.Distinct());
            }
        }
    }

    /// <summary>The retained message is what the server acknowledged last before the kill, or one that was sent later.</summary>
    public void MustHaveRetained(int atLeast, PublishPacket retained)
    {
        Assert.True(retained.Retain);
        var payload = retained.Text();
        lock (_sent)
        {
            var (number, topic, _) = Assert.Single(_sent, message => message.Payload == payload);
            Assert.Equal(State, topic);
            Assert.True(number >= atLeast, $"{number} is retained, and {atLeast} was acknowledged.");
        }
    }

    /// <summary>Each is in the history once, with the topics' numbers complete, in the order of sending.</summary>
    public static async Task MustBeStoredOnce(IReadOnlyList<NumberedMessages> all, IotProcess iot)
    {
        foreach (var messages in all)
        {
            Assert.Equal(messages.On(messages.Own), await Stored(messages.Own));
            Assert.Equal(messages.On(messages.State), await Stored(messages.State));
        }

        var shared = await Stored(Shared);
        foreach (var messages in all)
        {
            Assert.Equal(messages.On(Shared), shared.Where(messages.IsMine));
        }

        Assert.Equal(all.Sum(messages => messages.On(Shared).Count()), shared.Count);

        async Task<List<string>> Stored(string topic) =>
            [.. (await StoredMessages.Read(iot, topic)).Select(value => value.GetRawText())];
    }

    private async Task SendNext(SemaphoreSlim window, string? topic = null)
    {
        int number;
        Task<ReasonCode> sent;
        lock (_sent)
        {
            number = _sent.Count + 1;
            topic ??= number % 10 == 0 ? State : number % 2 == 0 ? Own : Shared;
            var payload = string.Create(CultureInfo.InvariantCulture, $"{Mine}{number}}}");
            _sent.Add((number, topic, payload));
            sent = publisher.Client.Publish(topic, payload, qos, retain: topic == State);
        }

        try
        {
            // PUBCOMP 0x92 is how 5.0 answers a PUBREL that comes again (section 3.7.2.1).
            Assert.True(await sent is < ReasonCode.UnspecifiedError or ReasonCode.PacketIdentifierNotFound);
            if (topic == State)
            {
                Volatile.Write(ref _retained, number);
            }

            acknowledged.Advance();
        }
        finally
        {
            window.Release();
        }
    }

    private string Mine { get; } = $$"""{"client":"{{publisher.Client.Id}}","n":""";

    private bool IsMine(string payload) => payload.StartsWith(Mine, StringComparison.Ordinal);

    private IEnumerable<string> On(string topic) => _sent.Where(message => message.Topic == topic).Select(message => message.Payload);

    private static Qos? Granted(DurableClient subscriber, string topic) => subscriber.Subscriptions
        .Where(subscription => TopicFilter.Matches(subscription.Filter, topic))
        .Select(subscription => (Qos?)subscription.MaximumQos)
        .FirstOrDefault();
}

/// <summary>A count that can be waited for.</summary>
internal sealed class Progress
{
    private readonly Lock _gate = new();
    private readonly List<(int Count, TaskCompletionSource Reached)> _waiting = [];
    private int _count;

    public void Advance()
    {
        lock (_gate)
        {
            _count++;
            _waiting.RemoveAll(waiting => waiting.Count <= _count && waiting.Reached.TrySetResult());
        }
    }

    public Task Reaches(int count)
    {
        lock (_gate)
        {
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (count <= _count)
            {
                return Task.CompletedTask;
            }

            _waiting.Add((count, reached));
            return reached.Task;
        }
    }
}
