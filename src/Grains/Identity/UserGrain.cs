using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using OrleansIoT.Failures;
using OrleansIoT.History;
using OrleansIoT.Identity;

namespace OrleansIoT.Grains.Identity;

/// <summary>
/// Those who only read interleave with the others, which may wait for the connections that they end, and those for their
/// wills.
/// </summary>
[CollectionAgeLimit(Minutes = 15)] // longer than the memory of failed sign-ins
public sealed partial class UserGrain(
    [PersistentState("user")] IPersistentState<UserState> stored,
    IDirectory directory,
    Passwords passwords,
    TimeProvider clock,
    ILogger<UserGrain> logger) : AccountGrain, IUserGrain
{
    private readonly DurableState<UserState> _state = new(stored);

    private string DirectoryKey => new GrainKey(Key.Tenant, "users").ToString();

    public async Task<UserRecord> Register(string username, string password, Roles roles)
    {
        var caller = Demand(Permissions.MayCheckCredentials);
        if ((roles & ~Roles.Viewer) != Roles.None && !Permissions.MayManageUsers(caller, Key.Tenant))
        {
            throw new FailureException(Failure.Forbidden, "Only an administrator gives more than the role viewer.");
        }

        return await Add(username, password, roles, []);
    }

    public async Task<CreatedUser> Create(string username, string? password, Roles roles, ImmutableArray<string> grants)
    {
        Demand(Permissions.MayManageUsers, Managers);
        CheckRights(roles, grants);
        var made = password is null ? Secret.CreatePassword() : null;
        return new CreatedUser(await Add(username, password ?? made!, roles, grants), made);
    }

    public Task<UserRecord> Get()
    {
        DemandSeen();
        return Task.FromResult(_state.Value.ToRecord());
    }

    public async Task<UserRecord> Change(UserChange change)
    {
        var caller = DemandManaged();
        var before = _state.Value;
        var after = before with
        {
            Username = change.Username ?? before.Username,
            Active = change.Active ?? before.Active,
            Roles = change.Roles ?? before.Roles,
            Grants = change.Grants ?? before.Grants,
        };
        CheckRights(after.Roles, after.Grants);
        if (!UserRules.IsUsername(after.Username, out var why))
        {
            throw new FailureException(Failure.Invalid, why);
        }

        if (before.IsAdministrator && !after.IsAdministrator)
        {
            await Dismiss(caller);
        }

        if (after.Username != before.Username)
        {
            await directory.Put(DirectoryKey, new DirectoryEntry(after.Id, after.Email, after.Username));
        }

        await Durably(() => _state.Write(_ => after.Active ? after : after with { Sessions = [], Tokens = [] }));
        LogChanged(logger, Key.ToString(), caller.Subject);
        if (after.IsAdministrator && !before.IsAdministrator)
        {
            await Appoint();
        }

        if (IsUnannounced || after.Active != before.Active || after.Roles != before.Roles || !after.Grants.SequenceEqual(before.Grants))
        {
            await RightsChanged(after.Id);
        }

        return after.ToRecord();
    }

    public async Task Remove()
    {
        var caller = DemandManaged();
        var id = _state.Value.Id;
        DemandOther(caller);
        if (_state.Value.IsAdministrator)
        {
            await Dismiss(caller);
        }

        await Durably(_state.Clear);
        LogRemoved(logger, Key.ToString(), caller.Subject);
        await RightsChanged(id);
        await directory.Remove(DirectoryKey, id);
        DeactivateOnIdle();
    }

    protected override FailureException NotFound() => new(Failure.NotFound, "There is no such user.");

    private async Task<UserRecord> Add(string username, string password, Roles roles, ImmutableArray<string> grants)
    {
        var email = Key.Name;
        if (!UserRules.IsEmail(email, out var why)
            || !UserRules.IsUsername(username, out why)
            || (!Permissions.IsSystem(Caller.Current!) && !UserRules.IsPassword(password, email, username, out why)))
        {
            throw new FailureException(Failure.Invalid, why);
        }

        if (_state.Exists)
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
            Grants = grants,
        };

        // The directory first: an entry whose grain does not confirm it is not shown, a user nobody could find would be worse.
        await directory.Put(DirectoryKey, new DirectoryEntry(user.Id, email, username));
        await Durably(() => _state.Write(_ => user));
        LogRegistered(logger, Key.ToString(), Caller.Current!.Subject);
        if (user.IsAdministrator)
        {
            await Appoint();
        }

        return user.ToRecord();
    }

    /// <summary>The caller is the user, or manages users; for everybody else there is no such user.</summary>
    private Caller DemandSeen()
    {
        var caller = Demand((_, _) => true);
        if (!_state.Exists || !Permissions.MaySeeUser(caller, Key.Tenant, _state.Value.Id))
        {
            ForgetNobody();
            throw NotFound();
        }

        return caller;
    }

    private Caller DemandManaged()
    {
        var caller = Demand(Permissions.MayManageUsers, Managers);
        if (!_state.Exists)
        {
            ForgetNobody();
            throw NotFound();
        }

        return caller;
    }

    private void DemandOther(Caller caller)
    {
        if (Permissions.IsUser(caller, Key.Tenant, _state.Value.Id))
        {
            throw new FailureException(Failure.Conflict, "Nobody does this to themselves: another administrator does.");
        }
    }

    /// <summary>
    /// An administrator who goes has been told off by another one, who stays: a slip does not leave the tenant without any,
    /// and neither do two who dismiss each other at once.
    /// </summary>
    private async Task Dismiss(Caller caller)
    {
        DemandOther(caller);
        Caller.System(Key.Tenant, "administrators").Enter();
        await GrainFactory.Administrators(Key.Tenant).Leave(_state.Value.Id);
    }

    private async Task Appoint()
    {
        Caller.System(Key.Tenant, "administrators").Enter();
        await GrainFactory.Administrators(Key.Tenant).Join(_state.Value.Id);
    }

    /// <summary>Guessed emails do not stay in memory, unless their failures have to be remembered as a user's would be.</summary>
    private void ForgetNobody()
    {
        if (!_state.Exists && _attempts.IsEmpty)
        {
            DeactivateOnIdle();
        }
    }
}
