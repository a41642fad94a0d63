using OrleansIoT.Failures;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Tests.Identity;

public sealed class PersonalTokenTests : AccountTest
{
    [Fact]
    public async Task A_token_may_what_both_it_and_its_owner_may()
    {
        await AddUser(roles: Roles.Operator | Roles.Viewer);
        var session = await SignIn();
        var all = await Issue(session, Roles.None);
        var narrow = await Issue(session, Roles.Viewer, "devices/+/t", "!devices/x/#");

        Assert.Equal(Roles.Operator | Roles.Viewer, (await AdmitToken(all))!.Roles);
        Assert.Empty((await AdmitToken(all))!.Grants);
        Assert.Equal(Roles.Viewer, (await AdmitToken(narrow))!.Roles);

        await AsAdmin("ada@example.org", user => user.Change(new UserChange(null, null, Roles.Operator, ["devices/a/#"])));

        Assert.Equal(Roles.Operator, (await AdmitToken(all))!.Roles);
        Assert.Equal(Roles.Viewer, (await AdmitToken(narrow))!.Roles); // an operator may what viewers may
        Assert.Equal(["devices/a/t", "!devices/x/#"], (await AdmitToken(narrow))!.Grants.AsEnumerable());
        await Host.Restart();
        Assert.NotNull(await AdmitToken(all));
    }

    [Fact] // J16
    public async Task A_token_ends_with_its_time_its_deletion_and_its_owner()
    {
        await AddUser();
        var session = await SignIn();
        var (timed, deleted, orphaned) = (await Issue(session), await Issue(session), await Issue(session, Roles.None, days: 300));
        var connection = await ConnectUser(CallerOf(session) with { SessionId = deleted.Token.Id });
        Assert.NotNull(await AdmitToken(timed));
        Assert.NotNull(await AdmitToken(deleted));

        await AsUser(session, user => user.RemoveToken(deleted.Token.Id));
        Assert.Null(await AdmitToken(deleted));
        Assert.Equal(ConnectionEnd.CredentialRevoked, await connection.Ended);
        await Refused(Failure.NotFound, () => AsUser(session, user => user.RemoveToken(deleted.Token.Id)));

        Clock.Advance(TimeSpan.FromDays(1));
        Assert.Null(await AdmitToken(timed));
        Assert.NotNull(await AdmitToken(orphaned));
        await AsAdmin("ada@example.org", user => user.Change(new UserChange(null, false, null, null)));
        Assert.Null(await AdmitToken(orphaned));
    }

    [Fact]
    public async Task A_token_with_another_secret_is_none()
    {
        await AddUser();
        var session = await SignIn();
        var (token, other) = (await Issue(session), await Issue(session));
        Assert.NotNull(await AdmitToken(token));
        Assert.Null(await AdmitToken(token with { Secret = other.Secret }));
        Assert.DoesNotContain(token.Secret, token.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_makes_no_tokens_changes_no_password_and_ends_no_sessions()
    {
        await AddUser();
        var session = await SignIn();
        var token = await Issue(session);
        var caller = CallerOf(session) with { SessionId = token.Token.Id };
        var user = Grains.User(Tenant, "ada@example.org");
        Assert.Single(await AsUser(session, user => user.Tokens()));

        await Refused(Failure.Forbidden, () => As(caller, () => user.Tokens()));
        await Refused(Failure.Forbidden, () => As(caller, () => user.Sessions()));
        await Refused(Failure.Forbidden, () => As(caller, () => user.EndSessions(null)));
        await Refused(Failure.Forbidden, () => As(caller, () => user.RemoveToken(token.Token.Id)));

        await Refused(Failure.Forbidden, () => As(caller, () => user.IssueToken("more", Roles.None, [], TimeSpan.FromDays(1))));
        await Refused(Failure.Forbidden, () => As(caller, () => user.ChangePassword(Password, "a longer one than that")));
        await Refused(Failure.Forbidden, () => As(caller with { SessionId = null }, () => user.ChangePassword(Password, "a longer one than that")));
        Assert.Null(await As(Gateway(), () => user.Admit(token.Token.Id)));
    }

    [Fact]
    public async Task A_token_has_no_more_than_its_owner_and_an_end()
    {
        await AddUser();
        var session = await SignIn();
        await Refused(Failure.Invalid, () => Issue(session, Roles.Admin));
        await Refused(Failure.Invalid, () => Issue(session, Roles.System));
        await Refused(Failure.Invalid, () => Issue(session, Roles.Viewer, "a/#/b"));
        await Refused(Failure.Invalid, () => Issue(session, Roles.Viewer, days: 400));
        await Refused(Failure.Invalid, () => Issue(session, Roles.Viewer, days: 0));
        await Issue(session, Roles.Viewer);
    }

    private Task<IssuedToken> Issue(OpenedSession session, Roles roles = Roles.None, params string[] grants) =>
        Issue(session, roles, 1, grants);

    private Task<IssuedToken> Issue(OpenedSession session, Roles roles, int days, params string[] grants) =>
        AsUser(session, user => user.IssueToken("script", roles, [.. grants], TimeSpan.FromDays(days)));

    private Task<Admission?> AdmitToken(IssuedToken token) =>
        As(Gateway(), () => Grains.User(Tenant, "ada@example.org").AdmitToken(token.Token.Id, token.Secret));
}
