using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Gateway.Identity;

namespace OrleansIoT.Gateway.Devices;

/// <summary>What a query string asks of a list of devices.</summary>
internal static class FleetParameters
{
    private static readonly Dictionary<string, DeviceStanding> Standings = new()
    {
        ["connected"] = DeviceStanding.Connected,
        ["away"] = DeviceStanding.Away,
        ["never"] = DeviceStanding.Never,
    };

    private static readonly Dictionary<string, FleetOrder> Orders = new()
    {
        ["id"] = FleetOrder.Id,
        ["name"] = FleetOrder.Name,
        ["last_seen"] = FleetOrder.LastSeen,
        ["readings"] = FleetOrder.Readings,
        ["refusals"] = FleetOrder.Refusals,
    };

    /// <returns>Null where the directory has the answer as it is: everything, by id.</returns>
    /// <exception cref="FailureException">Invalid: one of them is none.</exception>
    public static FleetQuery? Parse(string? search, string? state, string? sort, string? order, string? limit, string? cursor)
    {
        DeviceStanding? standing = string.IsNullOrEmpty(state) ? null : Of(Standings, "state", state);
        var by = string.IsNullOrEmpty(sort) ? FleetOrder.Id : Of(Orders, "sort", sort);
        var isDescending = order switch
        {
            null or "" or "asc" => false,
            "desc" => true,
            _ => throw new FailureException(Failure.Invalid, "'order' is asc or desc."),
        };
        return standing is null && by == FleetOrder.Id && !isDescending
            ? null
            : new FleetQuery(
                DirectoryPages.Search(search), standing, by, isDescending, DirectoryPages.Size.Parse(limit),
                string.IsNullOrEmpty(cursor) ? null : cursor);
    }

    private static T Of<T>(Dictionary<string, T> names, string parameter, string name) => names.TryGetValue(name, out var value)
        ? value
        : throw new FailureException(Failure.Invalid, $"'{parameter}' is one of: {string.Join(", ", names.Keys)}.");
}
