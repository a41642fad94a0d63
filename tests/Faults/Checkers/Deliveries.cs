using OrleansIoT.Faults.Recording;

namespace OrleansIoT.Faults.Checkers;

/// <summary>What subscribers got against what was published.</summary>
internal static class Deliveries
{
    /// <summary>C6.</summary>
    public static IEnumerable<string> Wrong(Evidence evidence)
    {
        var messages = evidence.Messages.ToDictionary(tries => tries.Key, tries => tries.ToList());
        return evidence.Subscribers.Where(subscriber => subscriber.Group is null)
            .SelectMany(subscriber => MissingOrDoubled(messages, subscriber.Name, subscriber, subscriber.Deliveries)
                .Concat(Disordered(messages, subscriber)))
            .Concat(evidence.Subscribers.Where(subscriber => subscriber.Group is not null)
                .GroupBy(subscriber => (subscriber.Tenant, subscriber.Group))
                .SelectMany(group => MissingOrDoubled(
                    messages, $"the group {group.Key.Group}", group.First(), [.. group.SelectMany(member => member.Deliveries)])));
    }

    /// <summary>C10, of all deliveries: what a subscriber has not subscribed to is not for it.</summary>
    public static IEnumerable<string> Astray(Evidence evidence) =>
        from subscriber in evidence.Subscribers
        from delivery in subscriber.Deliveries
        where delivery.Message is not { } message || !delivery.IsIntact || message.Topic != delivery.Topic || !subscriber.Wants(message)
        select $"{subscriber.Name} got {delivery.Message?.ToString() ?? "what was never sent"} on {delivery.Topic}";

    /// <summary>C11, of deliveries, of readings, and of what is retained.</summary>
    public static IEnumerable<string> Trespassing(Evidence evidence) =>
    [
        .. from subscriber in evidence.Subscribers
           from delivery in subscriber.Deliveries
           where delivery.Message is { } message && message.Tenant != subscriber.Tenant
           select $"{subscriber.Name} of {subscriber.Tenant} got {delivery.Message}",
        .. from reading in evidence.Stored
           where reading.Message is { } message && message.Tenant != reading.Tenant
           select $"{reading.Tenant} reads {reading.Message}",
        .. from retained in evidence.Retained
           where retained.Message is { } message && message.Tenant != retained.Tenant
           select $"a newcomer of {retained.Tenant} is told {retained.Message}",
    ];

    private static IEnumerable<string> MissingOrDoubled(
        Dictionary<MessageId, List<Publication>> messages, string who, Subscriber wish, IReadOnlyList<Arrival> deliveries)
    {
        var counts = deliveries.Where(delivery => delivery.Message is not null).CountBy(delivery => delivery.Message!.Value).ToDictionary();
        foreach (var (message, tries) in messages.Where(message => wish.Wants(message.Key)))
        {
            var count = counts.GetValueOrDefault(message);
            if (count == 0 && tries.Exists(publication => publication.Outcome == Outcome.Ok))
            {
                yield return $"{who} never got {message}, which was acknowledged at {tries.Find(publication => publication.Outcome == Outcome.Ok)!.Ended:c}";
            }

            // Sent anew, it is a new message for subscribers.
            if (count > tries.Count && wish.Granted == Qos.ExactlyOnce && tries[0].Qos == Qos.ExactlyOnce)
            {
                yield return $"{who} got {message} {count} times";
            }
        }
    }

    /// <summary>By the first time that each came, of messages that were published once.</summary>
    private static IEnumerable<string> Disordered(Dictionary<MessageId, List<Publication>> messages, Subscriber subscriber)
    {
        var once = subscriber.Deliveries.Select(delivery => delivery.Message).OfType<MessageId>().Distinct()
            .Where(message => messages.TryGetValue(message, out var tries) && tries.Count == 1);
        foreach (var topic in once.GroupBy(message => (message.Tenant, message.Topic)))
        {
            var last = 0L;
            foreach (var message in topic)
            {
                if (message.Number < last)
                {
                    yield return $"{subscriber.Name} got {message} behind {last}";
                }

                last = message.Number;
            }
        }
    }
}
