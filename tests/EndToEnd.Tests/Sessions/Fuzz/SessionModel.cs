using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.Topics;

namespace OrleansIoT.EndToEnd.Tests.Sessions.Fuzz;

/// <summary>A client's session as the model knows it.</summary>
internal sealed class ModelSession(int index, ClientTraits traits)
{
    public int Index => index;

    public ClientTraits Traits => traits;

    public bool Exists { get; set; }

    public bool IsConnected { get; set; }

    public bool IsDurable { get; set; }

    public PacketType? Holds { get; set; }

    /// <summary>Whether whatever is due arrives without further ado.</summary>
    public bool Listens => IsConnected && Holds is null;

    public Dictionary<string, (Subscription Subscription, uint? Identifier)> Subscriptions { get; } = [];

    public WillPlan? Will { get; set; }

    /// <summary>The will of a connection that has ended, until its delay is over, which is never, or the session ends.</summary>
    public WillPlan? DelayedWill { get; set; }

    /// <summary>Due and not arrived yet, in the order in which it became due.</summary>
    public List<Expected> Open { get; } = [];

    public bool IsShared => Subscriptions.Keys.Any(SessionModel.IsShared);
}

/// <summary>
/// The specification as a few collections: which sessions there are, what is retained, and so who has to get what. Where
/// the specification leaves a choice, either outcome is expected; where a prediction would depend on who is faster, the step
/// is not allowed.
/// </summary>
/// <param name="merges">
/// Whether overlapping subscriptions of a client give one delivery, as our server does it, or one each [MQTT-3.3.4-2].
/// </param>
internal sealed class SessionModel(IEnumerable<ClientTraits> clients, bool merges)
{
    private readonly Dictionary<string, Message> _retained = [];

    public IReadOnlyList<ModelSession> Sessions { get; } = [.. clients.Select((traits, i) => new ModelSession(i, traits))];

    public List<SharedDelivery> SharedDeliveries { get; } = [];

    public static bool IsShared(string filter) => filter.StartsWith("$share/", StringComparison.Ordinal);

    /// <summary>The filter of a shared subscription, without the name of those who share it.</summary>
    public static string Topics(string filter) => filter.Split('/', 3)[2];

    public IEnumerable<Message> Retained(string filter) => _retained.Values.Where(message => TopicFilter.Matches(filter, message.Topic));

    /// <summary>Whether the step makes sense now, and what follows is certain.</summary>
    public bool Allows(Step step)
    {
        var session = Sessions[step.Client];
        return step switch
        {
            // That a member of a shared subscription is gone for good must be known when the next message comes, and only a
            // clean start says when it is.
            Connect connect => session.Holds is null && (session.Traits.Is5 || connect.IsDurable == !connect.CleanStart)
                && (connect.IsDurable || connect.CleanStart || !session.IsShared),
            Disconnect disconnect => session.IsConnected
                && (session.Traits.Is5 || !(disconnect.SendsWill || disconnect.EndsSession))
                && !(disconnect.EndsSession && session.IsShared),
            Cut => session.IsConnected,
            Subscribe subscribe => session.IsConnected && (session.Traits.Is5 || Is3(subscribe))
                && (!subscribe.Subscriptions.Any(subscription => IsShared(subscription.Filter)) || (session.IsDurable && session.Holds is null)),
            Unsubscribe => session.Listens,
            Publish publish => publish.Messages.All(message => Sessions[message.Client].IsConnected),
            Hold => session.Listens && !session.IsShared,
            LetGo => session.IsConnected && session.Holds is not null,
            _ => throw new ArgumentOutOfRangeException(nameof(step)),
        };

        static bool Is3(Subscribe subscribe) => subscribe.Identifier is null && subscribe.Subscriptions.All(subscription =>
            subscription == new Subscription(subscription.Filter, subscription.MaximumQos) && !IsShared(subscription.Filter));
    }

