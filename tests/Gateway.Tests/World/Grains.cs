using System.Collections.Immutable;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.History.Numbers;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;
using OrleansIoT.Status;
using OrleansIoT.Telemetry;
using OrleansIoT.Topics;

namespace OrleansIoT.Gateway.Tests.World;

internal sealed class DirectoryGrain(InMemoryGrains world, string key) : IDirectoryGrain
{
    private string Tenant => GrainKey.Parse(key).Tenant;

    private string Kind => GrainKey.Parse(key).Name;

    public async Task<DirectoryPage> List(string? search, int limit, string? cursor)
    {
        await Task.Yield();
        var caller = world.Admit(key);
        InMemoryGrains.Demand(Kind switch
        {
            "tenants" => Permissions.MayManageTenants(caller),
            "users" or "services" => Permissions.MayManageUsers(caller, Tenant),
            _ => Permissions.MaySeeDevices(caller, Tenant),
        });
        var entries = Entries()
            .Where(entry => search is null || $"{entry.Id} {entry.GrainName} {entry.Title}".Contains(search, StringComparison.OrdinalIgnoreCase))
            .Where(entry => cursor is null || string.CompareOrdinal(entry.Id, cursor) > 0)
            .OrderBy(entry => entry.Id, StringComparer.Ordinal)
            .Take(limit + 1)
            .ToImmutableArray();
        return entries.Length > limit
            ? new DirectoryPage(entries[..limit], entries[limit - 1].Id)
            : new DirectoryPage(entries, null);
    }

    public async Task<DirectoryEntry?> Find(string id)
    {
        await Task.Yield();
        var caller = Caller.Current?.Roles == Roles.SignIn ? world.AdmitUnrecorded(key) : world.Admit(key);
        if (Kind == "users" && Permissions.MayCheckCredentials(caller, Tenant) && world.Holders.ContainsKey($"{Tenant}/{id}"))
        {
            return new DirectoryEntry(id, InMemoryGrains.HolderEmail(id), id);
        }

        return Kind == "users" && !Permissions.MayCheckCredentials(caller, Tenant) && !Permissions.MaySeeUser(caller, Tenant, id)
            ? null
            : Entries().FirstOrDefault(entry => entry.Id == id);
    }

    private IEnumerable<DirectoryEntry> Entries() => Kind switch
    {
        "tenants" => world.Tenants.Values.Select(tenant => new DirectoryEntry(tenant.Name, tenant.Name, tenant.Title)),
        "users" => Own(world.Users).Select(user => new DirectoryEntry(user.Record.Id, user.Record.Email, user.Record.Username)),
        "services" => Own(world.Services).Select(service => new DirectoryEntry(service.Record.Id, service.Record.Id, service.Record.Name)),
        _ => Own(world.Devices).Select(device => new DirectoryEntry(device.Snapshot.Id, device.Snapshot.Id, device.Snapshot.Name)),
    };

    private IEnumerable<T> Own<T>(IEnumerable<KeyValuePair<string, T>> things) =>
        things.Where(thing => thing.Key.StartsWith($"{Tenant}/", StringComparison.Ordinal)).Select(thing => thing.Value);
}

internal sealed class DeviceGrain(InMemoryGrains world, string key) : IDeviceGrain
{
    private string Tenant => GrainKey.Parse(key).Tenant;

    public async Task<string> Register(DeviceRegistration registration)
    {
        await Task.Yield();
        InMemoryGrains.Demand(Permissions.MayManageDevices(world.Admit(key), Tenant));
        var snapshot = new DeviceSnapshot(GrainKey.Parse(key).Name, registration.Name, world.Clock.GetUtcNow(),
            registration.Publish, registration.Subscribe, null, null, 0, 0, 0, []);
        return world.Devices.TryAdd(key, (snapshot, "key-1"))
            ? "key-1"
            : throw new FailureException(Failure.Conflict, "This device is registered already.");
    }

    public async Task Change(DeviceChange change)
    {
        await Task.Yield();
        InMemoryGrains.Demand(Permissions.MayManageDevices(world.Admit(key), Tenant));
        var before = Existing();
        world.Devices[key] = (before with
        {
            Name = change.Name ?? before.Name,
            Publish = change.Publish ?? before.Publish,
            Subscribe = change.Subscribe ?? before.Subscribe,
        }, world.Devices[key].Key);
    }

    public async Task<string> RenewKey()
    {
        await Task.Yield();
        InMemoryGrains.Demand(Permissions.MayManageDevices(world.Admit(key), Tenant));
        world.Devices[key] = (Existing(), "key-2");
        return "key-2";
    }

