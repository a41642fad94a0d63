using System.Collections.Immutable;
using System.Globalization;
using Orleans.Concurrency;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Grains.Identity;
using OrleansIoT.History;
using OrleansIoT.Identity;

namespace OrleansIoT.Grains.Devices;

/// <summary>
/// The index is made out of the stores, which have everything of before this activation, and of the silos' reports, which have
/// the rest. It is made anew at most every two seconds, and takes at most a tenth of the time, so a fleet of any size costs little
/// while somebody looks at it and nothing while nobody does.
/// </summary>
[Reentrant]
public sealed class FleetGrain(ITelemetryHistory history, IDirectory directory, TimeProvider clock) : TenantGrain, IFleetGrain
{
    private const int MostListed = 50;
    private const string Seers = "the role viewer, operator or admin";

    private static readonly TimeSpan Least = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan SiloPatience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Silence = TimeSpan.FromHours(1);
    private static readonly TimeSpan RateWindow = TimeSpan.FromSeconds(10);

    private readonly Dictionary<Guid, SiloPresence> _silos = [];
    private readonly LinkedList<DeviceRefusal> _refusals = [];
    private FleetIndex? _index;
    private Task<FleetIndex>? _making;
    private long _madeAt;
    private TimeSpan _took;

    public async Task<FleetSummary> Summary()
    {
        Demand(Permissions.MaySeeDevices, Seers);
        var index = await Index();
        var standings = index.Devices.CountBy(device => device.Standing).ToDictionary();
        return new FleetSummary(
            index.Devices.Count,
            standings.GetValueOrDefault(DeviceStanding.Connected),
            standings.GetValueOrDefault(DeviceStanding.Away),
            standings.GetValueOrDefault(DeviceStanding.Never),
            index.Readings,
            Silos().Sum(silo => silo.Rate(clock.GetUtcNow())),
            index.Refusals,
            [.. _refusals],
            Attention(index));
    }

    public async Task<FleetPage> List(FleetQuery query)
    {
        Demand(Permissions.MaySeeDevices, Seers);
        return query.Limit is >= 1 and <= FleetQuery.MaxLimit && Enum.IsDefined(query.Order)
            ? (await Index()).List(query)
            : throw new FailureException(Failure.Invalid, $"limit is 1 to {FleetQuery.MaxLimit}.");
    }

    public Task<bool> Report(FleetReport report)
    {
        Demand((caller, _) => Permissions.IsSystem(caller));
        if (!_silos.TryGetValue(report.Silo, out var silo))
        {
            if (!report.IsComplete)
            {
                return Task.FromResult(false);
            }

            _silos.Add(report.Silo, silo = new SiloPresence());
        }

        silo.Take(report, clock.GetUtcNow());
        foreach (var refusal in report.Refusals)
        {
            _refusals.AddFirst(refusal);
            if (_refusals.Count > MostListed)
            {
                _refusals.RemoveLast();
            }
        }

        return Task.FromResult(true);
    }

    protected override FailureException NotFound() => new(Failure.NotFound, "There is no such fleet.");

    private IEnumerable<SiloPresence> Silos()
    {
        var now = clock.GetUtcNow();
        foreach (var (id, silo) in _silos.ToArray())
        {
            if (now - silo.HeardAt > SiloPatience)
            {
                _silos.Remove(id); // it has died, and its connections with it
            }
            else
            {
                yield return silo;
            }
        }
    }

    private Task<FleetIndex> Index()
    {
        var patience = _took * 10 > Least ? _took * 10 : Least;
        if (_index is not null && clock.GetElapsedTime(_madeAt) < patience)
        {
            return Task.FromResult(_index);
        }

        return _making is { IsCompleted: false } ? _making : _making = Make();
    }

    private async Task<FleetIndex> Make()
    {
        var begun = clock.GetTimestamp();
        var entries = directory.All(new GrainKey(Key.Tenant, "devices").ToString());
        var activity = await history.ReadDevices(Key.Tenant);
        var presence = Silos().SelectMany(silo => silo.Devices.Values).ToLookup(device => device.Device);
        _index = FleetIndex.Of(await entries, activity, presence);
        _madeAt = clock.GetTimestamp();
        _took = clock.GetElapsedTime(begun, _madeAt);
        return _index;
    }

    private ImmutableArray<FleetAttention> Attention(FleetIndex index)
    {
        var now = clock.GetUtcNow();
        var refusing = index.Devices.Where(device => now - device.LastRefusedAt < Silence)
            .OrderByDescending(device => device.LastRefusedAt)
            .Select(device => new FleetAttention(
                device.Id, device.Name, AttentionReason.Refusing, device.LastRefusedAt,
                string.Create(CultureInfo.InvariantCulture, $"{device.Refusals} refused since the server started.")));
        var silent = index.Devices
            .Where(device => device.Readings > 0 && now - device.LastSeen >= Silence)
            .OrderByDescending(device => device.LastSeen) // who fell silent last is news
            .Select(device => new FleetAttention(
                device.Id, device.Name, AttentionReason.Silent, device.LastSeen,
                device.Standing == DeviceStanding.Connected ? "It is connected and publishes nothing." : "It is away."));
        var never = index.Devices
            .Where(device => device.Standing == DeviceStanding.Never && !(now - device.CreatedAt < Silence))
            .OrderByDescending(device => device.CreatedAt)
            .Select(device => new FleetAttention(
                device.Id, device.Name, AttentionReason.NeverConnected, device.CreatedAt, "It was registered and has not come yet."));
        return [.. refusing.Concat(silent).Concat(never).DistinctBy(attention => attention.Device).Take(MostListed)];
    }

    /// <summary>What one silo has said.</summary>
    private sealed class SiloPresence
    {
        private readonly Queue<(DateTimeOffset At, long Readings)> _samples = [];

        public Dictionary<string, DevicePresence> Devices { get; private set; } = [];

        public DateTimeOffset HeardAt { get; private set; }

        public void Take(FleetReport report, DateTimeOffset now)
        {
            HeardAt = now;
            Devices = report.IsComplete ? [] : Devices;
            foreach (var device in report.Devices)
            {
                Devices[device.Device] = device;
            }

            _samples.Enqueue((now, report.Readings));
            while (_samples.Count > 2 && now - _samples.Peek().At > RateWindow)
            {
                _samples.Dequeue();
            }
        }

        public double Rate(DateTimeOffset now)
        {
            if (_samples.Count < 2 || now - HeardAt > RateWindow)
            {
                return 0;
            }

            var (first, last) = (_samples.Peek(), _samples.Last());
            var seconds = (last.At - first.At).TotalSeconds;
            return seconds > 0 ? Math.Round((last.Readings - first.Readings) / seconds, 1) : 0;
        }
    }
}
