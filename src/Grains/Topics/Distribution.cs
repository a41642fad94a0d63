using System.Collections.Immutable;
using OrleansIoT.History;
using OrleansIoT.Sessions;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Grains.Topics;

/// <summary>Who gets what of one append: first what goes into queues with it, then, when it is durable, what edges are told.</summary>
internal sealed class Distribution
{
    private readonly string _tenant;
    private readonly string _session;
    private readonly ImmutableArray<EdgeRoute> _edges;
    private readonly List<Enqueue> _queued = [];
    private readonly List<(SessionRoute Session, Recipient? Recipient)> _queuedFor = [];
    private List<(LiveConnection Live, Addressed Addressed)>? _direct;

    /// <param name="firstSeq">The number of the first message that is stored, or null when none is.</param>
    public Distribution(
        string tenant, string session, ImmutableArray<TelemetryMessage> messages, long? firstSeq, Audience audience)
    {
        (_tenant, _session, _edges) = (tenant, session, audience.Edges);
        (Messages, FirstSeq) = (messages, firstSeq);
        if (audience.Recipients.IsEmpty && audience.Shares.IsEmpty)
        {
            return;
        }

        for (var i = 0; i < messages.Length; i++)
        {
            if (!messages[i].IsRedelivery) // what was stored before stands in queues since then
            {
                foreach (var recipient in audience.Recipients)
                {
                    if (recipient.TermsFor(session) is { } terms && Lower(messages[i].Qos, terms.MaximumQos) is var qos and > Qos.AtMostOnce)
                    {
                        Queue(recipient.Session, recipient, i, qos, terms);
                    }
                }
            }

            if (!messages[i].IsOver)
            {
                foreach (var share in audience.Shares)
                {
                    if (share.Next(messages[i].Qos) is { } member)
                    {
                        Give(member, i);
                    }
                }
            }
        }
    }

    public ImmutableArray<TelemetryMessage> Messages { get; }

    public long? FirstSeq { get; }

    /// <summary>What enters queues in the same transaction.</summary>
    public IReadOnlyList<Enqueue> Queued => _queued;

    /// <summary>Set when the append is durable or has failed; what was appended before goes first.</summary>
    public bool IsDecided { get; private set; }

    public bool HasSucceeded => !Numbers.IsDefault;

    private ImmutableArray<long> Numbers { get; set; }

    /// <param name="numbers">Of what was queued, in its order.</param>
    public void Succeeded(ImmutableArray<long> numbers)
    {
        Numbers = numbers;
        IsDecided = true;
    }

    public void Failed()
    {
        Numbers = default;
        IsDecided = true;
    }

    /// <summary>
    /// One delivery for each edge. Who is connected is asked now, when the append is durable: a session that connects
    /// reads its queue up to what is durable at that moment, and has to be told of everything behind it.
    /// </summary>
    /// <param name="mayBeLost">On the way to an edge, so that what follows says behind what it belongs.</param>
    public IEnumerable<(EdgeRoute Edge, Delivery Delivery)> Deliveries(bool mayBeLost)
    {
        if (!HasSucceeded)
        {
            return [];
        }

        if (_queued.Count == 0 && _direct is null)
        {
            return _edges.Select(edge => (edge, new Delivery(_tenant, _session, Messages, [])));
        }

        var addressed = _edges.ToDictionary(edge => edge, _ => new List<Addressed>());
        for (var i = 0; i < _queued.Count; i++)
        {
            if (Numbers[i] > 0)
            {
                var (session, recipient) = _queuedFor[i];
                var after = mayBeLost && recipient is not null ? recipient.Follow(Numbers[i]) : Addressed.Unordered;
                if (session.Live is { } live)
                {
                    var item = _queued[i];
                    Add(live.Edge, new Addressed(
                        live.ConnectionId, item.Message, Numbers[i], item.Qos, item.Retain, item.SubscriptionIds, after));
                }
            }
        }

        foreach (var (live, item) in _direct ?? [])
        {
            Add(live.Edge, item);
        }

        return addressed.Select(edge => (edge.Key, new Delivery(_tenant, _session, Messages, [.. edge.Value])));

        void Add(EdgeRoute edge, Addressed item)
        {
            if (!addressed.TryGetValue(edge, out var items))
            {
                addressed.Add(edge, items = []);
            }

            items.Add(item);
        }
    }

    private static Qos Lower(Qos one, Qos other) => one < other ? one : other;

    private void Give(ShareMember member, int message)
    {
        var terms = Terms.Of([member.Subscription]);
        var qos = Lower(Messages[message].Qos, terms.MaximumQos);
        if (member.Session.IsDurable && qos > Qos.AtMostOnce)
        {
            Queue(member.Session, null, message, qos, terms); // a share has no order [MQTT-4.6.0-6]
        }
        else if (member.Session.Live is { } live)
        {
            (_direct ??= []).Add((live, new Addressed(
                live.ConnectionId, message, 0, qos, Retain(message, terms), terms.SubscriptionIds)));
        }
    }

    private void Queue(SessionRoute session, Recipient? recipient, int message, Qos qos, Terms terms)
    {
        _queued.Add(new Enqueue(session.Key, message, qos, Retain(message, terms), terms.SubscriptionIds));
        _queuedFor.Add((session, recipient));
    }

    /// <summary>[MQTT-3.3.1-12], [MQTT-3.3.1-13].</summary>
    private bool Retain(int message, Terms terms) => terms.RetainAsPublished && Messages[message].Retain;
}
