using System.Collections.Concurrent;
using System.Collections.Immutable;
using OrleansIoT.Devices;
using OrleansIoT.Failures;

namespace OrleansIoT.Grains.Devices;

/// <summary>
/// What this silo knows of devices that no store has: who is connected, who was refused what. The grains of devices say so
/// directly, without a call and without a write; <see cref="FleetReporter"/> passes on what has changed.
/// </summary>
public sealed class Presence
{
    private readonly ConcurrentDictionary<string, TenantPresence> _tenants = new();

    public TenantPresence Of(string tenant) => _tenants.GetOrAdd(tenant, static _ => new TenantPresence());

    internal IEnumerable<(string Tenant, TenantPresence Presence)> All => _tenants.Select(pair => (pair.Key, pair.Value));
}

/// <summary>Of one tenant. For any number of threads.</summary>
public sealed class TenantPresence
{
    /// <summary>The most refusals between two reports that are told one by one.</summary>
    private const int MaxRefusals = 50;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, DevicePresence> _devices = [];
    private readonly HashSet<string> _changed = [];
    private readonly Queue<DeviceRefusal> _refusals = [];
    private long _readings;

    public void Stored(int readings) => Interlocked.Add(ref _readings, readings);

    public void Changed(string device, DateTimeOffset? connectedSince, DateTimeOffset? lastSeen) =>
        Put(Find(device) with { ConnectedSince = connectedSince, LastSeen = lastSeen });

    public void Refused(string device, int messages, DateTimeOffset at, string? topic, Failure failure, string detail)
    {
        lock (_gate)
        {
            var before = Find(device);
            Put(before with { Refusals = before.Refusals + messages, LastRefusedAt = at });
            _refusals.Enqueue(new DeviceRefusal(at, device, topic, failure, detail));
            if (_refusals.Count > MaxRefusals)
            {
                _refusals.Dequeue();
            }
        }
    }

    /// <summary>How often something of the device was refused here.</summary>
    public long RefusalsOf(string device) => Find(device).Refusals;

    /// <summary>It is registered no more.</summary>
    public void Removed(string device)
    {
        lock (_gate)
        {
            if (_devices.Remove(device))
            {
                _changed.Add(device);
            }
        }
    }

    /// <summary>What has changed since the last one.</summary>
    internal FleetReport Report(Guid silo, bool isComplete)
    {
        lock (_gate)
        {
            IEnumerable<DevicePresence> devices = isComplete ? _devices.Values : _changed.Select(Find);
            var report = new FleetReport(silo, isComplete, [.. devices], [.. _refusals], Interlocked.Read(ref _readings));
            _changed.Clear();
            _refusals.Clear();
            return report;
        }
    }

    /// <summary>A report was not heard.</summary>
    internal void Return(FleetReport unheard)
    {
        lock (_gate)
        {
            _changed.UnionWith(unheard.Devices.Select(device => device.Device));
            foreach (var refusal in unheard.Refusals.Take(MaxRefusals - _refusals.Count))
            {
                _refusals.Enqueue(refusal);
            }
        }
    }

    private DevicePresence Find(string device)
    {
        lock (_gate)
        {
            return _devices.GetValueOrDefault(device) ?? new DevicePresence(device, null, null, 0, null);
        }
    }

    private void Put(DevicePresence device)
    {
        lock (_gate)
        {
            _devices[device.Device] = device;
            _changed.Add(device.Device);
        }
    }
}
