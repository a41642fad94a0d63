using OrleansIoT.Failures;
using OrleansIoT.History;
using OrleansIoT.Identity;

namespace OrleansIoT.Grains.Identity;

/// <summary>What is stored of a user.</summary>
[GenerateSerializer, Alias("iot.UserState")]
public sealed record UserState
{
    [Id(0)] public string Id { get; init; } = "";
    [Id(1)] public string Email { get; init; } = "";
    [Id(2)] public string Username { get; init; } = "";
    [Id(3)] public string PasswordHash { get; init; } = "";
    [Id(4)] public bool Active { get; init; }
    [Id(5)] public Roles Roles { get; init; }
    [Id(6)] public DateTimeOffset CreatedAt { get; init; }

    public UserRecord ToRecord() => new(Id, Email, Username, Active, Roles, CreatedAt);
}

public sealed class UserGrain(
    [PersistentState("user")] IPersistentState<UserState> state,
    IDirectory directory,
    Passwords passwords,
    TimeProvider clock) : TenantGrain, IUserGrain
{
    private string DirectoryKey => new GrainKey(Key.Tenant, "users").ToString();

    public async Task<UserRecord> Register(string username, string password, Roles roles)
    {
        var caller = Demand(Permissions.MayCheckCredentials);
        if ((roles & ~Roles.Viewer) != Roles.None && !Permissions.MayManageUsers(caller, Key.Tenant))
        {
            throw new FailureException(Failure.Forbidden, "Only an administrator gives more than the role viewer.");
        }

        var email = Key.Name;
        if (!UserRules.IsEmail(email, out var why)
            || !UserRules.IsUsername(username, out why)
            || (!Permissions.IsSystem(caller) && !UserRules.IsPassword(password, email, username, out why)))
        {
            throw new FailureException(Failure.Invalid, why);
        }

        if (state.RecordExists)
        {
            throw new FailureException(Failure.Conflict, "There is a user with this email.");
        }

        var user = new UserState
        {
            Id = Guid.CreateVersion7().ToString(),
            Email = email,
            Username = username,
            PasswordHash = await passwords.Hash(password),
            Active = true,
            Roles = roles,
            CreatedAt = clock.GetUtcNow(),
        };

        // The directory first: an entry whose grain does not confirm it is not shown, a user nobody could find would be worse.
        await directory.Put(DirectoryKey, new DirectoryEntry(user.Id, email, username));
        state.State = user;
        await Durably(state.WriteStateAsync);
        return user.ToRecord();
    }

    public async Task<UserRecord> SignIn(string password)
    {
        Demand(Permissions.MayCheckCredentials);
        var known = await passwords.Verify(state.RecordExists ? state.State.PasswordHash : null, password);
        if (!known || !state.State.Active)
        {
            ForgetNobody();
            throw new FailureException(Failure.NotSignedIn, "Email or password is wrong.");
        }

        return state.State.ToRecord();
    }

    public Task<UserRecord> Get()
    {
        var caller = Demand((_, _) => true);
        if (!state.RecordExists || !Permissions.MaySeeUser(caller, Key.Tenant, state.State.Id))
        {
            ForgetNobody();
            throw NotFound();
        }

        return Task.FromResult(state.State.ToRecord());
    }

    protected override FailureException NotFound() => new(Failure.NotFound, "There is no such user.");

    /// <summary>Guessed emails do not stay in memory.</summary>
    private void ForgetNobody()
    {
        if (!state.RecordExists)
        {
            DeactivateOnIdle();
        }
    }
}
