using OrleansIoT.DeviceEdge.Sessions;

namespace OrleansIoT.DeviceEdge.Topics;

/// <summary>The subscriptions of all live sessions of this edge: who gets what topics have to say. For any number of threads.</summary>
internal sealed class Deliveries
{
    /// <summary>From here on what is addressed to it arrives.</summary>
    public void Add(Subscriber subscriber) => throw new NotImplementedException();

    /// <summary>It and all its subscriptions.</summary>
    public void Remove(Subscriber subscriber) => throw new NotImplementedException();

    /// <summary>Adds a subscription, or replaces the one with the same filter. A shared one changes nothing: the silo addresses its messages.</summary>
    public void Subscribe(Subscriber subscriber, Subscription subscription) => throw new NotImplementedException();

    public void Unsubscribe(Subscriber subscriber, string filter) => throw new NotImplementedException();

    /// <summary>Gives the messages to everybody they are for. Returns at once.</summary>
    public void Deliver(Delivery delivery) => throw new NotImplementedException();
}
