using System.Text;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Mqtt;

/// <summary>What the specification demands of the whole product. A test has topics and clients of its own on a server of all.</summary>
[Collection(nameof(OpenHost))]
public abstract class MqttTest(OpenHost host) : IAsyncLifetime
{
    /// <summary>A client identifier of one byte more than there may be.</summary>
    protected static readonly string TooLong = new('c', 513);

    private readonly List<IAsyncDisposable> _clients = [];

    public static TheoryData<MqttVersion> Versions => [MqttVersion.V311, MqttVersion.V500];

    protected int Port => host.Port;

    /// <summary>The first level of the test's topics, and what the identifiers of its clients begin with.</summary>
    protected string Own { get; } = $"t{Guid.NewGuid():N}"[..13];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var client in _clients)
        {
            await client.DisposeAsync();
        }
    }

    /// <summary>A topic or filter below the test's own.</summary>
    protected string T(string below) => $"{Own}/{below}";

    protected MqttClient Client(string name, MqttVersion version = MqttVersion.V500, uint sessionExpiry = 0)
    {
        var client = new MqttClient($"{Own}-{name}", version) { SessionExpiry = sessionExpiry };
        _clients.Add(client);
        return client;
    }

    protected async Task<MqttClient> Connected(string name, MqttVersion version = MqttVersion.V500, ConnectWill? will = null)
    {
        var client = Client(name, version);
        client.Will = will;
        await client.Connect(Port);
        return client;
    }

    /// <summary>A client whose session outlives its connections.</summary>
    protected async Task<MqttClient> Durable(string name, MqttVersion version = MqttVersion.V500)
    {
        var client = Client(name, version, MqttClient.Forever);
        await client.Connect(Port, cleanStart: false);
        return client;
    }

    /// <summary>A client that does and sees single packets.</summary>
    /// <param name="name">Of the client; empty for no identifier.</param>
    /// <param name="version">What it speaks.</param>
    /// <param name="durable">Whether its session outlives its connection, and goes on if it is there.</param>
    /// <param name="properties">What its CONNECT says, but for the session's expiry.</param>
    protected async Task<MqttDevice> Raw(
        string name, MqttVersion version = MqttVersion.V500, bool durable = false, Properties? properties = null)
    {
        var device = await Dial(version);
        var answer = await device.Connect(new ConnectPacket
        {
            Version = version,
            ClientId = name.Length == 0 ? "" : $"{Own}-{name}",
            CleanStart = !durable,
            Properties = properties ?? (durable ? new Properties { SessionExpiryInterval = MqttClient.Forever } : Properties.None),
        });
        Assert.Equal(ReasonCode.Success, answer?.Reason);
        return device;
    }

    protected async Task<MqttDevice> Dial(MqttVersion version)
    {
        var device = await MqttDevice.Dial(Port, version);
        _clients.Add(device);
        return device;
    }

    protected static async Task Subscribe(MqttDevice device, string filter, Qos qos = Qos.ExactlyOnce)
    {
        await device.Send(new SubscribePacket { PacketId = 60_000, Subscriptions = [new Subscription(filter, qos)] });
        Assert.Equal((ReasonCode)qos, Assert.Single((await Next<SubAckPacket>(device)).Reasons));
    }

    protected static async Task<T> Next<T>(MqttDevice device)
        where T : MqttPacket => Assert.IsType<T>(await device.Receive());

    protected static async Task<(PacketType Type, ushort Id)> NextAck(MqttDevice device)
    {
        var ack = await Next<AckPacket>(device);
        return (ack.Type, ack.PacketId);
    }

    /// <summary>The server has nothing to say but that it is there.</summary>
    protected static async Task NothingMore(MqttDevice device)
    {
        await device.Send(PingReqPacket.Instance);
        await Next<PingRespPacket>(device);
    }

    /// <summary>Takes its leave and waits until the server has heard of it.</summary>
    protected static async Task Leave(MqttDevice device)
    {
        await device.Send(new DisconnectPacket());
        device.EndSending();
        Assert.Null(await device.Receive());
    }

    protected static PublishPacket Message(string topic, string payload, Qos qos, ushort id = 0, bool dup = false) => new()
    {
        Topic = topic,
        Payload = Encoding.UTF8.GetBytes(payload),
        Qos = qos,
        PacketId = id,
        Dup = dup,
    };

    /// <summary>Publishes and waits until it is done.</summary>
    protected static async Task Publish(MqttClient client, string topic, string payload, Qos qos = Qos.AtLeastOnce, bool retain = false)
    {
        var reason = await client.Publish(topic, payload, qos, retain).WaitAsync(MqttClient.Patience);
        Assert.True(reason is ReasonCode.Success or ReasonCode.NoMatchingSubscribers, $"{reason}");
    }

    /// <summary>Waits for the last of the payloads, and expects these and no others.</summary>
    protected static async Task Hears(MqttClient client, params string[] payloads)
    {
        await client.Until(received => received.Any(message => message.Text() == payloads[^1]));
        Assert.Equal(payloads, client.Received.Select(message => message.Text()));
    }
}