    public void Apply(Step step)
    {
        var session = Sessions[step.Client];
        switch (step)
        {
            case Connect connect:
                Begin(session, connect);
                break;
            case Disconnect disconnect:
                End(session, disconnect.SendsWill, disconnect.EndsSession || !session.IsDurable);
                break;
            case Cut:
                End(session, sendsWill: true, !session.IsDurable);
                break;
            case Subscribe subscribe:
                foreach (var subscription in subscribe.Subscriptions)
                {
                    Add(session, subscription, subscribe.Identifier);
                }

                break;
            case Unsubscribe unsubscribe:
                Remove(session, unsubscribe.Filter);
                break;
            case Publish publish:
                foreach (var message in publish.Messages)
                {
                    Forward(message);
                }

                break;
            case Hold hold:
                session.Holds = hold.Ack;
                break;
            case LetGo:
                session.Holds = null;
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(step));
        }
    }

    private void Begin(ModelSession session, Connect connect)
    {
        if (session.IsConnected)
        {
            End(session, sendsWill: true, !session.IsDurable); // taken over
        }

        if (connect.CleanStart)
        {
            EndSession(session);
        }

        session.DelayedWill = null; // [MQTT-3.1.3-9]
        session.Exists = true;
        session.IsConnected = true;
        session.IsDurable = connect.IsDurable;
        session.Will = connect.Will;
    }

    private void End(ModelSession session, bool sendsWill, bool endsSession)
    {
        if (session.Holds is not null)
        {
            session.Open.ForEach(expected => expected.IsOptional |= expected.Qos == Qos.AtMostOnce);
        }

        session.IsConnected = false;
        session.Holds = null;
        session.DelayedWill = sendsWill ? session.Will : null;
        session.Will = null;
        if (session.DelayedWill is { IsDelayed: false } will)
        {
            session.DelayedWill = null;
            Forward(will.Message);
        }

        if (endsSession)
        {
            EndSession(session);
        }
    }

    private void EndSession(ModelSession session)
    {
        session.Exists = false;
        session.Subscriptions.Clear();
        session.Open.Clear();
        foreach (var shared in SharedDeliveries.Where(shared => shared.Candidates.Remove(session)))
        {
            shared.IsOptional = true; // [MQTT-4.8.2-5]
        }

        if (session.DelayedWill is { } will)
        {
            session.DelayedWill = null;
            Forward(will.Message); // the session ends before the delay does: section 3.1.3.2.2
        }
    }

    private void Add(ModelSession session, Subscription subscription, uint? identifier)
    {
        var isNew = !session.Subscriptions.ContainsKey(subscription.Filter);
        session.Subscriptions[subscription.Filter] = (subscription, identifier);
        if (IsShared(subscription.Filter) || subscription.RetainHandling == RetainHandling.DoNotSend
            || (subscription.RetainHandling == RetainHandling.SendIfNew && !isNew))
        {
            return;
        }

        foreach (var message in Retained(subscription.Filter).Where(message => !IsTooBig(message, session)))
        {
            session.Open.Add(new Expected(session.Traits, message, Min(message.Qos, subscription.MaximumQos), Some(identifier))
            {
                Retain = true,
                IsFromTheRetained = true,
                IsOptional = subscription.NoLocal && message.Client == session.Index, // not said for retained messages
            });
        }
    }

    private static void Remove(ModelSession session, string filter)
    {
        session.Subscriptions.Remove(filter);
        session.Open.RemoveAll(expected => expected.Shared is { } shared && shared.Filter == filter && shared.Candidates.Remove(session));
    }

    private void Forward(Message message)
    {
        if (message.Retain)
        {
            _retained.Remove(message.Topic);
            if (message.Body != Body.Empty)
            {
                _retained.Add(message.Topic, message);
            }
        }

        foreach (var session in Sessions.Where(session => session.Exists))
        {
            var matching = session.Subscriptions.Values.Where(own =>
                TopicFilter.Matches(own.Subscription.Filter, message.Topic)
                && !(own.Subscription.NoLocal && message.Client == session.Index)).ToList();
            foreach (var together in merges && matching.Count > 0 ? [matching] : matching.ConvertAll(own => new List<(Subscription, uint?)> { own }))
            {
                Deliver(session, message, together);
            }
        }

        foreach (var filter in Sessions.SelectMany(session => session.Subscriptions.Keys).Where(IsShared).Distinct().ToList())
        {
            if (TopicFilter.Matches(Topics(filter), message.Topic))
            {
                Share(filter, message);
            }
        }
    }

    private static void Deliver(ModelSession session, Message message, List<(Subscription Subscription, uint? Identifier)> matching)
    {
        var qos = Min(message.Qos, matching.Max(own => own.Subscription.MaximumQos));
        if (IsTooBig(message, session) || (qos == Qos.AtMostOnce && !session.IsConnected))
        {
            return;
        }

        var published = matching.Select(own => own.Subscription.RetainAsPublished && message.Retain).Distinct().ToList();
        session.Open.Add(new Expected(session.Traits, message, qos, matching.SelectMany(own => Some(own.Identifier)))
        {
            Retain = published.Count == 1 ? published[0] : null,
        });
    }

    private void Share(string filter, Message message)
    {
        var shared = new SharedDelivery(filter);
        foreach (var session in Sessions.Where(session => session.Subscriptions.ContainsKey(filter)))
        {
            var (subscription, identifier) = session.Subscriptions[filter];
            var qos = Min(message.Qos, subscription.MaximumQos);
            if (IsTooBig(message, session) || (qos == Qos.AtMostOnce && !session.IsConnected))
            {
                shared.IsOptional = true;
                continue;
            }

            shared.Candidates.Add(session);
            session.Open.Add(new Expected(session.Traits, message, qos, Some(identifier))
            {
                Retain = subscription.RetainAsPublished && message.Retain,
                Shared = shared,
            });
        }

        SharedDeliveries.Add(shared);
    }

    private static bool IsTooBig(Message message, ModelSession session) =>
        message.Body == Body.Big && session.Traits.MaximumPacketSize is not null; // [MQTT-3.1.2-25]

    private static Qos Min(Qos one, Qos other) => one < other ? one : other;

    private static IEnumerable<uint> Some(uint? identifier) => identifier is { } number ? [number] : [];
}
