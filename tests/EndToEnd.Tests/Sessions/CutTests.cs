using System.Globalization;
using System.Runtime.CompilerServices;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Sessions;

/// <summary>A message of QoS 2 arrives once, after whichever byte of its exchange the connection is cut.</summary>
public sealed class CutTests(CutTests.OneBroker shared) : IClassFixture<CutTests.OneBroker>
{
    /// <summary>More than PUBLISH and PUBREL, or PUBREC and PUBCOMP, have here.</summary>
    private const int BytesOfAnExchange = 100;

    private readonly Broker _broker = shared.Broker;

    public static TheoryData<MqttVersion, bool> Cuts => new()
    {
        { MqttVersion.V311, true },
        { MqttVersion.V311, false },
        { MqttVersion.V500, true },
        { MqttVersion.V500, false },
    };

    [Theory]
    [MemberData(nameof(Cuts))]
    public Task A_publisher_may_be_cut_after_any_byte_that_it_sends(MqttVersion version, bool reset) =>
        CutEverywhere(version, reset, (publisher, _, bytes) => publisher.CutAfterSending(bytes, reset));

    [Theory]
    [MemberData(nameof(Cuts))]
    public Task A_publisher_may_be_cut_after_any_byte_that_it_is_sent(MqttVersion version, bool reset) =>
        CutEverywhere(version, reset, (publisher, _, bytes) => publisher.CutAfterReceiving(bytes, reset));

    [Theory]
    [MemberData(nameof(Cuts))]
    public Task A_subscriber_may_be_cut_after_any_byte_that_it_sends(MqttVersion version, bool reset) =>
        CutEverywhere(version, reset, (_, subscriber, bytes) => subscriber.CutAfterSending(bytes, reset));

    [Theory]
    [MemberData(nameof(Cuts))]
    public Task A_subscriber_may_be_cut_after_any_byte_that_it_is_sent(MqttVersion version, bool reset) =>
        CutEverywhere(version, reset, (_, subscriber, bytes) => subscriber.CutAfterReceiving(bytes, reset));

    /// <summary>An exchange for each number of bytes after which a connection can be cut.</summary>
    private async Task CutEverywhere(
        MqttVersion version, bool reset, Action<MqttClient, MqttClient, int> cutAfter, [CallerMemberName] string name = "")
    {
        var topic = $"{name}/{version}/{reset}";
        await using var publisher = await Connected($"publisher.{version}.{reset}.{name}", version);
        await using var subscriber = await Connected($"subscriber.{version}.{reset}.{name}", version);
        await subscriber.Subscribe(topic);
        var cuts = 0;
        for (var bytes = 0; bytes < BytesOfAnExchange; bytes++)
        {
            cutAfter(publisher, subscriber, bytes);
            cuts += await Exchange(publisher, subscriber, topic, bytes);
        }

        // One more, before which a second copy of an earlier one would have come.
        await Exchange(publisher, subscriber, topic, BytesOfAnExchange);
        var numbers = Enumerable.Range(0, BytesOfAnExchange + 1).Select(Number).ToList();
        Assert.Equal(numbers, subscriber.Received.Select(message => message.Text()));
        Assert.True(cuts >= 8, "The exchange has two packets of at least four bytes."); // PUBREC and PUBCOMP
        if (_broker.Iot is { } iot)
        {
            Assert.Equal(numbers, (await StoredMessages.Read(iot, topic)).Select(value => value.GetRawText()));
        }
    }

    /// <returns>How often a connection was cut on the way.</returns>
    private async Task<int> Exchange(MqttClient publisher, MqttClient subscriber, string topic, int number)
    {
        var acknowledged = publisher.Publish(topic, Number(number), Qos.ExactlyOnce);
        var done = Task.WhenAll(
            acknowledged, subscriber.Until(messages => messages.Count > number && subscriber.Unreleased == 0));
        var cuts = 0;
        while (await Task.WhenAny(done, publisher.Ended, subscriber.Ended) != done)
        {
            cuts += await ResumeAfterCut(publisher, subscriber);
        }

        await done;
        // PUBCOMP 0x92 is how 5.0 answers a PUBREL that comes again (section 3.7.2.1).
        Assert.True(await acknowledged is ReasonCode.Success or ReasonCode.PacketIdentifierNotFound);
        await subscriber.Flushed(); // the last byte of the exchange is its PUBCOMP's
        return cuts + await ResumeAfterCut(publisher, subscriber);
    }

    private async Task<int> ResumeAfterCut(params MqttClient[] clients)
    {
        var cut = clients.Where(client => client.Ended.IsCompleted).ToList();
        foreach (var client in cut)
        {
            Assert.True((await client.Connect(_broker.Port, cleanStart: false)).SessionPresent);
        }

        return cut.Count;
    }

    private async Task<MqttClient> Connected(string id, MqttVersion version)
    {
        var client = new MqttClient(id, version) { SessionExpiry = MqttClient.Forever };
        Assert.False((await client.Connect(_broker.Port, cleanStart: false)).SessionPresent);
        return client;
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    public sealed class OneBroker : IAsyncLifetime
    {
        public Broker Broker { get; private set; } = null!;

        public async Task InitializeAsync() => Broker = await Broker.Start();

        public async Task DisposeAsync() => await Broker.DisposeAsync();
    }
}
