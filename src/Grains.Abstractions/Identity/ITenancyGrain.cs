using Orleans.Concurrency;

namespace OrleansIoT.Identity;

/// <summary>A tenant: an organisation whose devices, users and readings nobody else sees.</summary>
/// <param name="Title">What people call it; may be empty.</param>
/// <param name="CreatedAt">Null for the installation's own tenant, which was there from the start.</param>
[GenerateSerializer, Immutable, Alias("iot.TenantRecord")]
public sealed record TenantRecord(
    [property: Id(0)] string Name,
    [property: Id(1)] string Title,
    [property: Id(2)] bool Active,
    [property: Id(3)] DateTimeOffset? CreatedAt);

[GenerateSerializer, Immutable, Alias("iot.CreatedTenant")]
public sealed record CreatedTenant([property: Id(0)] TenantRecord Tenant, [property: Id(1)] CreatedUser Administrator);

/// <summary>
/// One tenant, keyed by <c>$system/{name}</c>. Managed by administrators of the installation's own tenant; a tenant's
/// administrators see theirs.
/// </summary>
[Alias("iot.ITenancyGrain")]
public interface ITenancyGrain : IGrainWithStringKey
{
    /// <summary>Creates the tenant with its first administrator; complete when durable.</summary>
    /// <param name="title">Up to 200 characters.</param>
    /// <param name="administratorEmail">Who administers it; with a password that is made here.</param>
    /// <exception cref="Failures.FailureException">Conflict: it exists. Invalid: name, title or email break a rule. Forbidden.</exception>
    [Alias("Create")]
    Task<CreatedTenant> Create(string title, string administratorEmail);

    /// <exception cref="Failures.FailureException">NotFound: no such tenant, or not one that the caller may see.</exception>
    [AlwaysInterleave, ResponseTimeout("00:00:04"), Alias("Get")]
    Task<TenantRecord> Get();

    /// <summary>Of a tenant that is not active nobody signs in and no device connects; who is there goes within five seconds.</summary>
    /// <exception cref="Failures.FailureException">NotFound, Forbidden. Conflict: it is the installation's own.</exception>
    [Alias("SetActive")]
    Task<TenantRecord> SetActive(bool active);

    /// <summary>
    /// False once it was deactivated. True also for a tenant that was never created: there is nobody in it. The caller checks
    /// credentials.
    /// </summary>
    [AlwaysInterleave, ResponseTimeout("00:00:04"), Alias("IsActive")]
    Task<bool> IsActive();
}
