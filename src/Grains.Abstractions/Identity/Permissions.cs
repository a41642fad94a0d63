using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using OrleansIoT.Topics;

namespace OrleansIoT.Identity;

/// <summary>
/// Who may do what, as pure functions. A grain asks them with its own tenant; a caller of another tenant may nothing,
/// and the grain answers it as if the thing did not exist.
/// </summary>
public static class Permissions
{
    public static bool IsSystem(Caller caller) => (caller.Roles & Roles.System) != 0;

    /// <summary>Belongs to the tenant, so that a refusal may be an open one.</summary>
    public static bool MayKnowOf(Caller caller, string tenant) => IsSystem(caller) || caller.Tenant == tenant;

    public static bool MayCheckCredentials(Caller caller, string tenant) =>
        MayKnowOf(caller, tenant) && (caller.Roles & (Roles.SignIn | Roles.System)) != 0;

    public static bool MayReadTelemetry(Caller caller, string tenant) =>
        MayKnowOf(caller, tenant)
        && (caller.Roles & (Roles.Viewer | Roles.Operator | Roles.Admin | Roles.System)) != 0;

    /// <summary>A topic that is not granted is for the caller one that does not exist.</summary>
    public static bool MayReadTopic(Caller caller, string tenant, string topic) =>
        MayReadTelemetry(caller, tenant) && TopicGrants.Allow(caller.Grants, topic);

    /// <summary>Who is narrowed passes on only what it has itself: a key that publishes elsewhere would be a way around.</summary>
    /// <param name="filters">What a device, whose credential the caller gets to know, may publish and subscribe to.</param>
    public static bool MayPassOn(Caller caller, IEnumerable<string> filters) =>
        filters.All(filter => filter is ['!', ..] || TopicGrants.AllowAll(caller.Grants, filter));

    public static bool MaySeeDevices(Caller caller, string tenant) => MayReadTelemetry(caller, tenant);

    public static bool MayManageDevices(Caller caller, string tenant) =>
        MayKnowOf(caller, tenant) && (caller.Roles & (Roles.Operator | Roles.Admin | Roles.System)) != 0;

    /// <summary>Users, service accounts and their rights. Who is narrowed gives nobody rights, or could give what it has not.</summary>
    public static bool MayManageUsers(Caller caller, string tenant) =>
        IsSystem(caller) || (caller.Tenant == tenant && (caller.Roles & Roles.Admin) != 0 && caller.Grants.IsDefaultOrEmpty);

    /// <summary>Tenants are made by the administrators of the installation's own one.</summary>
    public static bool MayManageTenants(Caller caller) => MayManageUsers(caller, GrainKey.DefaultTenant);

    /// <summary>What two sets of roles have in common, as of an account and of a token of its: an administrator may what operators may, and they what viewers may.</summary>
    public static Roles Both(Roles some, Roles others) => Implied(some) & Implied(others);

    /// <summary>Everything that may be given to somebody: what comes from outside is never the system and checks no credentials.</summary>
    public static bool AreRoles(Roles roles) => (roles & ~(Roles.Viewer | Roles.Operator | Roles.Admin)) == 0;

    /// <summary>Whoever checks credentials says who did what; nobody else can add to the audit.</summary>
    public static bool MayNote(Caller caller, string tenant) => MayCheckCredentials(caller, tenant);

    public static bool MayReadAudit(Caller caller, string tenant) => MayManageUsers(caller, tenant);

    /// <summary>Everybody sees their own record, administrators see all of their tenant's.</summary>
    public static bool MaySeeUser(Caller caller, string tenant, string userId) =>
        MayManageUsers(caller, tenant)
        || (caller.Kind == CallerKind.User && caller.Tenant == tenant && caller.Subject == userId);

    /// <summary>Only the device itself speaks as the device.</summary>
    public static bool IsDevice(Caller caller, string tenant, string device) =>
        caller.Kind == CallerKind.Device && caller.Tenant == tenant && caller.Subject == device;

    /// <summary>Only the user itself speaks as the user.</summary>
    public static bool IsUser(Caller caller, string tenant, string user) =>
        caller.Kind == CallerKind.User && caller.Tenant == tenant && caller.Subject == user;

    /// <summary>Likewise, or the service account; the ids of both are never the same.</summary>
    public static bool IsAccount(Caller caller, string tenant, string account) =>
        IsUser(caller, tenant, account)
        || (caller.Kind == CallerKind.Service && (caller.Roles & (Roles.SignIn | Roles.System)) == 0
            && caller.Tenant == tenant && caller.Subject == account);

