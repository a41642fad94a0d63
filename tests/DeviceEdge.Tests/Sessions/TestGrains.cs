using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Threading.Channels;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Fixtures;
using OrleansIoT.Identity;
using OrleansIoT.Telemetry;

namespace OrleansIoT.DeviceEdge.Tests.Sessions;

/// <summary>Grains in memory, whose every answer a test may give by hand.</summary>
internal sealed class TestGrains
{
    private readonly ConcurrentDictionary<string, TestDevice> _devices = new();

    public TestGrains() => Factory = GrainsByHand.Factory(
        (contract, key) => contract.Name switch
        {
            nameof(IRevocationsGrain) => Tenants,
            nameof(ITenancyGrain) => Tenants.Of(GrainKey.Parse(key).Name),
            nameof(IAuditGrain) => Audit,
            nameof(IRouteTableGrain) => Table,
            _ => DeviceOf(key),
        },
        _ => References++);

    public TestAudit Audit { get; } = new();

    public TestTable Table { get; } = new();

    public IGrainFactory Factory { get; }

    public int Woken => _devices.Count;

    /// <summary>How many observers grains have been shown.</summary>
    public int References { get; private set; }

    public TestTenants Tenants { get; } = new();

    public TestDevice this[string device] => DeviceOf($"default/{device}");

    private TestDevice DeviceOf(string key) => _devices.GetOrAdd(key, _ => new TestDevice());
}

/// <summary>Tenants that can be deactivated, and the news of it.</summary>
internal sealed class TestTenants : IRevocationsGrain
{
    private readonly ConcurrentQueue<string> _news = new();
    private readonly ConcurrentDictionary<string, bool> _out = new();
    private readonly Guid _epoch = Guid.NewGuid();

    /// <summary>How often somebody asked for news, and about a tenant.</summary>
    public int Asked;
    public int AskedOfTenants;

    /// <summary>What asking for news runs into, if anything.</summary>
    public Exception? Outage { get; set; }

    public void Deactivate(string tenant)
    {
        _out[tenant] = true;
        _news.Enqueue($"{tenant}/");
    }

    public Task Revoke(string holder) => throw new NotSupportedException();

    public Task<RevokedSince> Since(Guid epoch, long version)
    {
        Interlocked.Increment(ref Asked);
        var news = _news.ToArray();
        return Outage is not null ? throw Outage
            : Task.FromResult(epoch == _epoch
                ? new RevokedSince(_epoch, news.Length, [.. news.Skip((int)version)], IsComplete: true)
                : new RevokedSince(_epoch, news.Length, [], IsComplete: false));
    }

    public ITenancyGrain Of(string tenant) => new Tenancy(this, tenant);

    private sealed class Tenancy(TestTenants tenants, string name) : ITenancyGrain
    {
        public Task<CreatedTenant> Create(string title, string administratorEmail) => throw new NotSupportedException();

        public Task<TenantRecord> Get() => throw new NotSupportedException();

        public Task<TenantRecord> SetActive(bool active) => throw new NotSupportedException();

        public Task<bool> IsActive()
        {
            Interlocked.Increment(ref tenants.AskedOfTenants);
            return Task.FromResult(!tenants._out.ContainsKey(name));
        }
    }
}

/// <summary>A route table that knows edges only.</summary>
internal sealed class TestTable : IRouteTableGrain
{
    public ImmutableArray<string> Silos { get; set; } = ["silo"];

    public bool HasLeft { get; private set; }

    public Task<ImmutableArray<string>> KeepEdge(string edge) => Task.FromResult(Silos);

    public Task LeaveEdge(string edge)
    {
        HasLeft = true;
        return Task.CompletedTask;
    }

    public Task<RouteLease> Follow(string silo, IRouteReplica replica, long told) => throw new NotSupportedException();

    public Task Leave(string silo) => throw new NotSupportedException();

    public Task Change(string silo, ImmutableArray<RouteEntry> entries) => throw new NotSupportedException();

    public Task<RoutePage> Read(string silo, int from) => throw new NotSupportedException();
}

