using System.Collections.Immutable;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Topics;

/// <summary>Who hears what is published to one topic, as of one version of the subscriptions.</summary>
/// <param name="Version">The version of <see cref="TenantRoutes"/>.</param>
/// <param name="Edges">Those that have a live subscription which matches.</param>
/// <param name="Recipients">The durable sessions, connected or away.</param>
/// <param name="Shares">The groups, of which one member gets a message.</param>
public sealed record Audience(
    long Version,
    ImmutableArray<EdgeRoute> Edges,
    ImmutableArray<Recipient> Recipients,
    ImmutableArray<ShareOfTopic> Shares)
{
    public static readonly Audience Nobody = new(0, [], [], []);

    public bool IsEmpty => Edges.IsEmpty && Recipients.IsEmpty && Shares.IsEmpty;
}

/// <summary>How one or several subscriptions want a message (MQTT 5.0 section 3.3.4: once, with the highest QoS and all identifiers).</summary>
/// <param name="MaximumQos">The highest of the subscriptions'.</param>
/// <param name="RetainAsPublished">Any of them has it.</param>
/// <param name="SubscriptionIds">Of those that have one.</param>
public sealed record Terms(Qos MaximumQos, bool RetainAsPublished, ImmutableArray<uint> SubscriptionIds)
{
    public static Terms Of(IReadOnlyCollection<Subscription> subscriptions) => new(
        subscriptions.Max(subscription => subscription.MaximumQos),
        subscriptions.Any(subscription => subscription.RetainAsPublished),
        [.. subscriptions.Where(subscription => subscription.Identifier != 0).Select(subscription => subscription.Identifier)]);
}

/// <summary>A durable session with all of its subscriptions that match a topic.</summary>
public sealed class Recipient
{
    private readonly Terms? _ofOwn;
    private readonly Terms _ofOthers;
    private long _last;

    public Recipient(SessionRoute session, ImmutableArray<Subscription> subscriptions)
    {
        Session = session;
        _ofOthers = Terms.Of(subscriptions);
        var notLocal = subscriptions.RemoveAll(subscription => subscription.NoLocal);
        _ofOwn = notLocal.IsEmpty ? null : notLocal.Length == subscriptions.Length ? _ofOthers : Terms.Of(notLocal);
    }

    public SessionRoute Session { get; }

    /// <summary>A message of the topic stands in its queue, with a greater number than those before.</summary>
    /// <returns>The number of the one before, or 0 for the first since this was made.</returns>
    public long Follow(long number)
    {
        var last = _last;
        _last = number;
        return last;
    }

    /// <summary>How it gets what that session publishes; null for not at all: its own, with No Local [MQTT-3.8.3-3].</summary>
    public Terms? TermsFor(string publisher) => publisher == Session.Name ? _ofOwn : _ofOthers;
}

/// <summary>The members of a share that may hear a topic.</summary>
public sealed record ShareOfTopic(Share Share, ImmutableArray<ShareMember> Members)
{
    /// <summary>
    /// Whose turn it is: the connected in turns, and if there are none, those that are away and have a queue for it.
    /// Null when nobody can take the message.
    /// </summary>
    public ShareMember? Next(Qos qos)
    {
        var turn = Share.NextTurn();
        ShareMember? away = null;
        for (var i = 0u; i < Members.Length; i++)
        {
            var member = Members[(int)((turn + i) % (uint)Members.Length)];
            if (member.Session.Live is not null)
            {
                return member;
            }

            if (away is null && member.Session.IsDurable && qos > Qos.AtMostOnce && member.Subscription.MaximumQos > Qos.AtMostOnce)
            {
                away = member;
            }
        }

        return away;
    }
}
