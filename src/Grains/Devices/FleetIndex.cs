using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.History;
using OrleansIoT.Identity;

namespace OrleansIoT.Grains.Devices;

/// <summary>A registered device as the fleet knows it.</summary>
internal sealed record FleetDevice(
    string Id, string Name, DateTimeOffset? CreatedAt, DeviceStanding Standing, DateTimeOffset? LastSeen, long Readings, long Refusals,
    DateTimeOffset? LastRefusedAt);

/// <summary>The devices of a tenant at one moment, and their orders as far as somebody has asked for them.</summary>
internal sealed class FleetIndex
{
    private readonly FleetDevice[] _devices;
    private readonly Dictionary<FleetOrder, FleetDevice[]> _orders = [];

    private FleetIndex(FleetDevice[] devices, long readings)
    {
        (_devices, Readings) = (devices, readings);
        Refusals = devices.Sum(device => device.Refusals);
    }

    public IReadOnlyList<FleetDevice> Devices => _devices;

    /// <summary>Of the tenant.</summary>
    public long Readings { get; }

    public long Refusals { get; }

    /// <param name="entries">Who is registered.</param>
    /// <param name="activity">Who has stored what.</param>
    /// <param name="presence">What silos say of a device; each of those that know it.</param>
    public static FleetIndex Of(
        IReadOnlyList<DirectoryEntry> entries, IReadOnlyList<DeviceActivity> activity, ILookup<string, DevicePresence> presence)
    {
        var stored = new Dictionary<string, DeviceActivity>(activity.Count);
        var readings = 0L;
        foreach (var device in activity)
        {
            stored[device.Device] = device;
            readings += device.Readings;
        }

        var devices = new FleetDevice[entries.Count];
        for (var i = 0; i < devices.Length; i++)
        {
            var entry = entries[i];
            var has = stored.TryGetValue(entry.Id, out var own);
            DateTimeOffset? lastSeen = has ? own.LastReceivedAt : entry.SeenAt;
            DateTimeOffset? refusedAt = null;
            var (connected, refusals) = (false, 0L);
            foreach (var here in presence[entry.Id])
            {
                connected |= here.ConnectedSince is not null;
                refusals += here.Refusals;
                lastSeen = Later(lastSeen, here.LastSeen);
                refusedAt = Later(refusedAt, here.LastRefusedAt);
            }

            var standing = connected ? DeviceStanding.Connected : lastSeen is null ? DeviceStanding.Never : DeviceStanding.Away;
            devices[i] = new FleetDevice(
                entry.Id, entry.Title, entry.CreatedAt, standing, lastSeen, has ? own.Readings : 0, refusals, refusedAt);
        }

        return new FleetIndex(devices, readings);
    }

    public FleetPage List(FleetQuery query)
    {
        var ordered = Ordered(query.Order);
        var sign = query.Descending ? -1 : 1;
        var page = ImmutableArray.CreateBuilder<string>();
        FleetDevice? last = null;
        for (var i = FirstBehind(ordered, query); i >= 0 && i < ordered.Length; i += sign)
        {
            var device = ordered[i];
            if ((query.Standing is { } standing && device.Standing != standing) || !Matches(device, query.Search))
            {
                continue;
            }

            if (page.Count == query.Limit)
            {
                return new FleetPage(page.ToImmutable(), CursorOf(query.Order, last!));
            }

            page.Add(device.Id);
            last = device;
        }

        return new FleetPage(page.ToImmutable(), null);
    }

    private static DateTimeOffset? Later(DateTimeOffset? one, DateTimeOffset? other) => one is null || other > one ? other ?? one : one;

    private static bool Matches(FleetDevice device, string? search) =>
        search is null
        || device.Id.Contains(search, StringComparison.OrdinalIgnoreCase)
        || device.Name.Contains(search, StringComparison.OrdinalIgnoreCase);

    private FleetDevice[] Ordered(FleetOrder order)
    {
        if (!_orders.TryGetValue(order, out var ordered))
        {
            ordered = [.. _devices];
            Array.Sort(ordered, (one, other) => Compare(order, one, other));
            _orders.Add(order, ordered);
        }

        return ordered;
    }

    private static int Compare(FleetOrder order, FleetDevice one, FleetDevice other)
    {
        var first = order == FleetOrder.Name
            ? string.Compare(one.Name, other.Name, StringComparison.OrdinalIgnoreCase)
            : NumberOf(order, one).CompareTo(NumberOf(order, other));
        return first != 0 ? first : string.CompareOrdinal(one.Id, other.Id);
    }

    private static long NumberOf(FleetOrder order, FleetDevice device) => order switch
    {
        FleetOrder.LastSeen => device.LastSeen?.UtcTicks ?? 0,
        FleetOrder.Readings => device.Readings,
        FleetOrder.Refusals => device.Refusals,
        _ => 0,
    };

    /// <summary>A cursor is a place by value, so it holds when the device at it moves, or goes.</summary>
    private static int FirstBehind(FleetDevice[] ordered, FleetQuery query)
    {
        if (query.Cursor is null)
        {
            return query.Descending ? ordered.Length - 1 : 0;
        }

        var place = PlaceOf(query.Order, query.Cursor);
        var (low, high) = (0, ordered.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            var compared = Compare(query.Order, ordered[middle], place);
            (low, high) = compared < 0 || (compared == 0 && !query.Descending) ? (middle + 1, high) : (low, middle);
        }

        return query.Descending ? low - 1 : low;
    }

    private static string CursorOf(FleetOrder order, FleetDevice device)
    {
        var key = order == FleetOrder.Name ? device.Name : NumberOf(order, device).ToString(CultureInfo.InvariantCulture);
        return System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes($"{device.Id}\n{key}"));
    }

    private static FleetDevice PlaceOf(FleetOrder order, string cursor)
    {
        try
        {
            var parts = Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(cursor)).Split('\n', 2);
            if (parts is [{ Length: > 0 } id, var key])
            {
                var number = order == FleetOrder.Name ? 0 : long.Parse(key, NumberStyles.None, CultureInfo.InvariantCulture);
                return new FleetDevice(
                    id, order == FleetOrder.Name ? key : "", null, default,
                    order == FleetOrder.LastSeen && number > 0 ? new DateTimeOffset(number, TimeSpan.Zero) : null, number, number, null);
            }
        }
        catch (Exception e) when (e is FormatException or OverflowException or ArgumentException)
        {
            // It is none.
        }

        throw new FailureException(Failure.Invalid, "'cursor' is the 'next' of an earlier page of the same list.");
    }
}
