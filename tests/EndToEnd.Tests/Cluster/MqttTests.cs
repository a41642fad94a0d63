using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Cluster;

/// <summary>MQTT over two edges and two silos: whoever connects where, it is one broker.</summary>
public sealed class MqttTests(MqttTests.Shared shared) : IClassFixture<MqttTests.Shared>, IAsyncLifetime
{
    private readonly List<MqttClient> _clients = [];

    private string Own { get; } = $"t{Guid.NewGuid():N}"[..13];

    private int Here => shared.Cluster.Edges[0].MqttPort;

    private int There => shared.Cluster.Edges[1].MqttPort;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var client in _clients)
        {
            await client.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_subscriber_on_one_edge_hears_a_publisher_on_another()
    {
        var subscriber = await Connected("subscriber", Here);
        var publisher = await Connected("publisher", There);
        await subscriber.Subscribe($"{Own}/#");

        for (var i = 0; i < 20; i++)
        {
            await publisher.Publish($"{Own}/{i}", $"{i}", Qos.AtLeastOnce);
        }

        await subscriber.Until(received => received.Count == 20);
    }

    /// <summary>The race of SUBACK and a publication on another silo: many topics, each subscribed to at the last moment.</summary>
    [Fact]
    public async Task After_SUBACK_every_later_publication_is_heard()
    {
        var subscriber = await Connected("subscriber", Here);
        var publisher = await Connected("publisher", There);
        for (var i = 0; i < 200; i++)
        {
            await publisher.Publish($"{Own}/{i % 20}/x", "before", Qos.AtLeastOnce); // so that a topic has looked who listens
            await subscriber.Subscribe($"{Own}/{i % 20}/+", Qos.AtLeastOnce);
            await publisher.Publish($"{Own}/{i % 20}/x", $"{i}", Qos.AtLeastOnce);
            await subscriber.Until(received => received.Any(message => message.Text() == $"{i}"));
            await subscriber.Unsubscribe($"{Own}/{i % 20}/+");
        }

        Assert.DoesNotContain(subscriber.Received, message => message.Text() == "before");
    }

    [Fact]
    public async Task A_session_that_is_taken_over_on_another_edge_goes_on_there()
    {
        var first = await Durable("roamer", Here);
        await first.Subscribe($"{Own}/#");
        var publisher = await Connected("publisher", Here);

        var second = Client("roamer", MqttClient.Forever);
        Assert.True((await second.Connect(There, cleanStart: false)).SessionPresent);
        await first.Ended.WaitAsync(MqttClient.Patience);
        Assert.Equal(ReasonCode.SessionTakenOver, first.Farewell!.Reason);

        await publisher.Publish($"{Own}/a", "for the second", Qos.AtLeastOnce);
        await second.Until(received => received.Any(message => message.Text() == "for the second"));
        Assert.Empty(first.Received);
    }

    [Fact]
    public async Task What_was_published_meanwhile_waits_for_a_session_that_comes_back_on_another_edge()
    {
        var away = await Durable("away", Here);
        await away.Subscribe($"{Own}/#");
        await away.Cut();
        var publisher = await Connected("publisher", Here);
        for (var i = 0; i < 10; i++)
        {
            await publisher.Publish($"{Own}/{i}", $"{i}", Qos.ExactlyOnce);
        }

        Assert.True((await away.Connect(There, cleanStart: false)).SessionPresent);
        await away.Until(received => received.Select(message => message.Text()).ToHashSet().Count == 10);
    }

    [Fact]
    public async Task A_retained_message_of_one_edge_is_sent_on_another()
    {
        var publisher = await Connected("publisher", Here);
        await publisher.Publish($"{Own}/state", "on", Qos.AtLeastOnce, retain: true);
        var subscriber = await Connected("subscriber", There);
        await subscriber.Subscribe($"{Own}/#");
        await subscriber.Until(received => received.Any(message => message.Retain && message.Text() == "on"));
    }

    [Fact]
    public async Task A_share_is_one_delivery_in_the_whole_cluster()
    {
        var here = await Connected("one", Here);
        var there = await Connected("two", There);
        await here.Subscribe($"$share/g/{Own}/#");
        await there.Subscribe($"$share/g/{Own}/#");
        var publisher = await Connected("publisher", Here);
        for (var i = 0; i < 100; i++)
        {
            await publisher.Publish($"{Own}/{i % 7}", $"{i}", Qos.AtLeastOnce);
        }

        await Eventually.Is(() => here.Received.Count + there.Received.Count >= 100);
        var all = here.Received.Concat(there.Received).Select(message => message.Text()).ToList();
        Assert.Equal(100, all.Count);
        Assert.Equal(100, all.Distinct().Count());
        Assert.NotEmpty(here.Received);
        Assert.NotEmpty(there.Received);
    }

    [Fact]
    public async Task A_will_is_heard_on_another_edge()
    {
        var watcher = await Connected("watcher", There);
        await watcher.Subscribe($"{Own}/#");
        var mortal = Client("mortal");
        mortal.Will = new ConnectWill($"{Own}/will", "gone"u8.ToArray(), Qos.AtLeastOnce, false);
        await mortal.Connect(Here);
        await mortal.Cut();
        await watcher.Until(received => received.Any(message => message.Text() == "gone"));
    }

    private MqttClient Client(string name, uint expiry = 0)
    {
        var client = new MqttClient($"{Own}-{name}") { SessionExpiry = expiry };
        _clients.Add(client);
        return client;
    }

    private async Task<MqttClient> Connected(string name, int port)
    {
        var client = Client(name);
        await client.Connect(port);
        return client;
    }

    private async Task<MqttClient> Durable(string name, int port)
    {
        var client = Client(name, MqttClient.Forever);
        await client.Connect(port, cleanStart: false);
        return client;
    }

    public sealed class Shared : IAsyncLifetime
    {
        public TestCluster Cluster { get; private set; } = null!;

        public async Task InitializeAsync() => Cluster = await TestCluster.Start(silos: 2, edges: 2, gateways: 0);

        public async Task DisposeAsync() => await Cluster.DisposeAsync();
    }
}
