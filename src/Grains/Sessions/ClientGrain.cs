using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Grains.Devices;
using OrleansIoT.Grains.Identity;
using OrleansIoT.Grains.Topics;
using OrleansIoT.History;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Grains.Sessions;

/// <summary>What the grains of clients take from their host.</summary>
public sealed record ClientSurroundings(
    ITelemetryHistory History,
    ISessionStore Store,
    Routes Routes,
    Presence Presence,
    LiveClients Live,
    ThisSilo Silo,
    IOptions<GrainsOptions> Options,
    TimeProvider Clock);

/// <summary>
/// A client with its connections and sessions: what devices and users have in common. In memory is what is connected;
/// what is away is read from the store when it is needed. Every write of a session is queued in the same turn as the
/// change in memory that it follows, so that the store sees them in this order.
/// </summary>
public abstract partial class ClientGrain(ClientSurroundings surroundings, ILogger logger) : TenantGrain, IClientGrain
{
    /// <summary>The most bytes of a page of queued or retained messages.</summary>
    private const int PageBytes = 1 << 20;

    private const int MaxPage = 1_000;

    /// <summary>A little more than the store waits for its server (History:ServerPatience).</summary>
    private static readonly TimeSpan AppendLimit = TimeSpan.FromSeconds(12);

    private readonly TimeProvider _clock = surroundings.Clock;
    private readonly ISessionStore _store = surroundings.Store;
    private readonly Dictionary<string, ClientSession> _sessions = [];
    private Publisher? _publisher;
    private TenantPresence? _presence;
    private TenantRoutes? _tenantRoutes;
    private Task? _loaded;
    private Func<Caller, string, bool>? _isClient;

    /// <summary>How messages name the client, and how the names of its sessions begin.</summary>
    protected abstract string PublisherName { get; }

    protected GrainsOptions Limits { get; } = surroundings.Options.Value;

    /// <summary>How many sessions it has at a time.</summary>
    protected abstract int MaxSessions { get; }

    protected DateTimeOffset? LastSeen { get; private set; }

    /// <summary>Since when its oldest connection is there, or null.</summary>
    protected DateTimeOffset? ConnectedSince =>
        _sessions.Values.Where(session => session.Connection is not null).Min(session => (DateTimeOffset?)session.Since);

    private protected Publisher Publications => _publisher ??= new Publisher(
        Key.Tenant,
        PublisherName,
        GrainFactory,
        _store,
        Limits,
        surroundings.Routes,
        surroundings.Routes.IsOfCluster ? AppendLimit : null,
        _clock,
        logger);

    private protected TenantPresence Presence => _presence ??= surroundings.Presence.Of(Key.Tenant);

    private protected bool HasSessions => _sessions.Count > 0;

    private TenantRoutes Routes => _tenantRoutes ??= surroundings.Routes.Of(Key.Tenant);

    private string StoreKey => $"{Key.Tenant}/{PublisherName}";

    public async Task<PublishResult> Publish(string connectionId, ImmutableArray<TelemetryMessage> messages)
    {
        DemandClient();
        var session = Connected(connectionId);
        LastSeen = _clock.GetUtcNow();
        var result = await Publications.Publish(session.Rights!.Publish, session.Route.Name, session.IsDurable, messages);
        Presence.Stored(messages.Length - result.Failures.Length);
        if (result.Failures is [var first, ..])
        {
            OnRefused(result.Failures.Length, messages[first.Index].Topic, first.Failure, first.Message);
        }

        return result;
    }

    public Task Refused(int messages, string topic, string why)
    {
        DemandClient();
        OnRefused(messages, topic, Failure.Invalid, why);
        return Task.CompletedTask;
    }

    public Task Release(string connectionId, ImmutableArray<ushort> packetIds)
    {
        DemandClient();
        var session = Connected(connectionId);
        return session.IsDurable ? _store.Release(session.Route.Key, packetIds) : Task.CompletedTask;
    }

    public Task Settle(string connectionId, ImmutableArray<Settlement> settlements)
    {
        DemandClient();
        var session = Connected(connectionId);
        return session.IsDurable ? _store.Settle(session.Route.Key, settlements) : Task.CompletedTask;
    }

    /// <summary>A client is let in, perhaps for the first time.</summary>
    private protected virtual Task OnFirstConnection() => Task.CompletedTask;

    /// <summary>A connection has come or gone.</summary>
    private protected virtual void OnConnections()
    {
    }

    /// <summary>The activation ends, and with it its connections.</summary>
    private protected virtual void OnConnectionsLost()
    {
    }

