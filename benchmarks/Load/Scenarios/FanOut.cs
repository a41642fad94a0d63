using System.Diagnostics;
using OrleansIoT.Load.Clients;
using OrleansIoT.Load.Servers;
using OrleansIoT.Load.Wire;

namespace OrleansIoT.Load.Scenarios;

/// <summary>
/// One publishes and many get it: all of them the same topic, or each its own. The publisher is as far ahead of the
/// subscribers, on average, as its window lets it, so no queue of a server overflows and nothing may be lost, whatever
/// the QoS. It stops after a while, and the clock when the last subscriber has everything.
/// </summary>
internal sealed class FanOut(int qos, bool oneTopic, int subscribers, LoadOptions options) : Scenario
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public override string Name => (oneTopic ? "fan-out-qos" : "fan-out-topics-qos") + qos;

    public override string Title => oneTopic
        ? $"fan-out QoS {qos}, 1 publisher, {subscribers:N0} subscribers, delivered"
        : $"fan-out QoS {qos}, 1 publisher, {subscribers:N0} topics with 1 subscriber each, delivered";

    public override int Devices => subscribers + 1;

    /// <summary>How many publishes are on their way.</summary>
    private int Window => oneTopic ? 100 : 900; // less than the thousand that a device may have in flight with ours

    private int Copies => oneTopic ? subscribers : 1;

    public override Task<Measured> Run(Server server)
    {
        using var loop = new Loop();
        var sender = server.Devices[0];
        var topics = oneTopic ? [sender.Topic] : Enumerable.Range(0, subscribers).Select(i => $"{sender.Topic}/{i}").ToArray();
        var publisher = new FanOutPublisher(loop, sender, topics, qos, Window);
        var deliveries = new Deliveries(publisher);
        var receivers = server.Devices.Skip(1)
            .Select((device, i) => new Subscriber(loop, device, oneTopic ? 0 : i, topics.Length, deliveries)).ToList();

        loop.Connect<Client>([publisher, .. receivers], server.Tcp);
        for (var i = 0; i < receivers.Count; i++)
        {
            receivers[i].Subscribe(topics[i % topics.Length], qos);
        }

        loop.RunUntil(() => receivers.All(receiver => receiver.IsSubscribed), Patience, "SUBACK");
        PublishFor(options.Warmup, loop, publisher, deliveries);
        var before = deliveries.Count;
        deliveries.Latencies.Clear();
        var effort = new Effort(server);
        PublishFor(options.Duration, loop, publisher, deliveries);
        return Task.FromResult(effort.For(deliveries.Count - before, deliveries.Latencies));
    }

    private void PublishFor(TimeSpan time, Loop loop, FanOutPublisher publisher, Deliveries deliveries)
    {
        var since = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(since) < time)
        {
            publisher.PublishUpTo((int)(deliveries.Count / Copies) + Window);
            loop.RunOnce();
        }

        var all = (long)publisher.Published * Copies;
        loop.RunUntil(() => deliveries.Count == all, Patience, "deliveries");
    }
}
