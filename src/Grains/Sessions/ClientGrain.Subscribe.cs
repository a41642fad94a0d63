using System.Collections.Immutable;
using OrleansIoT.Failures;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;
using OrleansIoT.Telemetry;
using OrleansIoT.Topics;

namespace OrleansIoT.Grains.Sessions;

public abstract partial class ClientGrain
{
    public async Task<SubscribeResult> Subscribe(string connectionId, ImmutableArray<Subscription> subscriptions)
    {
        DemandClient();
        var session = Connected(connectionId);
        await session.Changes.WaitAsync();
        try
        {
            DemandStill(session, connectionId);
            return await Subscribe(session, connectionId, subscriptions);
        }
        finally
        {
            session.Changes.Release();
        }
    }

    public async Task<ImmutableArray<bool>> Unsubscribe(string connectionId, ImmutableArray<string> filters)
    {
        DemandClient();
        var session = Connected(connectionId);
        await session.Changes.WaitAsync();
        try
        {
            DemandStill(session, connectionId);
            ImmutableArray<bool> there = [.. filters.Select(filter => Routes.Unsubscribe(session.Route, filter) is not null)];
            if (there.Contains(true))
            {
                await Spread(session.Route);
            }

            if (session.IsDurable && there.Contains(true))
            {
                await _store.Unsubscribe(session.Route.Key, filters);
            }

            return there;
        }
        finally
        {
            session.Changes.Release();
        }
    }

    public async Task<RetainedPage> Retained(string connectionId, string filter, string? from)
    {
        DemandClient();
        var session = Connected(connectionId);
        if (!session.Route.Subscriptions.ContainsKey(filter))
        {
            throw new FailureException(Failure.Forbidden, "The session does not subscribe to this filter.");
        }

        return await ReadRetained(session, filter, from);
    }

    public async Task<ImmutableArray<QueuedMessage>> Queue(string connectionId, long after, int count)
    {
        DemandClient();
        var session = Connected(connectionId);
        if (count is < 1 or > MaxPage)
        {
            throw new FailureException(Failure.Invalid, $"count is 1 to {MaxPage}.");
        }

        while (session.IsDurable)
        {
            var page = await _store.ReadQueue(session.Route.Key, after, count, PageBytes);
            var denied = page.Where(queued => queued.Message is { } message && session.Route.Denies(message.Topic)).ToList();
            if (denied.Count == 0)
            {
                return [.. page];
            }

            // Queued before the denial was known: the rights have changed, or the process has started, while it was away.
            DemandStill(session, connectionId);
            await _store.Settle(session.Route.Key, [.. denied.Select(queued => new Settlement(queued.Number, IsComplete: true))]);
            if (denied.Count < page.Count)
            {
                return [.. page.Except(denied)];
            }

            after = page[^1].Number;
        }

        return [];
    }

    private static SubscribeOutcome Refusal(Failure failure, string why) => new(failure, why, SendsRetained: false);

    private static bool WantsRetained(Subscription subscription, bool isNew) => subscription.RetainHandling switch
    {
        RetainHandling.SendAtSubscribe => true,
        RetainHandling.SendIfNew => isNew,
        _ => false,
    };