    /// <summary>Something of the client's was not taken.</summary>
    private protected virtual void OnRefused(int messages, string? topic, Failure failure, string detail)
    {
    }

    /// <summary>The caller is the client itself.</summary>
    protected abstract bool IsClient(Caller caller, string tenant);

    /// <summary>Checks the caller and the credential.</summary>
    /// <exception cref="FailureException">NotSignedIn: nobody, or not its credential; the same message for both.</exception>
    protected abstract ClientRights Authenticate(Credential credential);

    /// <summary>What the client may do now, whoever is connected; null when nobody may publish its wills any more.</summary>
    /// <param name="last">What its last connection might, if this activation knows.</param>
    /// <param name="will">A will that was allowed when the client connected.</param>
    private protected abstract ValueTask<ClientRights?> RightsNow(ClientRights? last, Will will);

    private void DemandClient() => Demand(_isClient ??= IsClient);

    private static FailureException NoConnection() => new(Failure.NotSignedIn, "The client has no such connection any more.");

    private ClientSession Connected(string connectionId) => Find(connectionId) ?? throw NoConnection();

    /// <summary>Of few; see <see cref="MaxSessions"/>.</summary>
    private ClientSession? Find(string connectionId)
    {
        foreach (var session in _sessions.Values)
        {
            if (session.Connection?.CalledAs == connectionId)
            {
                return session;
            }
        }

        return null;
    }

    private void KeepAwakeWhileConnected()
    {
        // An idle client would otherwise be forgotten while it is connected.
        DelayDeactivation(
            _sessions.Values.Any(session => session.Connection is not null) ? Timeout.InfiniteTimeSpan : TimeSpan.Zero);
        OnConnections();
    }

    /// <summary>The sessions that are away come out of the store, once in the life of an activation.</summary>
    /// <param name="goesOn">The client identifier whose connection, which the store knows of, is still there.</param>
    private Task Load(string? goesOn = null) =>
        _loaded is null or { IsFaulted: true } or { IsCanceled: true } ? _loaded = LoadNow(goesOn) : _loaded;

    private async Task LoadNow(string? goesOn)
    {
        foreach (var stored in await _store.ReadSessions(StoreKey))
        {
            if (_sessions.ContainsKey(stored.ClientId))
            {
                continue;
            }

            var name = new SessionName(PublisherName, stored.ClientId).ToString();
            var session = new ClientSession(stored.ClientId, stored.Expiry > 0, Routes.Restore(name, stored.Subscriptions));
            var now = _clock.GetUtcNow();
            if (session.Route.Live is not null)
            {
                Routes.Close(session.Route); // of an activation that died with its silo
                _ = Quietly(Spread(session.Route), session);
            }

            if (stored.IsConnected && stored.ClientId == goesOn)
            {
                session.Restore(now, stored.Expiry, stored.Will, null, null, isOpen: true);
            }
            else if (stored.IsConnected)
            {
                await CloseLost(session, stored, now);
            }
            else
            {
                session.Restore(now, stored.Expiry, stored.Will, stored.WillAt, stored.ExpiresAt);
            }

            _sessions.Add(stored.ClientId, session);
        }
    }

    /// <summary>Its connection was another activation's, which is no more, or of a process that died. It may go on, or come back, and then there is no will.</summary>
    private Task CloseLost(ClientSession session, StoredSession stored, DateTimeOffset now)
    {
        session.Restore(now, stored.Expiry, stored.Will, null, null);
        session.End(now, publishesWill: true, stored.Expiry, Limits.WillGraceAfterRestart);
        return _store.Close(stored.Key, session.Expiry, session.ExpiresAt, session.WillAt, stored.Last);
    }

    /// <summary>Complete when every topic of the cluster knows the session's route as it is now.</summary>
    private Task Spread(SessionRoute route) => surroundings.Routes.Spread(Routes, route);

    private async Task<StoredSession?> ReadStored(ClientSession session)
    {
        var stored = await _store.ReadSessions(StoreKey);
        return stored.FirstOrDefault(one => one.ClientId == session.ClientId);
    }

    private protected async Task<ImmutableArray<SessionSnapshot>> Snapshots()
    {
        await Load();
        var stored = (await _store.ReadSessions(StoreKey)).ToDictionary(one => one.ClientId);
        return
        [
            .. from session in _sessions.Values
               orderby session.Since
               let inStore = stored.GetValueOrDefault(session.ClientId)
               select new SessionSnapshot(
                   session.ClientId,
                   session.Connection?.Since,
                   session.IsDurable,
                   session.Route.Subscriptions.Count,
                   inStore?.Queued ?? 0,
                   inStore?.Dropped ?? 0),
        ];
    }
}
