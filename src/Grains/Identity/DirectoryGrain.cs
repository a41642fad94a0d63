using Orleans.Concurrency;
using OrleansIoT.Failures;
using OrleansIoT.History;
using OrleansIoT.Identity;

namespace OrleansIoT.Grains.Identity;

[StatelessWorker]
public sealed class DirectoryGrain(IDirectory directory) : TenantGrain, IDirectoryGrain
{
    private const int MaxLimit = 1_000;

    public Task<DirectoryPage> List(string? search, int limit, string? cursor)
    {
        switch (Key.Name)
        {
            case "tenants":
                if (Caller.Current is not { } caller || !Permissions.MayManageTenants(caller))
                {
                    throw new FailureException(Failure.Forbidden, "This takes an administrator of the installation's own tenant.");
                }

                break;

            case "users" or "services":
                Demand(Permissions.MayManageUsers, "the role admin");
                break;

            default:
                Demand(Permissions.MaySeeDevices, "the role viewer, operator or admin");
                break;
        }

        return limit is >= 1 and <= MaxLimit
            ? directory.List(Key.ToString(), string.IsNullOrEmpty(search) ? null : search, limit, cursor)
            : throw new FailureException(Failure.Invalid, $"limit is 1 to {MaxLimit}.");
    }

    public async Task<DirectoryEntry?> Find(string id)
    {
        var caller = Demand((_, _) => true);
        var may = Permissions.MayCheckCredentials(caller, Key.Tenant) || Key.Name switch
        {
            "users" => Permissions.MaySeeUser(caller, Key.Tenant, id),
            "services" => Permissions.MayManageUsers(caller, Key.Tenant),
            _ => Permissions.MaySeeDevices(caller, Key.Tenant),
        };
        return may ? await directory.Find(Key.ToString(), id) : null;
    }

    protected override FailureException NotFound() => new(Failure.NotFound, "There is no such directory.");
}
