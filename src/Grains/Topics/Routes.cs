using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using OrleansIoT.Sessions;
using OrleansIoT.Topics;

namespace OrleansIoT.Grains.Topics;

/// <summary>
/// Who subscribes to what, as this silo's topics need to know it. The grains of the clients say so directly; in a cluster,
/// where a topic and a subscriber may be on different silos, <see cref="RouteReplica"/> carries every change to all of them.
/// </summary>
public sealed partial class Routes
{
    private readonly ConcurrentDictionary<string, TenantRoutes> _tenants = [];

    public TenantRoutes Of(string tenant) => _tenants.GetOrAdd(tenant, static tenant => new TenantRoutes(tenant));
}

/// <summary>
/// A tenant's subscriptions: which edges have live ones, those of durable sessions, and the members of shares. For any
/// number of threads; the calls about one session come one after the other.
/// </summary>
public sealed partial class TenantRoutes(string tenant)
{
    private readonly Lock _gate = new();
    private readonly SubscriptionTree<IRoute> _tree = new();
    private readonly Dictionary<string, SessionRoute> _sessions = [];
    private readonly Dictionary<IEdge, EdgeRoute> _edges = [];
    private readonly Dictionary<SharedFilter, Share> _shares = [];
    private readonly List<IRoute> _matches = [];
    private long _version = 1;

    /// <summary>Changes with everything that changes an <see cref="Audience"/>.</summary>
    public long Version => Volatile.Read(ref _version);

    public bool TryFind(string session, [NotNullWhen(true)] out SessionRoute? route)
    {
        lock (_gate)
        {
            return _sessions.TryGetValue(session, out route);
        }
    }

    /// <summary>A durable session that is away, with the subscriptions that the store has of it; or the one that is here.</summary>
    public SessionRoute Restore(string session, IEnumerable<Subscription> subscriptions)
    {
        lock (_gate)
        {
            if (_sessions.TryGetValue(session, out var route) && route.IsDurable)
            {
                return route;
            }

            if (route is not null)
            {
                Remove(route);
            }

            route = AddSession(session, isDurable: true);
            foreach (var subscription in subscriptions)
            {
                Add(route, subscription);
            }

            Changed();
            return route;
        }
    }

    /// <summary>A session is connected from now on; one that is not here begins without subscriptions.</summary>
    public SessionRoute Open(string session, bool isDurable, IEdge edge, string connectionId, ImmutableArray<string> denied)
    {
        lock (_gate)
        {
            if (!_sessions.TryGetValue(session, out var route))
            {
                route = AddSession(session, isDurable);
            }

            Close(route); // what a grain that died with its silo has left
            route.Denied = denied;
            Connect(route, edge, connectionId);
            if (route.Subscriptions.Count > 0)
            {
                Changed();
            }

            return route;
        }
    }

    /// <summary>The session has lost its connection; its subscriptions stay.</summary>
    public void Close(SessionRoute route)
    {
        lock (_gate)
        {
            if (route.Live is not { } live)
            {
                return;
            }

            foreach (var filter in route.Subscriptions.Keys)
            {
                Unlisten(live.Edge, filter);
            }

            route.Live = null;
            if (--live.Edge.Connections == 0)
            {
                _edges.Remove(live.Edge.Edge);
            }

            if (route.Subscriptions.Count > 0)
            {
                Changed();
            }
        }
    }

    /// <summary>The session is over.</summary>
    public void Remove(SessionRoute route)
    {
        lock (_gate)
        {
            Close(route);
            foreach (var filter in route.Subscriptions.Keys.ToList())
            {
                Unsubscribe(route, filter);
            }

            if (_sessions.GetValueOrDefault(route.Name) == route)
            {
                _sessions.Remove(route.Name);
            }
        }
    }

    /// <returns>The subscription that it replaces, or null.</returns>
    public Subscription? Subscribe(SessionRoute route, Subscription subscription)
    {
        lock (_gate)
        {
            var before = route.Subscriptions.GetValueOrDefault(subscription.Filter);
            Add(route, subscription);
            if (before is null && route.Live is { } live)
            {
                Listen(live.Edge, subscription.Filter);
            }

            Changed();
            return before;
        }
    }

