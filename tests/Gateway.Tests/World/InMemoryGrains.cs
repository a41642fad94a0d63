using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Fixtures;
using OrleansIoT.Identity;
using OrleansIoT.Status;
using OrleansIoT.Telemetry;
using OrleansIoT.Topics;

namespace OrleansIoT.Gateway.Tests.World;

/// <summary>
/// The grains' contracts, kept in memory: real refusals, real pages, and a record of who called what. Behind it there is
/// no engine, so a test of the gateway fails for the gateway's reasons only.
/// </summary>
internal sealed class InMemoryGrains(TimeProvider clock)
{
    private int _revocationsAsked;

    public TimeProvider Clock => clock;

    public ConcurrentDictionary<string, (UserRecord Record, string Password)> Users { get; } = new();

    /// <summary>Who has a token without being listed anywhere, by <c>{tenant}/{id}</c>.</summary>
    public ConcurrentDictionary<string, Roles> Holders { get; } = new();

    /// <summary>Sessions by id, each with its user's key, the secret that refreshes it, and the one before with when it was replaced.</summary>
    public ConcurrentDictionary<string, (string User, SessionRecord Record, string Secret, string Before, DateTimeOffset Since)> Sessions { get; } = new();

    /// <summary>Personal access tokens by id, each with its user's key and its secret.</summary>
    public ConcurrentDictionary<string, (string User, TokenRecord Record, string Secret)> Tokens { get; } = new();

    public ConcurrentDictionary<string, (ServiceAccountRecord Record, string Secret)> Services { get; } = new();

    public ConcurrentDictionary<string, TenantRecord> Tenants { get; } = new();

    /// <summary>What was said to be revoked.</summary>
    public ConcurrentQueue<string> Revoked { get; } = new();

    public ConcurrentDictionary<string, (DeviceSnapshot Snapshot, string Key)> Devices { get; } = new();

    /// <summary>What processes say of themselves.</summary>
    public ConcurrentQueue<ProcessReport> Processes { get; } = new();

    /// <summary>What the fleet says of itself.</summary>
    public FleetSummary Fleet { get; set; } = new(0, 0, 0, 0, 0, 0, 0, [], []);

    /// <summary>What the fleet was asked for.</summary>
    public ConcurrentQueue<FleetQuery> FleetQueries { get; } = new();

    public ConcurrentDictionary<string, List<TelemetryMessage>> Topics { get; } = new();

    /// <summary>Who watches which topic, by key.</summary>
    public ConcurrentDictionary<string, ConcurrentDictionary<ITopicObserver, bool>> Watchers { get; } = new();

    /// <summary>Whether watchers are told; else they have to find out.</summary>
    public bool TellsWatchers { get; set; } = true;

    /// <summary>What retention has taken out of topics, by key.</summary>
    public ConcurrentDictionary<string, DroppedReadings> Dropped { get; } = new();

    /// <summary>Another one: what was said to be revoked is lost.</summary>
    public Guid RevocationsEpoch { get; set; } = Guid.NewGuid();

    /// <summary>What those run into who ask for revocations, if anything.</summary>
    public Exception? RevocationsOutage { get; set; }

    /// <summary>How often somebody has asked for them.</summary>
    public int RevocationsAsked => Volatile.Read(ref _revocationsAsked);

    public void ToldOfRevocations() => Interlocked.Increment(ref _revocationsAsked);

    /// <summary>What was noted, in the order of ids.</summary>
    public ConcurrentQueue<AuditEntry> Audit { get; } = new();

    /// <summary>What noting waits for.</summary>
    public Task AuditGate { get; set; } = Task.CompletedTask;

    /// <summary>How many calls have come to that gate.</summary>
    public int AuditWaiting;

    /// <summary>What noting runs into, if anything.</summary>
    public Exception? AuditOutage { get; set; }

    /// <summary>Every call but those that note: who, and the key of which grain.</summary>
    public ConcurrentQueue<(Caller Caller, string Key)> Calls { get; } = new();

    /// <summary>What every call runs into, if anything.</summary>
    public Exception? Outage { get; set; }

    /// <summary>How many calls get through before the outage.</summary>
    public int CallsBeforeOutage { get; set; }

    public IGrainFactory Factory() => GrainsByHand.Factory((contract, key) => contract.Name switch
    {
        nameof(IUserGrain) => new UserGrain(this, key),
        nameof(IServiceAccountGrain) => new ServiceAccountGrain(this, key),
        nameof(ITenancyGrain) => new TenancyGrain(this, key),
        nameof(IRevocationsGrain) => new RevocationsGrain(this),
        nameof(IDirectoryGrain) => new DirectoryGrain(this, key),
        nameof(IStatusGrain) => new StatusGrain(this, key),
        nameof(IFleetGrain) => new FleetGrain(this, key),
        nameof(IDeviceGrain) => new DeviceGrain(this, key),
        nameof(IAuditGrain) => new AuditGrain(this, key),
        nameof(ITopicGrain) => new TopicGrain(this, key),
        nameof(ITopicListGrain) => new TopicListGrain(this, key),
        var other => throw new NotSupportedException(other),
    }, _ => { });

