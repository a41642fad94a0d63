using System.Collections.Immutable;
using OrleansIoT.Failures;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Identity;

/// <summary>
/// A user or a service account: who calls gateways and edges, and what has to be said when it may less than before. First it
/// is durable, then gateways are told to think again, then connections end.
/// </summary>
public abstract class AccountGrain : TenantGrain
{
    protected const string Managers = "the role admin, not narrowed to topics";

    private const int MaxNameLength = 100;

    /// <summary>A change of rights was made durable and could not be said everywhere: whoever asks for it again has it said again.</summary>
    protected bool IsUnannounced { get; private set; }

    /// <summary>The rights themselves are others, or there are none any more.</summary>
    protected async Task RightsChanged(string subject)
    {
        Caller.System(Key.Tenant, "revocation").Enter();
        IsUnannounced = true;
        await GrainFactory.Revocations().Revoke(new GrainKey(Key.Tenant, subject).ToString());
        await GrainFactory.UserClient(Key.Tenant, subject).Remove();
        IsUnannounced = false;
    }

    /// <summary>The rights are the same, but these sessions are no more.</summary>
    protected async Task SessionsEnded(string subject, ImmutableArray<string> sessions)
    {
        if (!sessions.IsEmpty)
        {
            Caller.System(Key.Tenant, "revocation").Enter();
            await GrainFactory.Revocations().Revoke(new GrainKey(Key.Tenant, subject).ToString());
            await GrainFactory.UserClient(Key.Tenant, subject).SignOut(sessions);
        }
    }

    protected Task<bool> IsTenantActive() => GrainFactory.IsTenantActive(Key.Tenant);

    /// <exception cref="FailureException">Invalid: not for an account, or grants for an administrator, who is never narrowed.</exception>
    protected static void CheckRights(Roles roles, ImmutableArray<string> grants)
    {
        if (!Permissions.AreRoles(roles))
        {
            throw new FailureException(Failure.Invalid, "The roles are viewer, operator and admin.");
        }

        CheckGrants(grants);
        if ((roles & Roles.Admin) != 0 && grants.Length > 0)
        {
            throw new FailureException(Failure.Invalid, "An administrator is not narrowed to topics: leave out the grants, or the role admin.");
        }
    }

    /// <exception cref="FailureException">Invalid: too many, or one is none.</exception>
    protected static void CheckGrants(ImmutableArray<string> grants)
    {
        if (grants.Length > TopicGrants.Max)
        {
            throw new FailureException(Failure.Invalid, $"There are at most {TopicGrants.Max} grants.");
        }

        foreach (var grant in grants)
        {
            if (!Permissions.IsGrant(grant, out var why))
            {
                throw new FailureException(Failure.Invalid, $"The grant '{grant}' is not one: {why}");
            }
        }
    }

    /// <exception cref="FailureException">Invalid: not 1 to 100 characters, or with control characters.</exception>
    protected static void CheckName(string name)
    {
        if (name.Length is 0 or > MaxNameLength || name.AsSpan().ContainsAnyInRange('\0', '\x1f'))
        {
            throw new FailureException(Failure.Invalid, $"A name has 1 to {MaxNameLength} characters and no control characters.");
        }
    }
}

internal static class Tenancies
{
    /// <summary>The installation's own tenant is always active, so most callers need not ask.</summary>
    public static async Task<bool> IsTenantActive(this IGrainFactory grains, string tenant)
    {
        if (tenant == GrainKey.DefaultTenant)
        {
            return true;
        }

        Caller.System(GrainKey.SystemTenant, "tenancy").Enter();
        return await grains.Tenancy(tenant).IsActive();
    }
}