/// <summary>What the edge has noted.</summary>
internal sealed class TestAudit : IAuditGrain
{
    public ConcurrentQueue<AuditEntry> Entries { get; } = new();

    public Task Note(ImmutableArray<AuditEntry> entries)
    {
        Assert.True(Permissions.MayNote(Caller.Current!, "default"));
        Array.ForEach([.. entries], Entries.Enqueue);
        return Task.CompletedTask;
    }

    public Task<AuditPage> List(AuditQuery query) => throw new NotSupportedException();
}

/// <summary>One call of Publish, to be answered by the test.</summary>
internal sealed class PublishCall(ImmutableArray<TelemetryMessage> messages, Caller? caller)
{
    private readonly TaskCompletionSource<PublishResult> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ImmutableArray<TelemetryMessage> Messages => messages;

    public Caller? Caller => caller;

    public Task<PublishResult> Answer => _answer.Task;

    public IEnumerable<string> Payloads => messages.Select(message => System.Text.Encoding.UTF8.GetString(message.Payload.Span));

    /// <summary>Everything is durable.</summary>
    public void Complete() => _answer.SetResult(PublishResult.AllStored);

    public void Refuse(params PublishFailure[] failures) => _answer.SetResult(new PublishResult([.. failures]));

    public void Throw(Exception e) => _answer.SetException(e);
}

/// <summary>One call of Release, likewise.</summary>
internal sealed class ReleaseCall(ImmutableArray<ushort> ids)
{
    private readonly TaskCompletionSource _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IEnumerable<ushort> Ids => ids;

    public Task Answer => _answer.Task;

    public void Complete() => _answer.SetResult();

    public void Throw(Exception e) => _answer.SetException(e);
}

/// <summary>
/// A device whose key is "key", that stores everything, grants every subscription and has nothing to send, unless the test
/// says otherwise.
/// </summary>
internal sealed class TestDevice : IDeviceGrain, IUserClientGrain
{
    private readonly Channel<PublishCall> _publishes = Channel.CreateUnbounded<PublishCall>();
    private readonly Channel<ReleaseCall> _releases = Channel.CreateUnbounded<ReleaseCall>();
    private readonly Channel<(string ConnectionId, ClientDisconnect Disconnect)> _disconnects =
        Channel.CreateUnbounded<(string, ClientDisconnect)>();

    /// <summary>Whether the test answers each Publish and Release itself.</summary>
    public bool ByHand { get; set; }

    /// <summary>What Connect throws, or waits for.</summary>
    public Func<Task> OnConnect { get; set; } = () => Task.CompletedTask;

    /// <summary>By which name the connection is known from then on.</summary>
    public Func<ClientConnect, string?> Knows { get; set; } = _ => null;

    /// <summary>What Connect finds.</summary>
    public SessionOpened Session { get; set; } = new("meter-7/c", IsPresent: false, IsDurable: false, [], [], [], Sent: 0, Last: 0);

    public Func<ImmutableArray<Subscription>, Task<SubscribeResult>> OnSubscribe { get; set; } = subscriptions =>
        Task.FromResult(new SubscribeResult([.. subscriptions.Select(_ => new SubscribeOutcome(null, null, SendsRetained: false))], Last: 0));

    public Func<ImmutableArray<string>, Task<ImmutableArray<bool>>> OnUnsubscribe { get; set; } = filters =>
        Task.FromResult(ImmutableArray.CreateRange(filters.Select(_ => true)));

    /// <summary>What stands in the session's durable queue.</summary>
    public ImmutableArray<QueuedMessage> Queued { get; set; } = [];

    /// <summary>What Routed says.</summary>
    public Func<Task<long>> OnRouted { get; set; } = () => Task.FromResult(0L);

    /// <summary>What Retained throws, or waits for.</summary>
    public Func<Task> OnRetained { get; set; } = () => Task.CompletedTask;

    public Dictionary<string, ImmutableArray<TelemetryMessage>> RetainedByFilter { get; } = [];

    /// <summary>The last CONNECT that came.</summary>
    public ClientConnect? Connected { get; private set; }

    public Caller? ConnectCaller { get; private set; }

    public Caller? DisconnectCaller { get; private set; }

