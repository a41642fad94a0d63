using OrleansIoT.Failures;
using OrleansIoT.Identity;

namespace OrleansIoT.Grains.Identity;

public sealed partial class UserGrain
{
    /// <summary>Who guesses the password out of a session that it has got hold of, counts apart from who signs in.</summary>
    private const string OwnSession = "session";

    public async Task<bool> HasPassword(string password)
    {
        var caller = DemandSeen();
        return Permissions.IsSystem(caller)
            ? await passwords.Verify(_state.Value.PasswordHash, password)
            : throw new FailureException(Failure.Forbidden, "Who has a password signs in with it.");
    }

    public async Task ChangePassword(string current, string next)
    {
        var session = DemandSession();
        DemandPatience(OwnSession);
        if (!UserRules.IsPassword(next, _state.Value.Email, _state.Value.Username, out var why))
        {
            throw new FailureException(Failure.Invalid, why);
        }

        if (!await passwords.Verify(_state.Value.PasswordHash, current))
        {
            _attempts.Failed(OwnSession);
            throw new FailureException(Failure.NotSignedIn, "The current password is wrong.");
        }

        _attempts.Succeeded(OwnSession);
        await SetPassword(next, session);
    }

    public async Task<string> ResetPassword()
    {
        var caller = DemandManaged();
        if (Permissions.IsUser(caller, Key.Tenant, _state.Value.Id))
        {
            throw new FailureException(Failure.Conflict, "One's own password is changed with the current one: POST /auth/password.");
        }

        var password = Secret.CreatePassword();
        await SetPassword(password, null);
        return password;
    }

    /// <summary>Whoever knew the old one is out: every session but one ends, and every token, which it may have made.</summary>
    private async Task SetPassword(string password, UserSession? except)
    {
        var hash = await passwords.Hash(password);
        var before = _state.Value;
        await Durably(() => _state.Write(user => user with
        {
            PasswordHash = hash,
            Sessions = [.. user.Sessions.Where(session => session.Id == except?.Id)],
            Tokens = [],
        }));
        LogPasswordChanged(logger, Key.ToString(), Caller.Current!.Subject);
        await SessionsEnded(
            before.Id,
            [.. before.Sessions.Select(session => session.Id).Where(id => id != except?.Id), .. before.Tokens.Select(token => token.Id)]);
    }

    /// <summary>Whose sessions and tokens they are, signed in, or an administrator: a token that was narrowed ends nothing but itself.</summary>
    private void DemandSessionOrManager()
    {
        if (!Permissions.MayManageUsers(DemandSeen(), Key.Tenant))
        {
            DemandSession();
        }
    }

    /// <summary>The caller is the user and has signed in: what a token may do without its user being there ends here.</summary>
    private UserSession DemandSession()
    {
        var caller = DemandSeen();
        return Permissions.IsUser(caller, Key.Tenant, _state.Value.Id)
               && caller.SessionId is { } id
               && FindSession(id) is { } session
            ? session
            : throw new FailureException(Failure.Forbidden, "This takes the user itself, signed in with its password and not with a token.");
    }
}