    /// <summary>
    /// Readings enter a topic's history from devices of the same tenant and from accounts that may publish; the client's
    /// grain has checked the topic.
    /// </summary>
    public static bool MayAppend(Caller caller, string tenant) =>
        IsSystem(caller)
        || (caller.Tenant == tenant
            && (caller.Kind == CallerKind.Device || (caller.Roles & (Roles.Operator | Roles.Admin)) != 0));

    /// <summary>What an account may publish to over MQTT, as grants: operators send commands, viewers nothing.</summary>
    public static ImmutableArray<string> PublishGrantsOf(Caller caller) =>
        (caller.Roles & (Roles.Operator | Roles.Admin)) != 0 ? TopicGrants.OfDevice(caller.Grants) : [];

    /// <summary>What an account may subscribe to, as grants: whoever reads telemetry hears all of it that it is not narrowed from.</summary>
    public static ImmutableArray<string> SubscribeGrantsOf(Caller caller) =>
        (caller.Roles & (Roles.Viewer | Roles.Operator | Roles.Admin)) != 0 ? TopicGrants.OfDevice(caller.Grants) : [];

    /// <summary>
    /// A device publishes below <c>devices/{itself}/</c>, and everybody to the topics that a grant matches, unless a grant
    /// that begins with <c>!</c> matches too: a denial wins. No grant reaches <c>$SYS</c> and <c>$share</c>, and to another
    /// topic that begins with <c>$</c> only one that begins with <c>$</c> (MQTT 5.0 section 4.7.2).
    /// </summary>
    /// <param name="publisher">A device's id, or a name with a slash, which has no topics of its own.</param>
    /// <param name="grants">Topic filters; denials begin with <c>!</c>.</param>
    /// <param name="topic">A topic name.</param>
    public static bool MayPublish(string publisher, ImmutableArray<string> grants, string topic)
    {
        var may = IsOwn(publisher, topic) && !IsServers(topic);
        foreach (var grant in grants)
        {
            if (grant is ['!', ..])
            {
                if (TopicFilter.Matches(grant.AsSpan(1), topic))
                {
                    return false;
                }
            }
            else
            {
                may = may || (!IsServers(topic) && TopicFilter.Matches(grant, topic));
            }
        }

        return may;
    }

    /// <summary>
    /// Likewise for a topic filter, all of which has to be granted. A denial refuses the filters that lie within it; of a
    /// wider filter it keeps back what it matches (<see cref="Denials"/>).
    /// </summary>
    /// <param name="filter">A topic filter, without <c>$share/{group}/</c>.</param>
    public static bool MaySubscribe(string publisher, ImmutableArray<string> grants, string filter)
    {
        var may = IsOwn(publisher, filter) && !IsServers(filter);
        foreach (var grant in grants)
        {
            if (grant is ['!', ..])
            {
                if (TopicFilter.Covers(grant.AsSpan(1), filter))
                {
                    return false;
                }
            }
            else
            {
                may = may || (!IsServers(filter) && TopicFilter.Covers(grant, filter));
            }
        }

        return may;
    }

    /// <summary>The topic filters that the denials among the grants name.</summary>
    public static ImmutableArray<string> Denials(ImmutableArray<string> grants) =>
        [.. from grant in grants where grant is ['!', ..] select grant[1..]];

    /// <param name="grant">The grant to check: a topic filter, perhaps with <c>!</c> in front.</param>
    /// <param name="why">What is wrong, as a sentence for the sender.</param>
    public static bool IsGrant(string grant, [NotNullWhen(false)] out string? why) =>
        TopicFilter.IsValid(grant is ['!', ..] ? grant[1..] : grant, out why);

    private static bool IsServers(string topic) => IsBelow(topic, "$SYS") || IsBelow(topic, "$share");

    private static bool IsBelow(string topic, string root) =>
        topic.StartsWith(root, StringComparison.Ordinal) && (topic.Length == root.Length || topic[root.Length] == '/');

    private static bool IsOwn(string device, ReadOnlySpan<char> topic) =>
        topic.StartsWith("devices/")
        && topic[8..].StartsWith(device)
        && topic.Length > 8 + device.Length
        && topic[8 + device.Length] == '/'
        && !device.Contains('/', StringComparison.Ordinal);

    private static Roles Implied(Roles roles) => roles
        | ((roles & Roles.Admin) != 0 ? Roles.Operator | Roles.Viewer : Roles.None)
        | ((roles & Roles.Operator) != 0 ? Roles.Viewer : Roles.None);
}
