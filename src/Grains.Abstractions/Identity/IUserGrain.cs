using System.Collections.Immutable;
using Orleans.Concurrency;

namespace OrleansIoT.Identity;

/// <summary>A person who signs in. The id is made at registration and never given again; the email is unique in its tenant.</summary>
/// <param name="Grants">Topic filters that narrow what the roles allow; '!' in front denies. None: nothing is narrowed.</param>
[GenerateSerializer, Immutable, Alias("iot.UserRecord")]
public sealed record UserRecord(
    [property: Id(0)] string Id,
    [property: Id(1)] string Email,
    [property: Id(2)] string Username,
    [property: Id(3)] bool Active,
    [property: Id(4)] Roles Roles,
    [property: Id(5)] DateTimeOffset CreatedAt,
    [property: Id(6)] ImmutableArray<string> Grants = default);

/// <param name="Password">The password if it was made here; shown once.</param>
[GenerateSerializer, Immutable, Alias("iot.CreatedUser")]
public sealed record CreatedUser([property: Id(0)] UserRecord User, [property: Id(1)] string? Password)
{
    /// <summary>A record would print the password.</summary>
    public override string ToString() => $"CreatedUser {{ {User.Id} }}";
}

/// <summary>What an administrator changes of a user; null leaves a thing as it is.</summary>
[GenerateSerializer, Immutable, Alias("iot.UserChange")]
public sealed record UserChange(
    [property: Id(0)] string? Username,
    [property: Id(1)] bool? Active,
    [property: Id(2)] Roles? Roles,
    [property: Id(3)] ImmutableArray<string>? Grants);

/// <summary>
/// One user, keyed by <c>{tenant}/{email}</c> in lower case: one activation per email is what makes emails unique. It alone
/// knows who the user is now, what it may, and which sessions and tokens live. What lessens somebody's rights is durable
/// first, then said to the gateways (<see cref="IRevocationsGrain"/>), and the connections that it was about have ended when
/// the call returns.
/// </summary>
[Alias("iot.IUserGrain")]
public interface IUserGrain : IGrainWithStringKey
{
    /// <summary>Stores the user; complete when durable. The caller checks credentials (<see cref="Roles.SignIn"/>) or is the system.</summary>
    /// <param name="username">What people call the user.</param>
    /// <param name="password">What the user will sign in with.</param>
    /// <param name="roles">More than <see cref="Roles.Viewer"/> is given by administrators and the system only.</param>
    /// <exception cref="Failures.FailureException">Conflict: the email is taken. Invalid: email, name or password break a rule, which the message names.</exception>
    [Alias("Register")]
    Task<UserRecord> Register(string username, string password, Roles roles);

    /// <summary>The same by an administrator, with any roles, grants, and a password that is made here if there is none.</summary>
    /// <exception cref="Failures.FailureException">Conflict, Invalid, Forbidden.</exception>
    [Alias("Create")]
    Task<CreatedUser> Create(string username, string? password, Roles roles, ImmutableArray<string> grants);

    /// <summary>
    /// Opens a session, if this is the password; complete when durable. Takes the same time when there is no such user. The
    /// caller checks credentials.
    /// </summary>
    /// <param name="password">What was typed.</param>
    /// <param name="origin">From where.</param>
    /// <param name="lifetime">How long the session lives without being used.</param>
    /// <exception cref="Failures.FailureException">
    /// NotSignedIn: no such user, wrong password, or deactivated, always the same message. TooMany: it was wrong too often,
    /// and when to try again.
    /// </exception>
    [Alias("SignIn")]
    Task<OpenedSession> SignIn(string password, SignInOrigin origin, TimeSpan lifetime);

    /// <summary>
    /// Exchanges a session's secret for the next one; complete when durable. One that was replaced within the last 30 seconds
    /// gets the current one as its answer, so two who ask at a time, and one whose answer was lost, have the same. Any other
    /// secret ends the session (RFC 9700 section 4.14.2). The caller checks credentials.
    /// </summary>
    /// <exception cref="Failures.FailureException">NotSignedIn: whatever it was, always the same message.</exception>
    [Alias("Refresh")]
    Task<OpenedSession> Refresh(string sessionId, string secret, SignInOrigin origin, TimeSpan lifetime);

