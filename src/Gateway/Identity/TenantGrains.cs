using OrleansIoT.Devices;
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

    public IDirectoryGrain Users => grains.Users(Tenant);

    public IAuditGrain Audit => grains.Audit(Tenant);

    public ITopicListGrain Topics => grains.Topics(Tenant);

    public static string Tenant =>
        Caller.Current?.Tenant ?? throw new InvalidOperationException("A route asks for a grain and nobody is calling.");

    public IDeviceGrain Device(string id) => grains.Device(Tenant, id);

    public IUserGrain User(string email) => grains.User(Tenant, email);

    public ITopicGrain Topic(string topic) => grains.Topic(Tenant, topic);
}
