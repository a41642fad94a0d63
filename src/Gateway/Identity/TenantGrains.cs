using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Identity;
using OrleansIoT.Topics;

namespace OrleansIoT.Gateway.Identity;

/// <summary>
/// The grains of the caller's own tenant, and a route's only way to a grain: what a URL or a body says never chooses
/// the tenant.
/// </summary>
internal sealed class TenantGrains(IGrainFactory grains)
{
    public IDirectoryGrain Devices => grains.Devices(Tenant);

    public IFleetGrain Fleet => grains.Fleet(Tenant);

    public IDirectoryGrain Users => grains.Users(Tenant);

    public IDirectoryGrain ServiceAccounts => grains.ServiceAccounts(Tenant);

    public IAuditGrain Audit => grains.Audit(Tenant);

    public ITopicListGrain Topics => grains.Topics(Tenant);

    public static string Tenant =>
        Caller.Current?.Tenant ?? throw new InvalidOperationException("A route asks for a grain and nobody is calling.");

    public IDeviceGrain Device(string id) => grains.Device(Tenant, id);

    public IUserGrain User(string email) => grains.User(Tenant, email);

    /// <summary>The user with this id, whose grain goes by its email; null when there is none, or none that the caller may see.</summary>
    public async Task<IUserGrain?> FindUser(string id) => await Users.Find(id) is { } entry ? User(entry.GrainName) : null;

    /// <summary>The user with this id, if the caller may see it.</summary>
    /// <exception cref="FailureException">NotFound.</exception>
    public async Task<IUserGrain> SeenUser(string id)
    {
        // A deletion that was cut off may have left a name behind, under which somebody else may be by now.
        var user = await FindUser(id) ?? throw NoUser();
        return (await user.Get()).Id == id ? user : throw NoUser();
    }

    public static FailureException NoUser() => new(Failure.NotFound, "There is no such user.");

    /// <summary>The caller's own grain.</summary>
    /// <exception cref="FailureException">Forbidden: the caller is no user of ours, as a service account.</exception>
    public async Task<IUserGrain> Self() => Caller.Current is { Kind: CallerKind.User } caller && await FindUser(caller.Subject) is { } user
        ? user
        : throw new FailureException(Failure.Forbidden, "This is for users who are registered here.");

    public IServiceAccountGrain ServiceAccount(string id) => grains.ServiceAccount(Tenant, id);

    public ITopicGrain Topic(string topic) => grains.Topic(Tenant, topic);
}
