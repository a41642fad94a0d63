using OrleansIoT.Failures;
using OrleansIoT.Grains.Identity;
using OrleansIoT.History;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Sessions;

public abstract partial class ClientGrain
{
    /// <summary>How long an edge may take to end a connection; then the connection counts as ended without it.</summary>
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(1);

    private readonly WaitingConnects _waiting = new(surroundings.Clock);

    public async Task<SessionOpened> Connect(ClientConnect connect)
    {
        Authenticate(connect.Credential); // nobody else takes the place of one that waits
        if (connect.Since is not null && _sessions.TryGetValue(connect.ClientId, out var known) && known.Connection?.Id == connect.ConnectionId)
        {
            return Opened(known, isPresent: true); // at once: an activation that is about to end gives no turns any more
        }

        _waiting.Add(connect);
        try
        {
            return await this.AsReference<IClientGrain>().Admit(connect);
        }
        finally
        {
            _waiting.Remove(connect.ConnectionId);
        }
    }

    public async Task<SessionOpened> Admit(ClientConnect connect)
    {
        var rights = Authenticate(connect.Credential);
        _waiting.Demand(connect);
        if (!await GrainFactory.IsTenantActive(Key.Tenant))
        {
            throw new FailureException(Failure.NotSignedIn, "The tenant is not active.");
        }

        if (connect.Will is { } will && !Permissions.MayPublish(PublisherName, rights.Publish, will.Message.Topic))
        {
            throw new FailureException(Failure.Forbidden, "The client may not publish to its will's topic.");
        }

        await Load(goesOn: connect.Since is null ? null : connect.ClientId);
        await OnFirstConnection();
        LastSeen = _clock.GetUtcNow();
        if (connect.Since is not null)
        {
            return await GoOn(connect, rights);
        }

        if (_sessions.TryGetValue(connect.ClientId, out var before))
        {
            await TakeOver(before, connect.CleanStart || !IsWithin(before, rights));
        }

        await MakeRoom(connect.ClientId);
        return await Open(connect, rights);
    }

    public async Task<long> Routed(string connectionId)
    {
        DemandClient();
        var session = Connected(connectionId);
        await session.Routed;
        return session.IsDurable ? (await ReadStored(session))?.Last ?? 0 : 0;
    }

    /// <summary>Ends all connections, and answers when the edges have heard of it or had their time.</summary>
    /// <param name="why">What their clients are told.</param>
    /// <param name="whose">Those of which connections; null for all.</param>
    protected Task EndConnections(ConnectionEnd why, Func<ClientRights, bool>? whose = null) => Task.WhenAll(
        _sessions.Values.Where(session => session.Connection is not null && whose?.Invoke(session.Rights!) is not false).ToList()
            .Select(session => EndConnection(session, why)));

    /// <summary>The device is no more: neither are its sessions, and nobody hears their wills.</summary>
    private protected async Task DeleteSessions()
    {
        await Load();
        foreach (var session in _sessions.Values.ToList())
        {
            session.ForgetWill();
            await EndSession(session);
        }
    }

    /// <summary>The same client connects anew: [MQTT-3.1.4-3], and with Clean Start [MQTT-3.1.2-4].</summary>
    private async Task TakeOver(ClientSession session, bool cleanStart)
    {
        await EndConnection(session, ConnectionEnd.TakenOver);
        await session.Closed;
        var now = _clock.GetUtcNow();
        if (!session.IsDurable && !session.IsWillDue(now))
        {
            session.ForgetWill(); // its process died, and the client is back within the grace
        }

        if (cleanStart || !session.IsDurable || session.IsOver(now))
        {
            await EndSession(session);
        }
    }

    /// <summary>The connection is still there, so it has not ended, whatever the store says, and there is no will.</summary>
    private async Task<SessionOpened> GoOn(ClientConnect connect, ClientRights rights)
    {
        var before = _sessions.GetValueOrDefault(connect.ClientId);
        if (before?.Connection is { } connection)
        {
            return connection.Id == connect.ConnectionId ? Opened(before, isPresent: true) : throw WaitingConnects.ConnectedAnew();
        }

        try
        {
            if (before is null ? connect.SessionExpiry > 0 || _sessions.Count >= MaxSessions : !IsWithin(before, rights))
            {
                throw WaitingConnects.ConnectedAnew(); // and has thrown the session away, or has no room for it, or may less
            }

            if (before is not null)
            {
                await before.Closed;
                before.ForgetWill();
                await (before.IsDurable ? Task.CompletedTask : EndSession(before));
            }

            return await Open(connect, rights);
        }
        catch when (before is { Connection: null } && IsMine(before))
        {
            _sessions.Remove(before.ClientId); // who loads it again closes it
            _loaded = null;
            throw;
        }
    }

    /// <summary>
    /// A session that was made with more rights than its client has now, as a token narrowed to few topics, is not its to
    /// continue: it would hear what it may not subscribe to.
    /// </summary>
    private bool IsWithin(ClientSession session, ClientRights rights) => session.Route.Subscriptions.Keys.All(filter =>
        Permissions.MaySubscribe(PublisherName, rights.Subscribe, SharedFilter.TryParse(filter, out var shared) ? shared.Filter : filter));

