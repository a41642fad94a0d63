using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using OrleansIoT.DeviceEdge.Sessions;
using OrleansIoT.Telemetry;

namespace OrleansIoT.DeviceEdge.Topics;

/// <summary>
/// The subscriptions of all live sessions of this edge: who gets what topics have to say. For any number of threads, but the
/// calls about one subscriber come one after another.
/// </summary>
internal sealed class Deliveries
{
    private readonly ConcurrentDictionary<string, Subscriber> _subscribers = new();
    private readonly ConcurrentDictionary<string, TenantSubscriptions> _tenants = new();

    /// <summary>Connections whose grain knows them and that are not here yet, with the greatest number that came for them.</summary>
    private readonly ConcurrentDictionary<string, long> _expected = new();

    /// <summary>A grain is about to hear of this connection. What is addressed to it from then on is noted until it is added.</summary>
    public void Expect(string connectionId) => _expected[connectionId] = 0;

    /// <summary>It does not come.</summary>
    public void Forget(string connectionId) => _expected.TryRemove(connectionId, out _);

    /// <summary>From here on what is addressed to it arrives.</summary>
    public void Add(Subscriber subscriber)
    {
        _subscribers[subscriber.ConnectionId] = subscriber;
        if (_expected.TryRemove(subscriber.ConnectionId, out var number) && number > 0)
        {
            subscriber.Outbox.QueueGrew(number);
        }
    }

    /// <summary>It and all its subscriptions.</summary>
    public void Remove(Subscriber subscriber)
    {
        _subscribers.TryRemove(subscriber.ConnectionId, out _);
        foreach (var filter in subscriber.Filters)
        {
            Unsubscribe(subscriber, filter);
        }
    }

    /// <summary>
    /// Adds a subscription, or replaces the one with the same filter. A shared one changes nothing: the silo addresses its messages.
    /// </summary>
    public void Subscribe(Subscriber subscriber, Subscription subscription)
    {
        if (!SharedFilter.TryParse(subscription.Filter, out _))
        {
            subscriber.Filters.Add(subscription.Filter);
            _tenants.GetOrAdd(subscriber.Tenant, _ => new TenantSubscriptions())
                .Add(subscription.Filter, new Interest(subscriber, subscription));
        }
    }

    public void Unsubscribe(Subscriber subscriber, string filter)
    {
        if (subscriber.Filters.Remove(filter))
        {
            _tenants[subscriber.Tenant].Remove(filter, new Interest(subscriber, new Subscription(filter, Qos.AtMostOnce)));
        }
    }

    /// <summary>Gives the messages to everybody they are for. Returns at once.</summary>
    public void Deliver(Delivery delivery)
    {
        if (!delivery.Messages.IsEmpty && _tenants.TryGetValue(delivery.Tenant, out var tenant))
        {
            foreach (var listener in tenant.AudienceOf(delivery.Messages[0].Topic).Listeners)
            {
                var hearing = listener.Subscriber.Session == delivery.Session ? listener.OfItself : listener.OfOthers;
                if (hearing is not null)
                {
                    Deliver(delivery.Messages, listener.Subscriber, hearing);
                }
            }
        }

        DeliverAddressed(delivery);
    }

    private static void Deliver(ImmutableArray<TelemetryMessage> messages, Subscriber subscriber, Hearing hearing)
    {
        var outbox = subscriber.Outbox;
        foreach (var message in messages)
        {
            if (message.IsOver)
            {
                continue;
            }

            var qos = message.Qos < hearing.MaximumQos ? message.Qos : hearing.MaximumQos; // [MQTT-3.8.4-8]
            if (qos == Qos.AtMostOnce || !subscriber.IsDurable) // the others stand in its queue, and so are addressed
            {
                outbox.Deliver(new Outbound(message, qos, message.Retain && hearing.RetainAsPublished, hearing.Identifiers));
            }
        }

        outbox.Flush();
    }

    /// <summary>Its queue is read up to what was there when the grain heard of it; what has come since is noted.</summary>
    /// <returns>Whether it has been added meanwhile.</returns>
    private bool IsExpected(Addressed addressed, [NotNullWhen(true)] out Subscriber? subscriber)
    {
        while (_expected.TryGetValue(addressed.ConnectionId, out var number))
        {
            if (_expected.TryUpdate(addressed.ConnectionId, Math.Max(number, addressed.Number), number))
            {
                subscriber = null;
                return false;
            }
        }

        return _subscribers.TryGetValue(addressed.ConnectionId, out subscriber);
    }

    private void DeliverAddressed(Delivery delivery)
    {
        Outbox? outbox = null;
        foreach (var addressed in delivery.Addressed)
        {
            if (!_subscribers.TryGetValue(addressed.ConnectionId, out var subscriber) && !IsExpected(addressed, out subscriber))
            {
                continue; // it is gone; what stands in its queue waits there
            }

            if (subscriber.Outbox != outbox)
            {
                outbox?.Flush();
                outbox = subscriber.Outbox;
            }

            var message = delivery.Messages[addressed.Message];
            if (addressed.Number > 0)
            {
                outbox.DeliverQueued(addressed, message);
            }
            else
            {
                outbox.Deliver(new Outbound(message, addressed.Qos, addressed.Retain, addressed.SubscriptionIds));
            }
        }

        outbox?.Flush();
    }
}
