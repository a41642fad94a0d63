using System.Collections.Immutable;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Topics;

/// <summary>
/// What silos say to each other of sessions. Everything that is said of one has a stamp, and the later one counts, in
/// whatever order it comes and however often.
/// </summary>
public sealed partial class TenantRoutes
{
    /// <summary>How long it is remembered that there is nothing to route to a session: longer than anything is under way.</summary>
    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(2);

    /// <summary>Sessions without routes, with the stamp of when that was said.</summary>
    private readonly Dictionary<string, long> _gone = [];
    private readonly Queue<(string Session, long Stamp)> _goneInOrder = [];

    /// <summary>What is to be said of a session now that this silo has changed its route.</summary>
    /// <returns>Null when there was nothing to route to it, and there still is not.</returns>
    internal RouteEntry? Stamped(SessionRoute route, string silo, DateTimeOffset now)
    {
        lock (_gate)
        {
            if (route.Subscriptions.Count == 0 && route.Silo.Length == 0)
            {
                return null;
            }

            route.Stamp = Math.Max(Math.Max(route.Stamp, StampOfGone(route.Name)) + 1, now.UtcTicks);
            route.Silo = silo;
            var entry = EntryOf(route);
            if (route.Subscriptions.Count == 0)
            {
                Bury(route.Name, route.Stamp);
                route.Silo = "";
            }

            return entry;
        }
    }

    /// <summary>Takes what another silo says, unless something later is known.</summary>
    internal void Apply(RouteEntry entry, string session)
    {
        lock (_gate)
        {
            if (!_sessions.TryGetValue(session, out var route))
            {
                if (_gone.TryGetValue(session, out var gone) && entry.Stamp <= gone)
                {
                    return;
                }
            }
            else if (entry.Stamp <= route.Stamp)
            {
                return;
            }
            else if (entry.Subscriptions.IsEmpty || route.IsDurable != entry.IsDurable)
            {
                Remove(route);
                route = null;
            }

            if (entry.Subscriptions.IsEmpty)
            {
                Bury(session, entry.Stamp);
                return;
            }

            Become(route ?? AddSession(session, entry.IsDurable), entry);
            Changed();
        }
    }

    /// <summary>Of every session that something is to be routed to.</summary>
    internal List<RouteEntry> Entries()
    {
        lock (_gate)
        {
            return [.. _sessions.Values.Where(route => route.Subscriptions.Count > 0).Select(EntryOf)];
        }
    }

    private RouteEntry EntryOf(SessionRoute route) => new(
        route.Key,
        route.Stamp,
        route.Silo,
        route.IsDurable,
        route.Live?.Edge.Edge,
        route.Live?.ConnectionId,
        route.Denied,
        [.. route.Subscriptions.Values]);

    private void Become(SessionRoute route, RouteEntry entry)
    {
        (route.Stamp, route.Silo, route.Denied) = (entry.Stamp, entry.Silo, entry.Denied);
        if (route.Live is { } live && (live.ConnectionId != entry.ConnectionId || !live.Edge.Edge.Equals(entry.Edge)))
        {
            Close(route);
        }

        var filters = entry.Subscriptions.Select(subscription => subscription.Filter).ToHashSet();
        foreach (var filter in route.Subscriptions.Keys.Where(filter => !filters.Contains(filter)).ToList())
        {
            Unsubscribe(route, filter);
        }

        foreach (var subscription in entry.Subscriptions)
        {
            if (route.Subscriptions.GetValueOrDefault(subscription.Filter) != subscription)
            {
                Subscribe(route, subscription);
            }
        }

        if (route.Live is null && entry is { Edge: { } edge, ConnectionId: { } connection })
        {
            Connect(route, edge, connection);
        }
    }

    private long StampOfGone(string session) => _gone.GetValueOrDefault(session);

    private void Bury(string session, long stamp)
    {
        _gone[session] = stamp;
        _goneInOrder.Enqueue((session, stamp));
        while (_goneInOrder.TryPeek(out var oldest) && oldest.Stamp < stamp - Remembered.Ticks)
        {
            _goneInOrder.Dequeue();
            if (_gone.TryGetValue(oldest.Session, out var last) && last == oldest.Stamp)
            {
                _gone.Remove(oldest.Session);
            }
        }
    }
}