    /// <returns>The subscription that there was, or null.</returns>
    public Subscription? Unsubscribe(SessionRoute route, string filter)
    {
        lock (_gate)
        {
            if (!route.Subscriptions.Remove(filter, out var before))
            {
                return null;
            }

            if (SharedFilter.TryParse(filter, out var shared))
            {
                var share = _shares[shared];
                share.Members = share.Members.RemoveAll(member => member.Session == route);
                if (share.Members.IsEmpty)
                {
                    _shares.Remove(shared);
                    _tree.Remove(shared.Filter, share);
                }
            }
            else if (route.IsDurable)
            {
                _tree.Remove(filter, new DurableRoute(route, before));
            }

            if (route.Live is { } live)
            {
                Unlisten(live.Edge, filter);
            }

            Changed();
            return before;
        }
    }

    /// <summary>Who hears what is published to the topic. It holds as long as the version is <see cref="Audience.Version"/>.</summary>
    public Audience Match(string topic)
    {
        lock (_gate)
        {
            _matches.Clear();
            _tree.Match(topic, _matches);
            if (_matches.Count == 0)
            {
                return new Audience(_version, [], [], []);
            }

            return new Audience(
                _version,
                [.. _matches.OfType<EdgeRoute>().Distinct()],
                [
                    .. from durable in _matches.OfType<DurableRoute>()
                    where !durable.Session.Denies(topic)
                    group durable.Subscription by durable.Session into subscriptions
                    select new Recipient(subscriptions.Key, [.. subscriptions]),
                ],
                [
                    .. from share in _matches.OfType<Share>()
                    let members = share.Members.RemoveAll(member => member.Session.Denies(topic))
                    where !members.IsEmpty
                    select new ShareOfTopic(share, members),
                ]);
        }
    }

    private SessionRoute AddSession(string session, bool isDurable)
    {
        var route = new SessionRoute(tenant, session, isDurable) { Stamp = StampOfGone(session) };
        _sessions.Add(session, route);
        return route;
    }

    private void Connect(SessionRoute route, IEdge edge, string connectionId)
    {
        if (!_edges.TryGetValue(edge, out var edgeRoute))
        {
            _edges.Add(edge, edgeRoute = new EdgeRoute(edge));
        }

        edgeRoute.Connections++;
        route.Live = new LiveConnection(edgeRoute, connectionId);
        foreach (var filter in route.Subscriptions.Keys)
        {
            Listen(edgeRoute, filter);
        }
    }

    private void Add(SessionRoute route, Subscription subscription)
    {
        route.Subscriptions[subscription.Filter] = subscription;
        if (SharedFilter.TryParse(subscription.Filter, out var shared))
        {
            if (!_shares.TryGetValue(shared, out var share))
            {
                _shares.Add(shared, share = new Share());
                _tree.Add(shared.Filter, share);
            }

            share.Members = share.Members.RemoveAll(member => member.Session == route).Add(new ShareMember(route, subscription));
        }
        else if (route.IsDurable)
        {
            _tree.Add(subscription.Filter, new DurableRoute(route, subscription));
        }
    }

    private void Listen(EdgeRoute edge, string filter)
    {
        // A share names its members one by one.
        if (!SharedFilter.TryParse(filter, out _))
        {
            if (!edge.Filters.TryGetValue(filter, out var sessions))
            {
                _tree.Add(filter, edge);
            }

            edge.Filters[filter] = sessions + 1;
        }
    }

    private void Unlisten(EdgeRoute edge, string filter)
    {
        if (edge.Filters.TryGetValue(filter, out var sessions))
        {
            if (sessions > 1)
            {
                edge.Filters[filter] = sessions - 1;
            }
            else
            {
                edge.Filters.Remove(filter);
                _tree.Remove(filter, edge);
            }
        }
    }

    private void Changed() => Volatile.Write(ref _version, _version + 1);
}
