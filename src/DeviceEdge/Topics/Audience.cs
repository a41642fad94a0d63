using System.Collections.Immutable;

namespace OrleansIoT.DeviceEdge.Topics;

/// <summary>Who hears a topic, as long as no subscription changes.</summary>
/// <param name="Version">Of the subscriptions.</param>
/// <param name="Listeners">Each session once.</param>
internal sealed record Audience(long Version, Listener[] Listeners)
{
    public static Audience Of(string topic, long version, List<Interest> interests)
    {
        var bySubscriber = new Dictionary<Subscriber, Listener>(interests.Count);
        foreach (var (subscriber, subscription) in interests)
        {
            if (!subscriber.IsDenied(topic))
            {
                bySubscriber[subscriber] = bySubscriber.TryGetValue(subscriber, out var listener)
                    ? listener.And(subscription)
                    : Listener.Of(subscriber, subscription);
            }
        }

        return new Audience(version, [.. bySubscriber.Values]);
    }
}

/// <summary>A subscription and whose it is. A session has one for each filter.</summary>
internal sealed record Interest(Subscriber Subscriber, Subscription Subscription)
{
    /// <summary>Under one filter.</summary>
    public bool Equals(Interest? other) => other?.Subscriber == Subscriber;

    public override int GetHashCode() => Subscriber.GetHashCode();
}

/// <summary>A session that hears a topic.</summary>
/// <param name="Subscriber">The session.</param>
/// <param name="OfOthers">How it hears what others publish.</param>
/// <param name="OfItself">How it hears what it publishes itself; null for not at all [MQTT-3.8.3-3].</param>
internal readonly record struct Listener(Subscriber Subscriber, Hearing OfOthers, Hearing? OfItself)
{
    public static Listener Of(Subscriber subscriber, Subscription subscription)
    {
        var hearing = Hearing.Of(subscription);
        return new Listener(subscriber, hearing, subscription.NoLocal ? null : hearing);
    }

    public Listener And(Subscription subscription)
    {
        var hearing = Hearing.Of(subscription);
        return this with
        {
            OfOthers = OfOthers.And(hearing),
            OfItself = subscription.NoLocal ? OfItself : OfItself?.And(hearing) ?? hearing,
        };
    }
}

/// <summary>What all the subscriptions of a session that match a topic come to: one delivery, not several [MQTT-3.3.4-2].</summary>
/// <param name="MaximumQos">The highest of them.</param>
/// <param name="RetainAsPublished">One of them wants the RETAIN flag as it was published.</param>
/// <param name="Identifiers">Of those that have one [MQTT-3.3.4-3], [MQTT-3.3.4-4].</param>
internal sealed record Hearing(Qos MaximumQos, bool RetainAsPublished, ImmutableArray<uint> Identifiers)
{
    public static Hearing Of(Subscription subscription) => new(
        subscription.MaximumQos, subscription.RetainAsPublished, subscription.Identifier == 0 ? [] : [subscription.Identifier]);

    public Hearing And(Hearing other) => new(
        MaximumQos > other.MaximumQos ? MaximumQos : other.MaximumQos,
        RetainAsPublished || other.RetainAsPublished,
        Identifiers.AddRange(other.Identifiers));
}