    private async Task<SubscribeResult> Subscribe(
        ClientSession session, string connectionId, ImmutableArray<Subscription> subscriptions)
    {
        var outcomes = new SubscribeOutcome[subscriptions.Length];
        var granted = new List<(int Index, Subscription Subscription, Subscription? Before)>();
        for (var i = 0; i < subscriptions.Length; i++)
        {
            if (Check(session, subscriptions[i]) is { } refusal)
            {
                outcomes[i] = refusal;
                continue;
            }

            // The routes first: what is published from here on is not missed, and what was before is the retained message.
            granted.Add((i, subscriptions[i], Routes.Subscribe(session.Route, subscriptions[i])));
        }

        long last = 0;
        try
        {
            if (granted.Count > 0)
            {
                await Spread(session.Route);
            }

            foreach (var (i, subscription, before) in granted)
            {
                var sends = !SharedFilter.TryParse(subscription.Filter, out _) // section 4.8.2: nothing retained for a share
                    && WantsRetained(subscription, before is null);
                if (sends && session.IsDurable && subscription.MaximumQos > Qos.AtMostOnce)
                {
                    (sends, last) = await QueueRetained(session, connectionId, subscription, last);
                }

                outcomes[i] = new SubscribeOutcome(null, null, sends);
            }

            if (session.IsDurable && granted.Count > 0)
            {
                DemandStill(session, connectionId);
                await _store.Subscribe(session.Route.Key, [.. granted.Select(one => one.Subscription)]);
            }
        }
        catch
        {
            foreach (var (_, subscription, before) in granted.AsEnumerable().Reverse())
            {
                _ = before is null
                    ? Routes.Unsubscribe(session.Route, subscription.Filter)
                    : Routes.Subscribe(session.Route, before);
            }

            _ = Quietly(Spread(session.Route), session);
            throw;
        }

        return new SubscribeResult([.. outcomes], last);
    }

    private SubscribeOutcome? Check(ClientSession session, Subscription subscription)
    {
        var filter = subscription.Filter;
        if (SharedFilter.TryParse(filter, out var shared))
        {
            filter = shared.Filter;
        }
        else if (filter == "$share" || filter.StartsWith("$share/", StringComparison.Ordinal))
        {
            return Refusal(Failure.Invalid, "A shared subscription is $share/{group}/{filter}.");
        }

        if (!TopicFilter.IsValid(filter, out var why))
        {
            return Refusal(Failure.Invalid, why);
        }

        if (!Permissions.MaySubscribe(PublisherName, session.Rights!.Subscribe, filter))
        {
            return Refusal(Failure.Forbidden, "The client may not subscribe to this filter.");
        }

        return session.Route.Subscriptions.Count >= Limits.SubscriptionsPerSession
            && !session.Route.Subscriptions.ContainsKey(subscription.Filter)
            ? Refusal(Failure.TooMany, $"A session has at most {Limits.SubscriptionsPerSession} subscriptions.")
            : null;
    }

    /// <summary>
    /// Retained messages that are sent with QoS 1 or 2 to a durable session have to arrive, so they go into its queue.
    /// </summary>
    /// <returns>Whether there are others too, which the edge sends; and the queue's last number.</returns>
    private async Task<(bool HasOthers, long Last)> QueueRetained(
        ClientSession session, string connectionId, Subscription subscription, long last)
    {
        var hasOthers = false;
        ImmutableArray<uint> ids = subscription.Identifier == 0 ? [] : [subscription.Identifier];
        string? from = null;
        do
        {
            var page = await ReadRetained(session, subscription.Filter, from);
            var queued = new List<(TelemetryMessage Message, Qos Qos, ImmutableArray<uint> SubscriptionIds)>();
            foreach (var message in page.Messages)
            {
                if (message.Qos > Qos.AtMostOnce)
                {
                    queued.Add((message, message.Qos < subscription.MaximumQos ? message.Qos : subscription.MaximumQos, ids));
                }
                else
                {
                    hasOthers = true;
                }
            }

            if (queued.Count > 0)
            {
                DemandStill(session, connectionId);
                last = await _store.Enqueue(session.Route.Key, queued);
            }

            from = page.Next;
        }
        while (from is not null);

        return (hasOthers, last);
    }

    private async Task<RetainedPage> ReadRetained(ClientSession session, string filter, string? from)
    {
        var page = await _store.ReadRetained(Key.Tenant, filter, from, MaxPage, PageBytes, _clock.GetUtcNow());
        return session.Route.Denied.IsEmpty
            ? page
            : page with { Messages = page.Messages.RemoveAll(message => session.Route.Denies(message.Topic)) };
    }

    /// <summary>Behind an await: a connection that has ended meanwhile does not write into a session that goes on without it.</summary>
    private static void DemandStill(ClientSession session, string connectionId)
    {
        if (session.Connection?.CalledAs != connectionId)
        {
            throw NoConnection();
        }
    }
}