    private async Task MakeRoom(string clientId)
    {
        while (_sessions.Values.Where(session => session.ClientId != clientId).ToList() is var others && others.Count >= MaxSessions)
        {
            var victim = others.OrderBy(session => session.Connection is not null).ThenBy(session => session.Since).First();
            await EndConnection(victim, ConnectionEnd.TakenOver);
            await EndSession(victim);
        }
    }

    /// <summary>
    /// Its edge sends what the client is told and calls <see cref="Disconnect"/>, which interleaves with this. An edge that
    /// does not in time is not waited for, and one that is dead not at all.
    /// </summary>
    private async Task EndConnection(ClientSession session, ConnectionEnd why)
    {
        if (session.Connection is not { } connection)
        {
            return;
        }

        if (!surroundings.Live.IsLost(connection.EdgeName))
        {
            try
            {
                await connection.Edge.End(connection.Id, why).WaitAsync(EndLimit, _clock);
            }
            catch (Exception e)
            {
                LogEndFailed(logger, session.Route.Key, e);
            }
        }

        await Lose(session, connection, isServerStopping: false);
    }

    /// <summary>The connection counts as ended, if it is still there, and all that it was to send as sent.</summary>
    private async Task Lose(ClientSession session, Connection connection, bool isServerStopping)
    {
        if (session.Connection == connection)
        {
            var sent = session.IsDurable ? (await ReadStored(session))?.Last ?? 0 : 0;
            if (session.Connection == connection)
            {
                await Disconnected(session, new ClientDisconnect(PublishesWill: true, SessionExpiry: null, sent, isServerStopping));
            }
        }
    }

    /// <summary>Before its time. Its will is published now, if that is possible.</summary>
    private async Task EndSession(ClientSession session)
    {
        session.EndNow(_clock.GetUtcNow());
        await Conclude(session);
        if (IsMine(session))
        {
            await Delete(session);
        }
    }

    private async Task<SessionOpened> Open(ClientConnect connect, ClientRights rights)
    {
        _waiting.Demand(connect);
        if (connect.EdgeName is { } edge && surroundings.Live.IsLost(edge))
        {
            throw new FailureException(Failure.Unavailable, "The edge of this connection is no more.");
        }

        var expiry = Math.Min(connect.SessionExpiry, Limits.MaxSessionExpiry);
        var isPresent = _sessions.TryGetValue(connect.ClientId, out var session);
        var isDurable = isPresent || expiry > 0;
        var name = new SessionName(PublisherName, connect.ClientId).ToString();
        var denied = Permissions.Denials(rights.Subscribe);

        // First the routes, then the store: what becomes durable from here on finds the connection, and what did before is
        // in the queue as it is read below. And that before the store knows of the connection, from when on everything may
        // have been sent.
        if (!isPresent && Routes.TryFind(name, out var left))
        {
            Routes.Remove(left); // of one that died with its silo, and is over
        }

        var route = Routes.Open(name, isDurable, connect.Edge, connect.ConnectionId, denied);
        session ??= new ClientSession(connect.ClientId, isDurable, route);
        var isOpen = session.IsOpen;
        var since = connect.Since ?? _clock.GetUtcNow();
        var calledAs = connect.CalledAs ?? connect.ConnectionId;
        session.Begin(new Connection(connect.ConnectionId, connect.Edge, connect.EdgeName ?? "", since, calledAs), rights, expiry, connect.Will);
        _sessions[connect.ClientId] = session;
        surroundings.Live.Add(connect.EdgeName ?? "", Key.Tenant, PublisherName);
        KeepAwakeWhileConnected();

        StoredSession? stored = null;
        try
        {
            session.Routed = Spread(route);
            if (connect.Since is null)
            {
                await session.Routed;
            }

            if (session.IsStored && !isOpen)
            {
                stored = isPresent ? await ReadStored(session) : null;
                DemandStill(session, calledAs);
                await _store.Open(route.Key, connect.ClientId, expiry, connect.Will, isNew: !isPresent, connect.EdgeName ?? "");
            }
        }
        catch when (session.Connection?.Id == connect.ConnectionId)
        {
            Forget(session, isPresent);
            throw;
        }

        return Opened(session, isPresent, stored);
    }

    private SessionOpened Opened(ClientSession session, bool isPresent, StoredSession? stored = null) => new(
        session.Route.Name,
        isPresent,
        session.IsDurable,
        [.. session.Route.Subscriptions.Values],
        session.Route.Denied,
        stored?.Received ?? [],
        stored?.Sent ?? 0,
        stored?.Last ?? 0,
        surroundings.Silo.Name,
        session.Connection!.CalledAs);

    /// <summary>The store did not take it, so that it is not known what it has; the next one to connect reads it again.</summary>
    private void Forget(ClientSession session, bool wasPresent)
    {
        _sessions.Remove(session.ClientId);
        _loaded = null;
        if (wasPresent)
        {
            Routes.Close(session.Route);
        }
        else
        {
            Routes.Remove(session.Route);
        }

        surroundings.Live.Remove(session.Connection!.EdgeName, Key.Tenant, PublisherName);
        _ = Quietly(Spread(session.Route), session);
        KeepAwakeWhileConnected();
    }
}
