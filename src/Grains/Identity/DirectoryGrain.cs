using Orleans.Concurrency;
using OrleansIoT.Failures;
using OrleansIoT.History;
using OrleansIoT.Identity;

namespace OrleansIoT.Grains.Identity;

[StatelessWorker]
public sealed class DirectoryGrain(IDirectory directory) : TenantGrain, IDirectoryGrain
{
    private const int MaxLimit = 1_000;

    private bool OfUsers => Key.Name == "users";

    public Task<DirectoryPage> List(string? search, int limit, string? cursor)
    {
        if (OfUsers)
        {
            Demand(Permissions.MayManageUsers, "the role admin");
        }
        else
        {
            Demand(Permissions.MaySeeDevices, "the role viewer, operator or admin");
        }

        return limit is >= 1 and <= MaxLimit
            ? directory.List(Key.ToString(), string.IsNullOrEmpty(search) ? null : search, limit, cursor)
            : throw new FailureException(Failure.Invalid, $"limit is 1 to {MaxLimit}.");
    }

    public async Task<DirectoryEntry?> Find(string id)
    {
        var caller = Demand((_, _) => true);
        var may = OfUsers
            ? Permissions.MaySeeUser(caller, Key.Tenant, id)
            : Permissions.MaySeeDevices(caller, Key.Tenant);
        return may ? await directory.Find(Key.ToString(), id) : null;
    }

    protected override FailureException NotFound() => new(Failure.NotFound, "There is no such directory.");
}