    public async Task Remove()
    {
        await Task.Yield();
        InMemoryGrains.Demand(Permissions.MayManageDevices(world.Admit(key), Tenant));
        _ = world.Devices.TryRemove(key, out _) ? true : throw InMemoryGrains.NotFound();
    }

    public async Task<DeviceSnapshot> Get()
    {
        await Task.Yield();
        InMemoryGrains.Demand(Permissions.MaySeeDevices(world.Admit(key), Tenant));
        return Existing();
    }

    public async Task<string> CredentialId()
    {
        await Task.Yield();
        InMemoryGrains.Demand(Permissions.MayManageDevices(world.Admit(key), Tenant));
        Existing();
        return $"credential of {world.Devices[key].Key}";
    }

    public Task<SessionOpened> Connect(ClientConnect connect) => throw new NotSupportedException();

    public Task Disconnect(string connectionId, ClientDisconnect disconnect) => throw new NotSupportedException();

    public Task<PublishResult> Publish(string connectionId, ImmutableArray<TelemetryMessage> messages) => throw new NotSupportedException();

    public Task Refused(int messages, string topic, string why) => throw new NotSupportedException();

    public Task Release(string connectionId, ImmutableArray<ushort> packetIds) => throw new NotSupportedException();

    public Task<SubscribeResult> Subscribe(string connectionId, ImmutableArray<Subscription> subscriptions) => throw new NotSupportedException();

    public Task<ImmutableArray<bool>> Unsubscribe(string connectionId, ImmutableArray<string> filters) => throw new NotSupportedException();

    public Task<RetainedPage> Retained(string connectionId, string filter, string? from) => throw new NotSupportedException();

    public Task<ImmutableArray<QueuedMessage>> Queue(string connectionId, long after, int count) => throw new NotSupportedException();

    public Task Settle(string connectionId, ImmutableArray<Settlement> settlements) => throw new NotSupportedException();

    public Task<SessionOpened> Admit(ClientConnect connect) => throw new NotSupportedException();

    public Task<long> Routed(string connectionId) => throw new NotSupportedException();

    public Task Due(string clientId) => throw new NotSupportedException();

    public Task EdgeLost(string edge) => throw new NotSupportedException();

    private DeviceSnapshot Existing() =>
        world.Devices.TryGetValue(key, out var device) ? device.Snapshot : throw InMemoryGrains.NotFound();
}

internal sealed class FleetGrain(InMemoryGrains world, string key) : IFleetGrain
{
    private string Tenant => GrainKey.Parse(key).Tenant;

    public async Task<FleetSummary> Summary()
    {
        await Task.Yield();
        InMemoryGrains.Demand(Permissions.MaySeeDevices(world.Admit(key), Tenant));
        return world.Fleet;
    }

    public async Task<FleetPage> List(FleetQuery query)
    {
        await Task.Yield();
        InMemoryGrains.Demand(Permissions.MaySeeDevices(world.Admit(key), Tenant));
        world.FleetQueries.Enqueue(query);
        return new FleetPage([.. world.Devices.Keys.Select(device => GrainKey.Parse(device).Name), "gone"], "further");
    }

    public Task<bool> Report(FleetReport report) => throw new NotSupportedException();
}

internal sealed class StatusGrain(InMemoryGrains world, string key) : IStatusGrain
{
    public Task Report(ProcessReport report) => throw new NotSupportedException();

    public Task<ImmutableArray<ProcessReport>> Processes()
    {
        world.AdmitUnrecorded(key, mayBeAnothers: true);
        return Task.FromResult<ImmutableArray<ProcessReport>>([.. world.Processes]);
    }
}

internal sealed class TopicGrain(InMemoryGrains world, string key) : ITopicGrain
{
    public Task<int> Append(ImmutableArray<TelemetryMessage> messages, string session, bool isDurable) => throw new NotSupportedException();

    public async Task<TelemetryMessage?> Latest()
    {
        await Admit();
        return Sorted()?.LastOrDefault();
    }

    public async Task<TelemetryPage?> Read(TelemetryQuery query)
    {
        await Admit();
        if (Sorted() is not { } readings)
        {
            return null;
        }

        var ordered = query.Descending ? readings.Reverse() : readings;
        var found = ordered
            .Where(reading => IsWithin(reading, query.Start, query.End, query.AsOf))
            .Where(reading => query.After is not { } after || (query.Descending ? Position(reading) < after : Position(reading) > after))
            .Take(query.Limit + 1)
            .ToImmutableArray();
        return found.Length > query.Limit
            ? new TelemetryPage(found[..query.Limit], Position(found[query.Limit - 1]), Dropped(query.Start), LastSeq)
            : new TelemetryPage(found, null, Dropped(query.Start), LastSeq);
    }

