using System.Collections.Concurrent;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Fixtures;
using OrleansIoT.Identity;
using OrleansIoT.Telemetry;
using OrleansIoT.Topics;

namespace OrleansIoT.Gateway.Tests.World;

/// <summary>
/// The grains' contracts, kept in memory: real refusals, real pages, and a record of who called what. Behind it there is
/// no engine, so a test of the gateway fails for the gateway's reasons only.
/// </summary>
internal sealed class InMemoryGrains(TimeProvider clock)
{
    public TimeProvider Clock => clock;

    public ConcurrentDictionary<string, (UserRecord Record, string Password)> Users { get; } = new();

    public ConcurrentDictionary<string, (DeviceSnapshot Snapshot, string Key)> Devices { get; } = new();

    public ConcurrentDictionary<string, List<TelemetryMessage>> Topics { get; } = new();

    /// <summary>What retention has taken out of topics, by key.</summary>
    public ConcurrentDictionary<string, DroppedReadings> Dropped { get; } = new();

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
        nameof(IDirectoryGrain) => new DirectoryGrain(this, key),
        nameof(IDeviceGrain) => new DeviceGrain(this, key),
        nameof(IAuditGrain) => new AuditGrain(this, key),
        nameof(ITopicGrain) => new TopicGrain(this, key),
        nameof(ITopicListGrain) => new TopicListGrain(this, key),
        var other => throw new NotSupportedException(other),
    });

    public UserRecord AddUser(string email, string password = "correct horse", Roles roles = Roles.Viewer, string tenant = "default")
    {
        var record = new UserRecord($"u-{tenant}-{Users.Count + 1}", email, email.Split('@')[0], true, roles, clock.GetUtcNow());
        Users[$"{tenant}/{email}"] = (record, password);
        return record;
    }

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
            Seq = readings.Count + 1,
        };
        readings.Add(reading);
        return reading;
    }

    /// <summary>Deny by default: nobody, somebody expired, and another tenant's get what the real filter gives them.</summary>
    public Caller Admit(string key)
    {
        var caller = Caller.Current is { } current && current.ExpiresAt > clock.GetUtcNow()
            ? current
            : throw new FailureException(Failure.NotSignedIn, "Nobody is calling.");
        Calls.Enqueue((caller, key));
        return Outage is null || Calls.Count <= CallsBeforeOutage
            ? Permissions.MayKnowOf(caller, GrainKey.Parse(key).Tenant) ? caller : throw NotFound()
            : throw Outage;
    }

    public static void Demand(bool allowed)
    {
        if (!allowed)
        {
            throw new FailureException(Failure.Forbidden, "Not yours to do.");
        }
    }

    public static FailureException NotFound() => new(Failure.NotFound, "There is no such thing.");
}
