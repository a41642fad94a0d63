namespace OrleansIoT.Identity;

public static class IdentityGrains
{
    public static IUserGrain User(this IGrainFactory grains, string tenant, string email) =>
        grains.GetGrain<IUserGrain>(new GrainKey(tenant, email.ToLowerInvariant()).ToString());

    public static IRevocationsGrain Revocations(this IGrainFactory grains) =>
        grains.GetGrain<IRevocationsGrain>(new GrainKey(GrainKey.SystemTenant, "revocations").ToString());

    public static IDirectoryGrain Devices(this IGrainFactory grains, string tenant) =>
        grains.GetGrain<IDirectoryGrain>(new GrainKey(tenant, "devices").ToString());

    public static IDirectoryGrain Users(this IGrainFactory grains, string tenant) =>
        grains.GetGrain<IDirectoryGrain>(new GrainKey(tenant, "users").ToString());

    /// <param name="grains">The factory.</param>
    /// <param name="tenant">Its tenant.</param>
    /// <param name="id">The account's id, which is its <c>client_id</c>.</param>
    public static IServiceAccountGrain ServiceAccount(this IGrainFactory grains, string tenant, string id) =>
        grains.GetGrain<IServiceAccountGrain>(new GrainKey(tenant, id).ToString());

    public static IDirectoryGrain ServiceAccounts(this IGrainFactory grains, string tenant) =>
        grains.GetGrain<IDirectoryGrain>(new GrainKey(tenant, "services").ToString());

    public static IAdministratorsGrain Administrators(this IGrainFactory grains, string tenant) =>
        grains.GetGrain<IAdministratorsGrain>(new GrainKey(tenant, "administrators").ToString());

    public static ITenancyGrain Tenancy(this IGrainFactory grains, string tenant) =>
        grains.GetGrain<ITenancyGrain>(new GrainKey(GrainKey.SystemTenant, tenant).ToString());

    public static IDirectoryGrain Tenants(this IGrainFactory grains) =>
        grains.GetGrain<IDirectoryGrain>(new GrainKey(GrainKey.SystemTenant, "tenants").ToString());
}