    public async Task<AggregatePage?> Aggregate(AggregateQuery query)
    {
        await Admit();
        var aggregation = new BucketAggregation(BucketCalendar.Of(query.Every, query.TimeZone), query.Limit);
        return Feed(query.Start, query.End, query.Field, query.AsOf, aggregation) ? aggregation.Page(Dropped(query.Start)) with { LastSeq = LastSeq } : null;
    }

    public async Task<PointPage?> Points(PointQuery query)
    {
        await Admit();
        var selection = new PointSelection(query.Start, query.End, query.Columns);
        return Feed(query.Start, query.End, query.Field, query.AsOf, selection) ? selection.Page(Dropped(query.Start)) with { LastSeq = LastSeq } : null;
    }

    public async Task<long> Watch(ITopicObserver observer)
    {
        await Admit();
        if (!IsGranted)
        {
            return 0;
        }

        world.Watchers.GetOrAdd(key, _ => new())[observer] = true;
        return world.Topics.TryGetValue(key, out var readings) ? readings.Count : 0;
    }

    public async Task Unwatch(ITopicObserver observer)
    {
        await Admit();
        world.Watchers.GetValueOrDefault(key)?.TryRemove(observer, out _);
    }

    public async Task<ImmutableArray<TelemetryMessage>> ReadAfter(long seq, int limit)
    {
        await Admit();
        if (!IsGranted || !world.Topics.TryGetValue(key, out var readings))
        {
            return [];
        }

        lock (readings)
        {
            return [.. readings.Where(reading => reading.Seq > seq).Take(limit)];
        }
    }

    private long LastSeq => world.Topics.TryGetValue(key, out var readings) ? readings.Count : 0;

    private async Task Admit()
    {
        await Task.Yield();
        InMemoryGrains.Demand(Permissions.MayReadTelemetry(world.Admit(key), GrainKey.Parse(key).Tenant));
    }

    private bool IsGranted => TopicGrants.Allow(Caller.Current!.Grants, GrainKey.Parse(key).Name);

    private bool Feed(DateTimeOffset start, DateTimeOffset end, string? field, DateTimeOffset? asOf, INumberSink sink)
    {
        var numbers = NumberField.Parse(field);
        foreach (var reading in (Sorted() ?? []).Where(reading => IsWithin(reading, start, end, asOf)))
        {
            if (numbers.TryRead(reading.Payload.Span, out var number) && !sink.Add(reading.At.UtcTicks, reading.Seq, number))
            {
                break;
            }
        }

        return IsGranted && world.Topics.ContainsKey(key);
    }

    private DroppedReadings? Dropped(DateTimeOffset start) =>
        world.Dropped.TryGetValue(key, out var dropped) && start < dropped.Before ? dropped : null;

    private static bool IsWithin(TelemetryMessage reading, DateTimeOffset start, DateTimeOffset end, DateTimeOffset? asOf) =>
        reading.At >= start && reading.At < end && (asOf is null || reading.ReceivedAt <= asOf);

    private static TelemetryPosition Position(TelemetryMessage reading) => new(reading.At, reading.Seq);

    private IEnumerable<TelemetryMessage>? Sorted() =>
        IsGranted && world.Topics.TryGetValue(key, out var readings) ? readings.OrderBy(Position) : null;
}

internal sealed class TopicListGrain(InMemoryGrains world, string key) : ITopicListGrain
{
    public async Task<TopicPage> List(string prefix, int limit, string? after)
    {
        await Task.Yield();
        var tenant = GrainKey.Parse(key).Tenant;
        var caller = world.Admit(key);
        InMemoryGrains.Demand(Permissions.MayReadTelemetry(caller, tenant));
        var topics = world.Topics
            .Select(topic => (Key: GrainKey.Parse(topic.Key), Readings: topic.Value))
            .Where(topic => topic.Key.Tenant == tenant && topic.Key.Name.StartsWith(prefix, StringComparison.Ordinal))
            .Where(topic => TopicGrants.Allow(caller.Grants, topic.Key.Name))
            .Where(topic => after is null || string.CompareOrdinal(topic.Key.Name, after) > 0)
            .OrderBy(topic => topic.Key.Name, StringComparer.Ordinal)
            .Select(topic => topic.Readings.Count == 0
                ? new TopicSummary(topic.Key.Name, 0, null, null)
                : new TopicSummary(topic.Key.Name, topic.Readings.Count, topic.Readings.Min(reading => reading.At), topic.Readings.Max(reading => reading.At)))
            .Take(limit + 1)
            .ToImmutableArray();
        return topics.Length > limit ? new TopicPage(topics[..limit], topics[limit - 1].Topic) : new TopicPage(topics, null);
    }
}
