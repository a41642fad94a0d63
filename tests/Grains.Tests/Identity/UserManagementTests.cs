using OrleansIoT.Failures;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Tests.Identity;

/// <summary>What administrators do to users, and what becomes of who is signed in (J16).</summary>
public sealed class UserManagementTests : AccountTest
{
    private const string Ada = "ada@example.org";

    [Theory]
    [InlineData("deactivation")]
    [InlineData("deletion")]
    [InlineData("reset")]
    public async Task Who_is_deactivated_deleted_or_reset_is_out_everywhere(string how)
    {
        await AddUser();
        var session = await SignIn();
        var connection = await ConnectUser(CallerOf(session));
        Assert.NotNull(await Admit(session));
        await Revoked();

        await AsAdmin(Ada, how switch
        {
            "deactivation" => user => user.Change(new UserChange(null, false, null, null)),
            "deletion" => user => user.Remove(),
            _ => user => user.ResetPassword(),
        });

        Assert.Equal(ConnectionEnd.CredentialRevoked, await connection.Ended);
        Assert.Null(await Admit(session));
        Assert.Contains($"{Tenant}/{session.User.Id}", await Revoked());
        await Refused(Failure.NotSignedIn, () => SignIn());
        await Refused(Failure.NotSignedIn, () => Refresh(session));
        await Host.Restart();
        Assert.Null(await Admit(session));
        await Refused(Failure.NotSignedIn, () => SignIn());
    }

    [Fact]
    public async Task Who_is_activated_again_signs_in_again_and_no_old_session_lives()
    {
        await AddUser();
        var session = await SignIn();
        await AsAdmin(Ada, user => user.Change(new UserChange(null, false, null, null)));
        await AsAdmin(Ada, user => user.Change(new UserChange(null, true, null, null)));

        Assert.Null(await Admit(session));
        await SignIn();
    }

    [Fact]
    public async Task Another_role_counts_at_once_in_every_session()
    {
        await AddUser();
        var session = await SignIn();
        await Revoked();

        await AsAdmin(Ada, user => user.Change(new UserChange(null, null, Roles.Operator, ["plant/#"])));

        var admission = await Admit(session);
        Assert.Equal((Roles.Operator, "plant/#"), (admission!.Roles, Assert.Single(admission.Grants)));
        Assert.Equal([$"{Tenant}/{session.User.Id}"], await Revoked());
    }

    [Fact]
    public async Task The_mqtt_sessions_of_who_may_less_are_gone_with_their_queues()
    {
        await AddUser(roles: Roles.Viewer);
        await Register("meter-7");
        var session = await SignIn();
        var connection = await ConnectUser(CallerOf(session), expiry: 3_600);
        await connection.Subscribe("devices/#");
        await connection.Leave();
        await Publish("meter-7", Said("meter-7", "devices/meter-7/t", "1"));

        await AsAdmin(Ada, user => user.Change(new UserChange(null, null, null, ["plant/#"])));

        var back = await ConnectUser(CallerOf(session) with { Grants = ["plant/#"] }, expiry: 3_600);
        Assert.False(back.Session.IsPresent);
        Assert.Empty(await back.Queue());
    }

    [Fact]
    public async Task A_deleted_users_email_is_free_and_its_sessions_are_not_the_next_ones()
    {
        await AddUser();
        var session = await SignIn();
        await AsAdmin(Ada, user => user.Remove());
        var next = await AddUser();

        Assert.NotEqual(session.User.Id, next.Id);
        Assert.Null(await Admit(session));
        Assert.Null(await As(Admin, () => Grains.Users(Tenant).Find(session.User.Id)));
    }

    [Fact]
    public async Task A_made_password_is_shown_once_and_works()
    {
        var created = await As(Admin, () => Grains.User(Tenant, Ada).Create("Ada", null, Roles.Operator, ["plant/#"]));
        var session = await SignIn(password: created.Password!);
        Assert.Equal((Roles.Operator, "plant/#"), (session.User.Roles, Assert.Single(session.User.Grants)));
        Assert.DoesNotContain(created.Password!, created.ToString(), StringComparison.Ordinal);

        var reset = await As(Admin, () => Grains.User(Tenant, Ada).ResetPassword());
        await Refused(Failure.NotSignedIn, () => SignIn(password: created.Password!));
        await SignIn(password: reset);
    }