    public int Waiting => _publishes.Reader.Count;

    public int RefusedByTheEdge { get; private set; }

    /// <summary>Where the first of its refused messages wanted to go, and what the edge said of it.</summary>
    public (string Topic, string Why) LastRefusal { get; private set; }

    /// <summary>The next call of Publish, when it comes.</summary>
    public async Task<PublishCall> NextPublish() => await _publishes.Reader.ReadAsync(Soon());

    public async Task<ReleaseCall> NextRelease() => await _releases.Reader.ReadAsync(Soon());

    /// <summary>The next call of Disconnect, when it comes.</summary>
    public async Task<(string ConnectionId, ClientDisconnect Disconnect)> NextDisconnect() => await _disconnects.Reader.ReadAsync(Soon());

    /// <summary>Ends the connection as the grain does.</summary>
    public Task End(ConnectionEnd why) => Connected!.Edge.End(Connected.ConnectionId, why);

    public async Task<SessionOpened> Connect(ClientConnect connect)
    {
        ConnectCaller = Caller.Current;
        await OnConnect();
        if (connect.Credential is { Kind: CredentialKind.Key, Secret: not "key" })
        {
            throw new FailureException(Failure.NotSignedIn, "There is no such device, or this is not its key.");
        }

        Connected = connect;
        return Session with { CalledAs = Knows(connect) };
    }

    public Task Disconnect(string connectionId, ClientDisconnect disconnect)
    {
        DisconnectCaller = Caller.Current;
        _disconnects.Writer.TryWrite((connectionId, disconnect));
        return Task.CompletedTask;
    }

    public Task<PublishResult> Publish(string connectionId, ImmutableArray<TelemetryMessage> messages)
    {
        var call = new PublishCall(messages, Caller.Current);
        if (!ByHand)
        {
            call.Complete();
        }

        _publishes.Writer.TryWrite(call);
        return call.Answer;
    }

    public Task Release(string connectionId, ImmutableArray<ushort> packetIds)
    {
        var call = new ReleaseCall(packetIds);
        if (!ByHand)
        {
            call.Complete();
        }

        _releases.Writer.TryWrite(call);
        return call.Answer;
    }

    public Task Refused(int messages, string topic, string why)
    {
        RefusedByTheEdge += messages;
        LastRefusal = (topic, why);
        return Task.CompletedTask;
    }

    public Task<SubscribeResult> Subscribe(string connectionId, ImmutableArray<Subscription> subscriptions) => OnSubscribe(subscriptions);

    public Task<ImmutableArray<bool>> Unsubscribe(string connectionId, ImmutableArray<string> filters) => OnUnsubscribe(filters);

    public async Task<RetainedPage> Retained(string connectionId, string filter, string? from)
    {
        await OnRetained();
        return new RetainedPage(RetainedByFilter.GetValueOrDefault(filter, []), Next: null);
    }

    public Task<ImmutableArray<QueuedMessage>> Queue(string connectionId, long after, int count) =>
        Task.FromResult(ImmutableArray.CreateRange(Queued.Where(queued => queued.Number > after).Take(count)));

    public Task Settle(string connectionId, ImmutableArray<Settlement> settlements) => Task.CompletedTask;

    public Task<SessionOpened> Admit(ClientConnect connect) => throw new NotSupportedException();

    public Task<long> Routed(string connectionId) => OnRouted();

    public Task Due(string clientId) => throw new NotSupportedException();

    public Task EdgeLost(string edge) => throw new NotSupportedException();

    public Task<string> Register(DeviceRegistration registration) => throw new NotSupportedException();

    public Task Change(DeviceChange change) => throw new NotSupportedException();

    public Task<string> RenewKey() => throw new NotSupportedException();

    public Task Remove() => throw new NotSupportedException();

    public Task SignOut(ImmutableArray<string> sessions) => throw new NotSupportedException();

    public Task<DeviceSnapshot> Get() => throw new NotSupportedException();

    public Task<string> CredentialId() => throw new NotSupportedException();

    /// <summary>Longer than anything takes that comes at all.</summary>
    private static CancellationToken Soon() => new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token;
}
