namespace OrleansIoT.Identity;

/// <summary>
/// The active administrators of a tenant, keyed by <c>{tenant}/administrators</c>: the one place where two of them who demote
/// each other at once are told apart. The caller is the system. It may know fewer than there are, and never more.
/// </summary>
[Alias("iot.IAdministratorsGrain")]
public interface IAdministratorsGrain : IGrainWithStringKey
{
    /// <summary>Complete when durable.</summary>
    [Alias("Join")]
    Task Join(string userId);

    /// <summary>Complete when durable.</summary>
    /// <exception cref="Failures.FailureException">Conflict: nobody would be left.</exception>
    [Alias("Leave")]
    Task Leave(string userId);
}
