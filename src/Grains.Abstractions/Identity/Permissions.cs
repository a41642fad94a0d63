using OrleansIoT.Topics;

namespace OrleansIoT.Identity;

/// <summary>
/// Who may do what, as pure functions. A grain asks them with its own tenant; a caller of another tenant may nothing,
/// and the grain answers it as if the thing did not exist.
/// </summary>
public static class Permissions
{
    public static bool IsSystem(Caller caller) => caller.Roles.HasFlag(Roles.System);

    /// <summary>Belongs to the tenant, so that a refusal may be an open one.</summary>
    public static bool MayKnowOf(Caller caller, string tenant) => IsSystem(caller) || caller.Tenant == tenant;

    public static bool MayCheckCredentials(Caller caller, string tenant) =>
        MayKnowOf(caller, tenant) && (caller.Roles & (Roles.SignIn | Roles.System)) != 0;

    public static bool MayReadTelemetry(Caller caller, string tenant) =>
        MayKnowOf(caller, tenant)
        && (caller.Roles & (Roles.Viewer | Roles.Operator | Roles.Admin | Roles.System)) != 0;

    public static bool MaySeeDevices(Caller caller, string tenant) => MayReadTelemetry(caller, tenant);

    public static bool MayManageDevices(Caller caller, string tenant) =>
        MayKnowOf(caller, tenant) && (caller.Roles & (Roles.Operator | Roles.Admin | Roles.System)) != 0;

    public static bool MayManageUsers(Caller caller, string tenant) =>
        MayKnowOf(caller, tenant) && (caller.Roles & (Roles.Admin | Roles.System)) != 0;

    /// <summary>Everybody sees their own record, administrators see all of their tenant's.</summary>
    public static bool MaySeeUser(Caller caller, string tenant, string userId) =>
        MayManageUsers(caller, tenant)
        || (caller.Kind == CallerKind.User && caller.Tenant == tenant && caller.Subject == userId);

    /// <summary>Only the device itself speaks as the device.</summary>
    public static bool IsDevice(Caller caller, string tenant, string device) =>
        caller.Kind == CallerKind.Device && caller.Tenant == tenant && caller.Subject == device;

    /// <summary>Readings enter a topic's history from devices of the same tenant; the device grain has checked its grants.</summary>
    public static bool MayAppend(Caller caller, string tenant) =>
        IsSystem(caller) || (caller.Kind == CallerKind.Device && caller.Tenant == tenant);

    /// <summary>
    /// A device publishes below <c>devices/{itself}/</c> and to the topics that a grant matches. Topics that begin with
    /// <c>$</c> are the server's own (MQTT 5.0 section 4.7.2).
    /// </summary>
    public static bool MayPublish(string device, IEnumerable<string> grants, string topic)
    {
        if (topic.StartsWith('$'))
        {
            return false;
        }

        return IsOwn(device, topic) || grants.Any(grant => TopicFilter.Matches(grant, topic));
    }

    private static bool IsOwn(string device, ReadOnlySpan<char> topic) =>
        topic.StartsWith("devices/")
        && topic[8..].StartsWith(device)
        && topic.Length > 8 + device.Length
        && topic[8 + device.Length] == '/';
}
