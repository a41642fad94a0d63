using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.Faults.Nemesis;
using OrleansIoT.Faults.Recording;
using OrleansIoT.Faults.Systems;

namespace OrleansIoT.Faults.Workload;

/// <summary>All clients of a run: devices, subscribers, a controller, readers, and the same in a second tenant that knows nothing of it.</summary>
internal sealed class Fleet : IClientConnections, IAsyncDisposable
{
    /// <summary>Of a session's subscriptions, each device takes two.</summary>
    private const int DevicesPerListener = 45;

    private readonly Topology _system;
    private readonly Ledger _ledger;
    private readonly FleetSize _size;
    private readonly Random _random;
    private readonly string _run = $"f{DateTimeOffset.UtcNow.ToUnixTimeSeconds():x}";
    private readonly List<Device> _devices = [];
    private readonly List<Listener> _listeners = [];
    private readonly List<Api> _apis = [];
    private readonly Dictionary<string, Api> _tenants = [];
    private Controller _controller = null!;
    private Registers _registers = null!;

    private Fleet(Topology system, Ledger ledger, FleetSize size, int seed) =>
        (_system, _ledger, _size, _random) = (system, ledger, size, new Random(seed));

    /// <summary>Devices by tenant and topic: everything that may have been stored.</summary>
    public IReadOnlyDictionary<string, Api> TenantApis => _tenants;

    public IReadOnlyList<Listener> Listeners => _listeners;

    public IReadOnlyList<Subscriber> Subscribers =>
    [
        .. _listeners.Select(listener => listener.Evidence),
        .. _devices.Select(device => new Subscriber(
            device.Session.Identity.Id,
            device.Session.Identity.Tenant,
            [Device.TopicOf(device.Session.Identity.Id, "cmd")],
            Qos.AtLeastOnce,
            null,
            [.. device.Session.Client.Received.Select(Listener.ArrivalOf)])),
    ];

    public IReadOnlyList<Resumption> Resumptions => [.. Sessions.SelectMany(session => session.Resumptions)];

    public IReadOnlyList<string> Violations => [.. Sessions.Select(session => session.Violation).OfType<string>()];

    private IEnumerable<Session> Sessions => _devices.Select(device => device.Session)
        .Concat(_listeners.Select(listener => listener.Session)).Append(_controller.Session);

    /// <summary>Registers everybody and connects them; subscribers are there before anything is published.</summary>
    public static async Task<Fleet> Create(Topology system, Ledger ledger, FleetSize size, int seed, CancellationToken cancellation)
    {
        if (size.Devices > DevicesPerListener * size.Subscribers)
        {
            throw new ArgumentException($"{size.Devices} devices need {(size.Devices + DevicesPerListener - 1) / DevicesPerListener} subscribers or more.");
        }

        var fleet = new Fleet(system, ledger, size, seed);
        await fleet.Populate(cancellation);
        await Task.WhenAll(fleet._listeners.Select(listener => listener.Begin(cancellation)));
        await Parallel.ForEachAsync(fleet._devices, cancellation, async (device, token) => await device.Begin(token));
        await fleet._controller.Session.Begin(cancellation);
        return fleet;
    }

    /// <summary>Everybody does what it does, until told to stop and everything is acknowledged.</summary>
    public async Task Run(CancellationToken stopping, CancellationToken giveUp)
    {
        var readers = _devices.Where(device => device.Session.Identity.Tenant == Tenants.Default).ToList();
        await Task.WhenAll(
        [
            .. _devices.Select(device => device.Run(_size.DevicePeriod, stopping, giveUp)),
            _controller.Run(_size.ReaderPeriod, stopping, giveUp),
            .. Enumerable.Range(0, _size.Readers).Select(_ =>
                new Reader(_tenants[Tenants.Default], _ledger, readers, _random.Next()).Run(_size.ReaderPeriod, stopping)),
            _registers.Run(_size.ReaderPeriod * 2, stopping),
            .. _listeners.Select((listener, i) => (i % 10) switch
            {
                3 => listener.ComeAndGo(stopping),
                5 => listener.Dawdle(stopping),
                _ => Task.CompletedTask,
            }),
        ]);
    }

    public void Reset(double part)
    {
        foreach (var session in Chosen(part))
        {
            _ = session.Reset();
        }
    }

    public void Cut(double part)
    {
        foreach (var session in Chosen(part))
        {
            _ = session.CutSoon(_random.Next(1, 400), _random.Next(2) == 0);
        }
    }

