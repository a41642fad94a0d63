using OrleansIoT.Failures;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Sessions;

public abstract partial class ClientGrain
{
    /// <summary>
    /// A connection that its grain does not know could be neither taken over nor revoked, so its edge says it to the next activation,
    /// which comes after this, or ends it. Nobody waits for the edges: who does not hear this finds out. Where the whole silo ends, the
    /// routes stay for that; those that nobody takes over are ended by the route table, as when a silo dies.
    /// </summary>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        Caller.System(Key.Tenant, "deactivation").Enter();
        var connected = _sessions.Values.Where(session => session.Connection is not null).ToList();
        foreach (var session in connected)
        {
            _ = Forgotten(session.Connection!);
            surroundings.Live.Remove(session.Connection!.EdgeName, Key.Tenant, PublisherName);
        }

        if (reason.ReasonCode != DeactivationReasonCode.ShuttingDown)
        {
            await CloseRoutes(connected, cancellationToken);
        }

        OnConnectionsLost();

        // Where the whole process ends, the next one closes what is open by what is stored.
        if (reason.ReasonCode != DeactivationReasonCode.ShuttingDown && connected.Exists(session => session.IsStored))
        {
            var lost = connected.ToDictionary(session => session.ClientId);
            foreach (var stored in await _store.ReadSessions(StoreKey, cancellationToken))
            {
                if (lost.TryGetValue(stored.ClientId, out var session))
                {
                    await CloseLost(session, stored, _clock.GetUtcNow());
                }
            }
        }
    }

    private async Task CloseRoutes(List<ClientSession> connected, CancellationToken cancellation)
    {
        var spread = new List<Task>();
        foreach (var session in connected)
        {
            Routes.Close(session.Route);
            if (!session.IsDurable)
            {
                Routes.Remove(session.Route);
            }

            spread.Add(Quietly(Spread(session.Route), session));
        }

        // Before the next activation says something else.
        if (spread.Exists(task => !task.IsCompleted))
        {
            await Task.WhenAny(Task.WhenAll(spread), Task.Delay(EndLimit, _clock, cancellation));
        }
    }

    private static async Task Forgotten(Connection connection)
    {
        try
        {
            await connection.Edge.End(connection.Id, ConnectionEnd.Forgotten);
        }
        catch (Exception)
        {
            // A silo that ends may not reach the edges any more, and they see that it ends.
        }
    }

    public Task Disconnect(string connectionId, ClientDisconnect disconnect)
    {
        Demand((caller, tenant) => IsClient(caller, tenant) || Permissions.MayCheckCredentials(caller, tenant));
        _waiting.Remove(connectionId);
        return Find(connectionId) is { } session ? Disconnected(session, disconnect) : Task.CompletedTask;
    }

    public async Task Due(string clientId)
    {
        Demand((caller, _) => Permissions.IsSystem(caller));
        await Load();
        if (_sessions.TryGetValue(clientId, out var session))
        {
            await Conclude(session);
        }
        else
        {
            // A deletion that failed, or is on its way.
            await _store.Delete(new GrainKey(Key.Tenant, new SessionName(PublisherName, clientId).ToString()).ToString());
        }
    }

    public async Task EdgeLost(string edge)
    {
        Demand((caller, _) => Permissions.IsSystem(caller));
        await Load();
        foreach (var session in _sessions.Values.Where(session => session.Connection?.EdgeName == edge).ToList())
        {
            await Lose(session, session.Connection!, isServerStopping: true);
        }
    }

    private Task Disconnected(ClientSession session, ClientDisconnect disconnect)
    {
        surroundings.Live.Remove(session.Connection!.EdgeName, Key.Tenant, PublisherName);
        var now = _clock.GetUtcNow();
        var wasStored = session.IsStored;
        var expiry = session.IsDurable ? disconnect.SessionExpiry ?? session.Expiry : 0;
        session.End(
            now,
            disconnect.PublishesWill,
            Math.Min(expiry, Limits.MaxSessionExpiry),
            disconnect.IsServerStopping ? Limits.WillGraceAfterRestart : default);
        LastSeen = now;
        KeepAwakeWhileConnected();
        if (session.IsOver(now))
        {
            Routes.Remove(session.Route);
            _ = Quietly(Spread(session.Route), session);
            if (session.Will is null)
            {
                _sessions.Remove(session.ClientId);
                return wasStored ? Quietly(_store.Delete(session.Route.Key), session) : Task.CompletedTask;
            }
        }
        else
        {
            Routes.Close(session.Route);
            _ = Quietly(Spread(session.Route), session);
        }

        session.Closed = Quietly(
            _store.Close(session.Route.Key, session.Expiry, session.ExpiresAt, session.WillAt, disconnect.Sent), session);
        return session.IsOver(now) || session.IsWillDue(now) ? Task.WhenAll(session.Closed, Conclude(session)) : session.Closed;
    }

    /// <summary>Publishes the will and deletes the session, each if it is time.</summary>
    private Task Conclude(ClientSession session) =>
        session.Concluding is { IsCompleted: false } running ? running : session.Concluding = ConcludeNow(session);

    private async Task ConcludeNow(ClientSession session)
    {
        if (session.Connection is null && session.IsWillDue(_clock.GetUtcNow()))
        {
            var will = session.Will!;
            if (!await PublishWill(session, will))
            {
                return; // the store does not work, and the clock comes again
            }

            // The client may have come back in between, with another will.
            if (session.Connection is null && session.Will == will)
            {
                session.ForgetWill();
                if (!session.IsOver(_clock.GetUtcNow()))
                {
                    await Quietly(_store.TakeWill(session.Route.Key), session);
                }
            }
        }

        if (session.IsOver(_clock.GetUtcNow()) && IsMine(session))
        {
            await Delete(session);
        }
    }

    private bool IsMine(ClientSession session) => _sessions.GetValueOrDefault(session.ClientId) == session;

    private Task Delete(ClientSession session)
    {
        _sessions.Remove(session.ClientId);
        Routes.Remove(session.Route);
        _ = Quietly(Spread(session.Route), session);
        return Quietly(_store.Delete(session.Route.Key), session);
    }

    /// <returns>False when the store could not take it, so that it has to be tried again.</returns>
    private async Task<bool> PublishWill(ClientSession session, Will will)
    {
        try
        {
            if (await RightsNow(session.Rights, will) is not { } rights)
            {
                LogWillForbidden(logger, session.Route.Key);
                return true;
            }

            rights.Caller.Enter();
            var now = _clock.GetUtcNow();
            var result = await Publications.Publish(
                rights.Publish,
                session.Route.Name,
                isDurable: false,
                [will.Message with { At = now, ReceivedAt = now, HasOwnTime = false, PacketId = 0, Device = PublisherName }]);
            if (result.Failures is [{ Failure: not Failure.Unavailable } failure])
            {
                LogWillRefused(logger, session.Route.Key, failure.Failure);
            }

            return result.Failures is not [{ Failure: Failure.Unavailable }];
        }
        catch (Exception e)
        {
            LogWillFailed(logger, session.Route.Key, e);
            return false;
        }
    }

    /// <summary>There is nobody left to tell; what the store missed shows when the client comes back or the process starts.</summary>
    private async Task Quietly(Task write, ClientSession session)
    {
        try
        {
            await write;
        }
        catch (Exception e)
        {
            LogWriteFailed(logger, session.Route.Key, e);
        }
    }
}
