namespace OrleansIoT.Identity;

/// <summary>A person who signs in. The id is made at registration and never given again; the email is unique in its tenant.</summary>
[GenerateSerializer, Immutable, Alias("iot.UserRecord")]
public sealed record UserRecord(
    [property: Id(0)] string Id,
    [property: Id(1)] string Email,
    [property: Id(2)] string Username,
    [property: Id(3)] bool Active,
    [property: Id(4)] Roles Roles,
    [property: Id(5)] DateTimeOffset CreatedAt);

/// <summary>One user, keyed by <c>{tenant}/{email}</c> in lower case: one activation per email is what makes emails unique.</summary>
[Alias("iot.IUserGrain")]
public interface IUserGrain : IGrainWithStringKey
{
    /// <summary>Stores the user; complete when durable. The caller checks credentials (<see cref="Roles.SignIn"/>) or is the system.</summary>
    /// <param name="roles">More than <see cref="Roles.Viewer"/> is given by administrators and the system only.</param>
    /// <exception cref="Failures.FailureException">Conflict: the email is taken. Invalid: email, name or password break a rule, which the message names.</exception>
    [Alias("Register")]
    Task<UserRecord> Register(string username, string password, Roles roles);

    /// <summary>The user, if this is the password. Takes the same time when there is no such user.</summary>
    /// <exception cref="Failures.FailureException">NotSignedIn: no such user, wrong password, or deactivated; always the same message.</exception>
    [Alias("SignIn")]
    Task<UserRecord> SignIn(string password);

    /// <exception cref="Failures.FailureException">NotFound: no such user, or not one that the caller may see.</exception>
    [Alias("Get")]
    Task<UserRecord> Get();
}

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
}