    /// <summary>What a newcomer is told of the states that the devices retained.</summary>
    public async Task<IReadOnlyList<Retained>> ReadRetained(CancellationToken cancellation)
    {
        var wanted = _ledger.Operations.OfType<Publication>()
            .Where(publication => publication is { IsRetained: true, Outcome: Outcome.Ok })
            .Select(publication => (publication.Message.Tenant, publication.Message.Topic)).ToHashSet();
        var found = new List<Retained>();
        foreach (var listener in _listeners.Where(listener => listener.Evidence.Group is null))
        {
            var topics = wanted.Where(topic => listener.Evidence.Wants(new MessageId(topic.Tenant, topic.Topic, 0))).ToList();
            await listener.Session.Leave(); // a device has one connection
            found.AddRange(await RetainedReader.Read(_system.Edges, listener.Session.Identity, topics, cancellation));
        }

        return found;
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(
        [
            .. _devices.Select(device => device.DisposeAsync().AsTask()),
            .. _listeners.Select(listener => listener.DisposeAsync().AsTask()),
            _controller.DisposeAsync().AsTask(),
        ]);
        foreach (var api in _apis)
        {
            api.Dispose();
        }
    }

    private async Task Populate(CancellationToken cancellation)
    {
        var installation = Enter(Tenants.Default, "admin@localhost", _system.AdminPassword);
        var ids = Enumerable.Range(0, _size.Devices).Select(i => $"{_run}-d{i}").ToList();
        await AddDevices(installation, Tenants.Default, ids, cancellation);
        for (var i = 0; i < _size.Subscribers; i++)
        {
            var mine = ids.Where((_, device) => device % _size.Subscribers == i).ToList();
            await AddListener(installation, Tenants.Default, $"{_run}-s{i}", [.. mine.SelectMany(Heard)], i % 2 == 0 ? Qos.ExactlyOnce : Qos.AtLeastOnce, null, cancellation);
        }

        foreach (var member in new[] { "a", "b" })
        {
            List<string> shared = [.. ids.Take(DevicesPerListener).Select(id => Device.TopicOf(id, "t"))];
            await AddListener(installation, Tenants.Default, $"{_run}-shared-{member}", shared, Qos.ExactlyOnce, "g", cancellation);
        }

        var controller = await Register(installation, Tenants.Default, $"{_run}-controller", ["devices/+/cmd"], [], cancellation);
        _controller = new Controller(SessionOf(controller, MqttVersion.V500), ids, _random.Next());
        _registers = new Registers(installation, _ledger);
        await _registers.Create(4, _run, cancellation);
        await AddNeighbours(installation, ids, cancellation);
    }

    /// <summary>Another tenant, whose devices have the same names and topics.</summary>
    private async Task AddNeighbours(Api installation, List<string> ids, CancellationToken cancellation)
    {
        var email = $"admin@{_run}.example";
        var created = await installation.Demand(HttpMethod.Post, "/tenants", new { name = _run, admin_email = email }, cancellation);
        var neighbours = Enter(_run, email, created.GetProperty("admin").GetProperty("password").GetString()!);
        await AddDevices(neighbours, _run, [.. ids.Take(5)], cancellation);
        await AddListener(neighbours, _run, $"{_run}-s", ["devices/#"], Qos.ExactlyOnce, null, cancellation);
    }

    private Api Enter(string tenant, string email, string password)
    {
        var api = new Api(_system.Gateways, _ledger, tenant, email, password);
        _apis.Add(api);
        return _tenants[tenant] = api;
    }

    private async Task AddDevices(Api api, string tenant, List<string> ids, CancellationToken cancellation)
    {
        var first = _devices.Count;
        var identities = new Identity[ids.Count];
        await Parallel.ForAsync(0, ids.Count, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = cancellation }, async (i, token) =>
            identities[i] = await Register(api, tenant, ids[i], [], [], token));
        for (var i = 0; i < ids.Count; i++)
        {
            var session = SessionOf(identities[i], i % 3 == 0 ? MqttVersion.V311 : MqttVersion.V500);
            _devices.Add(new Device(session, _ledger, first + i, ids[(i + 1) % ids.Count], _random.Next()));
        }
    }

    private async Task AddListener(
        Api api, string tenant, string id, List<string> filters, Qos granted, string? group, CancellationToken cancellation)
    {
        var identity = await Register(api, tenant, id, [], filters, cancellation);
        _listeners.Add(new Listener(SessionOf(identity, MqttVersion.V500), filters, granted, group));
    }

    private static async Task<Identity> Register(
        Api api, string tenant, string id, IReadOnlyList<string> publish, IReadOnlyList<string> subscribe, CancellationToken cancellation)
    {
        var answer = await api.Demand(HttpMethod.Post, "/devices", new { id, publish, subscribe }, cancellation);
        return new Identity(tenant, id, answer.GetProperty("key").GetString()!);
    }

    private Session SessionOf(Identity identity, MqttVersion version) => new(_system.Edges, _ledger, identity, version, _random.Next());

    private List<Session> Chosen(double part) => [.. Sessions.Where(_ => _random.NextDouble() < part)];

    private static IEnumerable<string> Heard(string device) => [Device.TopicOf(device, "t"), Device.TopicOf(device, "state")];
}
