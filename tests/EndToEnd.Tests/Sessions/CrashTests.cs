using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Sessions;

/// <summary>
/// Sessions, with the process killed at random moments: what was acknowledged is stored once; QoS 2 arrives once and QoS 1
/// at least once, in order; sessions, subscriptions and retained messages are still there.
/// </summary>
public sealed class CrashTests
{
    /// <summary>How often the process is killed in each test; more by the variable TEST_KILLS.</summary>
    private static readonly int Kills = TestVariable.Number("TEST_KILLS", 5);

    /// <summary>What the moments are drawn from; others by the variable TEST_SEED.</summary>
    private readonly Random _random = new(TestVariable.Number("TEST_SEED", 4711));

    private readonly Progress _acknowledged = new();

    [Fact]
    public async Task Through_kills_nothing_acknowledged_is_lost_and_QoS_2_never_comes_twice()
    {
        await using var broker = await Broker.Start();
        await using var subscribers = await Group.Of(
            Durable("exact3", MqttVersion.V311, ("crash/#", Qos.ExactlyOnce)),
            Durable("exact5", MqttVersion.V500, ("crash/+/own", Qos.ExactlyOnce), (NumberedMessages.Shared, Qos.ExactlyOnce)),
            Durable("least3", MqttVersion.V311, (NumberedMessages.Shared, Qos.AtLeastOnce)),
            Durable("least5", MqttVersion.V500, ("crash/+/own", Qos.AtLeastOnce), (NumberedMessages.Shared, Qos.AtLeastOnce)));

        // Its queue, of 10,000 at most, has room for all that it subscribes to and what QoS 1 doubles at each kill.
        await using var away = await Durable("away", MqttVersion.V500, ("crash/+/own", Qos.ExactlyOnce), ("crash/+/state", Qos.ExactlyOnce)).Begin();
        await away.Leave();

        await using var publishers = await Group.Of(
            Durable("p1v3", MqttVersion.V311), Durable("p1v5", MqttVersion.V500),
            Durable("p2v3", MqttVersion.V311), Durable("p2v5", MqttVersion.V500));
        var all = publishers.Select((publisher, i) => Messages(publisher, i < 2 ? Qos.AtLeastOnce : Qos.ExactlyOnce, 2_000)).ToList();

        var sending = Task.WhenAll(all.Select(messages => messages.Send()));
        foreach (var moment in Moments(all.Count * 2_000))
        {
            await Group.First(_acknowledged.Reaches(moment), publishers, subscribers);
            var before = all.ConvertAll(messages => messages.LastRetained);
            await broker.KillAndStartAgain();
            await RetainedMustBeNoOlderThan(before, all, broker);
        }

        await Group.First(sending, publishers, subscribers);
        away.Return();
        await MustHaveArrived(all, [.. subscribers, away]);
        if (broker.Iot is { } iot)
        {
            await NumberedMessages.MustBeStoredOnce(all, iot);
        }

        DurableClient Durable(string id, MqttVersion version, params (string Filter, Qos Qos)[] subscriptions) =>
            new(broker, id, version, [.. subscriptions.Select(subscription => new Subscription(subscription.Filter, subscription.Qos))]);
    }

    [Theory]
    [InlineData(MqttVersion.V311)]
    [InlineData(MqttVersion.V500)]
    public async Task A_long_queue_is_drained_through_kills_with_nothing_lost_and_nothing_of_QoS_2_twice(MqttVersion version)
    {
        await using var broker = await Broker.Start();
        await using var subscriber = await new DurableClient(broker, "away", version, new Subscription("crash/#", Qos.ExactlyOnce)).Begin();
        await subscriber.Leave();

        await using var publishers = await Group.Of(
            new DurableClient(broker, "p1", MqttVersion.V500), new DurableClient(broker, "p2", MqttVersion.V311));
        var all = publishers.Select((publisher, i) => Messages(publisher, i == 0 ? Qos.AtLeastOnce : Qos.ExactlyOnce, 2_000)).ToList();
        await Group.First(Task.WhenAll(all.Select(messages => messages.Send())), publishers);

        subscriber.Return();
        foreach (var moment in Moments(all.Count * 2_000))
        {
            await Group.First(subscriber.Client.Until(messages => messages.Count >= moment), [subscriber]);
            await broker.KillAndStartAgain();
        }

        await MustHaveArrived(all, [subscriber]);
    }

    private NumberedMessages Messages(DurableClient publisher, Qos qos, int count) => new(publisher, qos, count, _acknowledged);

    private List<int> Moments(int count) => [.. Enumerable.Range(0, Kills).Select(_ => _random.Next(count)).Order()];

    /// <summary>A newcomer asks for the retained messages.</summary>
    private static async Task RetainedMustBeNoOlderThan(List<int> before, List<NumberedMessages> all, Broker broker)
    {
        await using var newcomer = new MqttClient("newcomer");
        await newcomer.Connect(broker.Port);
        foreach (var (messages, atLeast) in all.Zip(before).Where(pair => pair.Second > 0))
        {
            await newcomer.Subscribe(messages.State);
            await newcomer.Until(received => received.Any(IsRetained)); // what is published meanwhile may come before
            messages.MustHaveRetained(atLeast, newcomer.Received.First(IsRetained));

            bool IsRetained(PublishPacket message) => message.Retain && message.Topic == messages.State;
        }
    }

    private static async Task MustHaveArrived(List<NumberedMessages> all, List<DurableClient> subscribers)
    {
        foreach (var messages in all)
        {
            await messages.SendLast();
            await Task.WhenAll(subscribers.Select(messages.ArriveAt));
            Assert.All(subscribers, messages.MustHaveArrivedAt);
        }
    }

    /// <summary>Clients that are there together.</summary>
    private sealed class Group(DurableClient[] clients) : List<DurableClient>(clients), IAsyncDisposable
    {
        public static async Task<Group> Of(params DurableClient[] clients)
        {
            await Task.WhenAll(clients.Select(client => client.Begin()));
            return new Group(clients);
        }

        /// <summary>Waits for it, unless one of the clients fails before.</summary>
        public static async Task First(Task task, params IEnumerable<DurableClient>[] groups) =>
            await await Task.WhenAny([task, .. groups.SelectMany(group => group).Select(client => client.Staying)])
                .WaitAsync(TimeSpan.FromMinutes(2));

        public async ValueTask DisposeAsync()
        {
            foreach (var client in this)
            {
                await client.DisposeAsync();
            }
        }
    }
}