    public UserRecord AddUser(string email, string password = "correct horse", Roles roles = Roles.Viewer, string tenant = "default", string? id = null)
    {
        var record = new UserRecord(id ?? Guid.NewGuid().ToString(), email, email.Split('@')[0], true, roles, clock.GetUtcNow());
        Users[$"{tenant}/{email}"] = (record, password);
        return record;
    }

    /// <summary>A session of a user, or of somebody who is no user but has a token.</summary>
    /// <returns>Its id.</returns>
    public string AddSession(string tenant, string id, Roles roles)
    {
        var user = Users.Where(user => user.Key.StartsWith($"{tenant}/", StringComparison.Ordinal) && user.Value.Record.Id == id)
            .Select(user => user.Key).SingleOrDefault();
        if (user is null)
        {
            Holders[$"{tenant}/{id}"] = roles;
        }

        return OpenSession(user ?? $"{tenant}/{HolderEmail(id)}", new SignInOrigin("", ""), TimeSpan.FromDays(30)).Record.Id;
    }

    public (string User, SessionRecord Record, string Secret, string Before, DateTimeOffset Since) OpenSession(string user, SignInOrigin origin, TimeSpan lifetime)
    {
        var now = clock.GetUtcNow();
        var session = new SessionRecord(Random(16), now, now, now + lifetime, origin.Address, origin.Agent);
        return Sessions[session.Id] = (user, session, Random(32), "", now);
    }

    public static string HolderEmail(string id) => $"{id}@holder";

    public static string Random(int bytes) => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(bytes));

    public bool IsTenantActive(string tenant) => !Tenants.TryGetValue(tenant, out var record) || record.Active;

    public void AddDevice(string id, string name = "", string tenant = "default") =>
        Devices[$"{tenant}/{id}"] = (new DeviceSnapshot(id, name, clock.GetUtcNow(), [], [], null, null, 0, 0, 0, []), "key-1");

    public TelemetryMessage AddReading(
        string topic, DateTimeOffset at, ReadOnlyMemory<byte> payload, string tenant = "default", DateTimeOffset? receivedAt = null)
    {
        var readings = Topics.GetOrAdd($"{tenant}/{topic}", _ => []);
        var reading = new TelemetryMessage
        {
            Topic = topic,
            Device = "meter-7",
            Payload = payload,
            At = at,
            ReceivedAt = receivedAt ?? at.AddMilliseconds(73),
        };
        lock (readings)
        {
            readings.Add(reading with { Seq = readings.Count + 1 });
        }

        foreach (var (watcher, _) in TellsWatchers ? Watchers.GetValueOrDefault($"{tenant}/{topic}") ?? [] : [])
        {
            _ = watcher.Appended(new AppendedReadings(tenant, topic, readings[^1].Seq, [reading with { Seq = 0 }]));
        }

        return readings[^1];
    }

    /// <summary>Deny by default: nobody, somebody expired, and another tenant's get what the real filter gives them.</summary>
    public Caller Admit(string key)
    {
        var caller = AdmitUnrecorded(key, mayBeAnothers: true);
        Calls.Enqueue((caller, key));
        return Outage is null || Calls.Count <= CallsBeforeOutage
            ? MayKnowOf(caller, key) ? caller : throw NotFound()
            : throw Outage;
    }

    /// <summary>The same for what a gateway asks on its own at the first sight of a token: it is in no record, and meets no outage.</summary>
    public Caller AdmitUnrecorded(string key, bool mayBeAnothers = false)
    {
        var caller = Caller.Current is { } current && current.ExpiresAt > clock.GetUtcNow()
            ? current
            : throw new FailureException(Failure.NotSignedIn, "Nobody is calling.");
        return mayBeAnothers || MayKnowOf(caller, key) ? caller : throw NotFound();
    }

    private static bool MayKnowOf(Caller caller, string key) =>
        Permissions.MayKnowOf(caller, GrainKey.Parse(key).Tenant) || key == "$system/tenants";

    public static void Demand(bool allowed)
    {
        if (!allowed)
        {
            throw new FailureException(Failure.Forbidden, "Not yours to do.");
        }
    }

    public static FailureException NotFound() => new(Failure.NotFound, "There is no such thing.");
}
