using System.Collections.Immutable;
using Orleans.Concurrency;

namespace OrleansIoT.Identity;

/// <summary>A program that signs in by itself.</summary>
/// <param name="Id"><c>{tenant}.{unique}</c>: its <c>client_id</c>, and the subject of its tokens (RFC 9068 section 2.2).</param>
/// <param name="Grants">Topic filters that narrow what the roles allow; '!' in front denies. None: nothing is narrowed.</param>
[GenerateSerializer, Immutable, Alias("iot.ServiceAccountRecord")]
public sealed record ServiceAccountRecord(
    [property: Id(0)] string Id,
    [property: Id(1)] string Name,
    [property: Id(2)] bool Active,
    [property: Id(3)] Roles Roles,
    [property: Id(4)] ImmutableArray<string> Grants,
    [property: Id(5)] DateTimeOffset CreatedAt);

/// <summary>What an administrator changes of a service account; null leaves a thing as it is.</summary>
[GenerateSerializer, Immutable, Alias("iot.ServiceAccountChange")]
public sealed record ServiceAccountChange(
    [property: Id(0)] string? Name,
    [property: Id(1)] bool? Active,
    [property: Id(2)] Roles? Roles,
    [property: Id(3)] ImmutableArray<string>? Grants);

/// <summary>
/// One service account, keyed by <c>{tenant}/{id}</c>. Managed by administrators; what lessens its rights is said to the
/// gateways, and has ended its connections, when the call returns.
/// </summary>
[Alias("iot.IServiceAccountGrain")]
public interface IServiceAccountGrain : IGrainWithStringKey
{
    /// <summary>Complete when durable.</summary>
    /// <param name="name">What people call it, 1 to 100 characters.</param>
    /// <param name="roles">At least one.</param>
    /// <param name="grants">What narrows it.</param>
    /// <returns>The secret, 256 random bits; stored hashed.</returns>
    /// <exception cref="Failures.FailureException">Invalid, Conflict, Forbidden.</exception>
    [Alias("Create")]
    Task<string> Create(string name, Roles roles, ImmutableArray<string> grants);

    /// <exception cref="Failures.FailureException">NotFound: no such account, or not one that the caller may see.</exception>
    [AlwaysInterleave, ResponseTimeout("00:00:04"), Alias("Get")]
    Task<ServiceAccountRecord> Get();

    /// <exception cref="Failures.FailureException">NotFound, Invalid, Forbidden.</exception>
    [Alias("Change")]
    Task<ServiceAccountRecord> Change(ServiceAccountChange change);

    /// <exception cref="Failures.FailureException">NotFound, Forbidden.</exception>
    [Alias("Remove")]
    Task Remove();

    /// <summary>Makes a new secret; the old one, and every token that it got, ends.</summary>
    /// <exception cref="Failures.FailureException">NotFound, Forbidden.</exception>
    [Alias("RenewSecret")]
    Task<string> RenewSecret();

    /// <summary>What the account may now, if this is its secret and it is active; else null. The caller checks credentials.</summary>
    [AlwaysInterleave, Alias("SignIn")]
    Task<Admission?> SignIn(string secret);

    /// <summary>What the account may now, if this secret still is its own; else null. The caller checks credentials.</summary>
    /// <param name="secretId">The <see cref="Admission.SessionId"/> of its sign-in.</param>
    [AlwaysInterleave, ResponseTimeout("00:00:04"), Alias("Admit")]
    Task<Admission?> Admit(string secretId);
}