    [Theory] // API5:2023
    [InlineData(Roles.Viewer)]
    [InlineData(Roles.Operator)]
    [InlineData(Roles.None)]
    public async Task Only_administrators_manage_users(Roles roles)
    {
        await AddUser();
        await AsAdmin(Ada, user => user.Change(new UserChange("Countess", null, null, null)));
        foreach (var caller in new[] { User(roles), Admin with { Grants = ["plant/#"] } })
        {
            await Refused(Failure.Forbidden, () => As(caller, () => Grains.User(Tenant, "eve@example.org").Create("Eve", null, Roles.Admin, [])));
            await Refused(Failure.Forbidden, () => As(caller, () => Grains.User(Tenant, Ada).Change(new UserChange(null, null, Roles.Admin, null))));
            await Refused(Failure.Forbidden, () => As(caller, () => Grains.User(Tenant, Ada).Remove()));
            await Refused(Failure.Forbidden, () => As(caller, () => Grains.User(Tenant, Ada).ResetPassword()));
        }

        var foreign = User(Roles.Admin, "other");
        await Refused(Failure.NotFound, () => As(foreign, () => Grains.User(Tenant, Ada).Remove()));
        Assert.Equal("Countess", (await SignIn()).User.Username);
    }

    [Theory] // API3:2023
    [InlineData(Roles.System)]
    [InlineData(Roles.SignIn)]
    [InlineData(Roles.Admin | Roles.System)]
    public async Task Nobody_is_given_what_only_the_system_is(Roles roles)
    {
        await AddUser();
        await Refused(Failure.Invalid, () => AsAdmin(Ada, user => user.Change(new UserChange(null, null, roles, null))));
        await Refused(Failure.Invalid, () => As(Admin, () => Grains.User(Tenant, "eve@example.org").Create("Eve", null, roles, [])));
        await Refused(Failure.Invalid, () => As(Admin, () => Grains.ServiceAccount(Tenant, $"{Tenant}.x").Create("x", roles, [])));
    }

    [Fact]
    public async Task An_administrator_is_not_narrowed()
    {
        await AddUser();
        await Refused(Failure.Invalid, () => AsAdmin(Ada, user => user.Change(new UserChange(null, null, Roles.Admin, ["plant/#"]))));
        await Refused(Failure.Invalid, () => AsAdmin(Ada, user => user.Change(new UserChange(null, null, null, ["a/#/b"]))));
    }

    [Fact]
    public async Task Nobody_takes_away_their_own_right_to_administer()
    {
        await AddUser(roles: Roles.Admin);
        await AddUser("eve@example.org", Roles.Admin);
        var ada = await SignIn();
        await Refused(Failure.Conflict, () => AsUser(ada, user => user.Change(new UserChange(null, null, Roles.Viewer, null))));
        await Refused(Failure.Conflict, () => AsUser(ada, user => user.Change(new UserChange(null, false, null, null))));
        await Refused(Failure.Conflict, () => AsUser(ada, user => user.Remove()));
        await Refused(Failure.Conflict, () => AsUser(ada, user => user.ResetPassword()));
        Assert.Equal("Countess", (await AsUser(ada, user => user.Change(new UserChange("Countess", null, null, null)))).Username);
    }

    [Fact]
    public async Task Somebody_stays_to_administer_a_tenant_also_when_two_dismiss_each_other_at_once()
    {
        const string other = "other";
        await AddUser(roles: Roles.Admin, tenant: other);
        await AddUser("eve@example.org", Roles.Admin, other);
        var service = new Caller(other, "other.s", CallerKind.Service, Roles.Admin, null, DateTimeOffset.MaxValue);

        var dismissals = await Task.WhenAll(new[] { Ada, "eve@example.org" }.Select(async email =>
        {
            try
            {
                await As(service, () => Grains.User(other, email).Change(new UserChange(null, null, Roles.Viewer, null)));
                return true;
            }
            catch (FailureException e) when (e.Failure == Failure.Conflict)
            {
                return false;
            }
        }));

        Assert.Single(dismissals, dismissed => dismissed);
    }

    [Fact]
    public async Task The_administrator_of_an_installation_before_there_were_sessions_still_counts()
    {
        var session = await SignIn("admin@localhost", Fixtures.IotHost.AdminPassword);
        await AddUser("eve@example.org", Roles.Admin);
        await AsUser(session, _ => As(CallerOf(session), () => Grains.User(Tenant, "eve@example.org").Remove()));
        Assert.NotNull(await Admit(session));
    }
}
