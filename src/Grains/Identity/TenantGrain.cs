using OrleansIoT.Failures;
using OrleansIoT.Identity;

namespace OrleansIoT.Grains.Identity;

/// <summary>A grain whose key is <c>{tenant}/{name}</c>, with the question that each of its methods begins with.</summary>
public abstract class TenantGrain : Grain
{
    private GrainKey _key;
    private string? _keyText;

    /// <summary>The tenant and the name out of the grain's key.</summary>
    protected GrainKey Key => _key.Name is null ? _key = GrainKey.Parse(KeyText) : _key;

    /// <summary>The same as the store knows it.</summary>
    protected string KeyText => _keyText ??= this.GetPrimaryKeyString();

    /// <summary>The caller, if it may; a caller of another tenant is told what it would be told if there were nothing.</summary>
    /// <param name="permission">What it must be allowed to do in this tenant.</param>
    /// <param name="takes">Who is, for the sentence "This takes …".</param>
    protected Caller Demand(Func<Caller, string, bool> permission, string takes = "another caller")
    {
        var caller = Caller.Current ?? throw new FailureException(Failure.NotSignedIn, "Sign in first.");
        if (!Permissions.MayKnowOf(caller, Key.Tenant))
        {
            throw NotFound();
        }

        return permission(caller, Key.Tenant)
            ? caller
            : throw new FailureException(Failure.Forbidden, $"You may not do this: it takes {takes}.");
    }

    /// <summary>What somebody is told who asks for a thing that does not exist, or not for them.</summary>
    protected abstract FailureException NotFound();

    /// <summary>
    /// Makes a change of the state durable. A failed write leaves memory and store apart, so the activation gives way to
    /// one that reads the store again.
    /// </summary>
    protected async Task Durably(Func<Task> write)
    {
        try
        {
            await write();
        }
        catch
        {
            DeactivateOnIdle();
            throw;
        }
    }
}
