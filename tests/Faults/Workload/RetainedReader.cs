using System.Net;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.Faults.Recording;
using OrleansIoT.Fixtures;

namespace OrleansIoT.Faults.Workload;

/// <summary>Somebody who was never there before and subscribes to topics with retained messages.</summary>
internal static class RetainedReader
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <returns>Each topic once, with what was retained.</returns>
    public static async Task<IReadOnlyList<Retained>> Read(
        IReadOnlyList<IPEndPoint> edges, Identity identity, List<(string Tenant, string Topic)> topics, CancellationToken cancellation)
    {
        if (topics.Count == 0)
        {
            return [];
        }

        await using var client = new MqttClient(identity.Id) { UserName = identity.UserName, Password = identity.Key };
        for (var i = 0; (await client.Connect(edges[i % edges.Count])).Reason != ReasonCode.Success; i++)
        {
            await Task.Delay(200, cancellation);
        }

        await client.Subscribe(null, [.. topics.Select(topic => new Subscription(topic.Topic, Qos.AtLeastOnce))]);
        try
        {
            await client.Until(received => topics.All(topic => received.Any(message => message.Topic == topic.Topic)), Patience);
        }
        catch (TimeoutException)
        {
            // what is missing is missing
        }

        var messages = client.Received;
        return
        [
            .. topics.Select(topic => new Retained(
                topic.Tenant,
                topic.Topic,
                messages.FirstOrDefault(message => message.Topic == topic.Topic) is { } found ? Payload.Read(found.Text())?.Message : null)),
        ];
    }
}