    /// <summary>What the user may now, if the session lives; else null. The caller checks credentials.</summary>
    [AlwaysInterleave, ResponseTimeout("00:00:04"), Alias("Admit")]
    Task<Admission?> Admit(string sessionId);

    /// <summary>The same for a personal access token: what both it and the user may.</summary>
    [AlwaysInterleave, ResponseTimeout("00:00:04"), Alias("AdmitToken")]
    Task<Admission?> AdmitToken(string tokenId, string secret);

    /// <exception cref="Failures.FailureException">NotFound: no such user, or not one that the caller may see.</exception>
    [AlwaysInterleave, ResponseTimeout("00:00:04"), Alias("Get")]
    Task<UserRecord> Get();

    /// <summary>For administrators. Other roles or grants, or a deactivation, end the user's MQTT sessions; a deactivation all sessions.</summary>
    /// <exception cref="Failures.FailureException">
    /// NotFound. Invalid. Conflict: nobody would be left to administer the tenant, or it is the caller who would lose that.
    /// </exception>
    [Alias("Change")]
    Task<UserRecord> Change(UserChange change);

    /// <summary>For administrators. The email is free again.</summary>
    /// <exception cref="Failures.FailureException">NotFound. Conflict, as for <see cref="Change"/>.</exception>
    [Alias("Remove")]
    Task Remove();

    /// <summary>Whether this is the user's password. For the system: nothing counts how often it is asked.</summary>
    /// <exception cref="Failures.FailureException">NotFound. Forbidden: it is not the system that asks.</exception>
    [Alias("HasPassword")]
    Task<bool> HasPassword(string password);

    /// <summary>By the user, out of a session, which stays; all others and all tokens end.</summary>
    /// <exception cref="Failures.FailureException">
    /// NotFound. Forbidden: the caller has no session. Invalid: the new password breaks a rule. NotSignedIn: the current one is
    /// wrong. TooMany, as for <see cref="SignIn"/>.
    /// </exception>
    [Alias("ChangePassword")]
    Task ChangePassword(string current, string next);

    /// <summary>For administrators, of others than themselves: a new password, shown once. All sessions and tokens end.</summary>
    /// <exception cref="Failures.FailureException">NotFound. Conflict: it is the caller's own.</exception>
    [Alias("ResetPassword")]
    Task<string> ResetPassword();

    /// <summary>For the user and administrators, the one used last first.</summary>
    /// <exception cref="Failures.FailureException">NotFound.</exception>
    [AlwaysInterleave, ResponseTimeout("00:00:04"), Alias("Sessions")]
    Task<ImmutableArray<SessionRecord>> Sessions();

    /// <summary>For the user and administrators.</summary>
    /// <exception cref="Failures.FailureException">NotFound: no such user, or no such session.</exception>
    [Alias("EndSession")]
    Task EndSession(string sessionId);

    /// <summary>Ends all sessions but one. For the user and administrators.</summary>
    /// <param name="except">The session that stays, or null for none.</param>
    /// <exception cref="Failures.FailureException">NotFound.</exception>
    [Alias("EndSessions")]
    Task EndSessions(string? except);

    /// <summary>Makes a personal access token; complete when durable. By the user, out of a session.</summary>
    /// <param name="name">What the user calls it, 1 to 100 characters.</param>
    /// <param name="roles">What it lets do of what the user may; <see cref="Roles.None"/> for all that.</param>
    /// <param name="grants">What it is narrowed to, besides the user's own grants.</param>
    /// <param name="lifetime">Up to a year.</param>
    /// <exception cref="Failures.FailureException">NotFound. Forbidden: the caller has no session. Invalid. TooMany: the user has as many as there can be.</exception>
    [Alias("IssueToken")]
    Task<IssuedToken> IssueToken(string name, Roles roles, ImmutableArray<string> grants, TimeSpan lifetime);

    /// <summary>For the user and administrators, the newest first.</summary>
    /// <exception cref="Failures.FailureException">NotFound.</exception>
    [AlwaysInterleave, ResponseTimeout("00:00:04"), Alias("Tokens")]
    Task<ImmutableArray<TokenRecord>> Tokens();

    /// <summary>For the user and administrators.</summary>
    /// <exception cref="Failures.FailureException">NotFound: no such user, or no such token.</exception>
    [Alias("RemoveToken")]
    Task RemoveToken(string tokenId);
}
