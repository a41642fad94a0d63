using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Tests.Identity;

public sealed class ServiceAccountTests : AccountTest
{
    private const string Id = $"{Tenant}.0195e8a0-3f5e-7d3f-8b7c-9a533f0c2f3b";

    private IServiceAccountGrain Account => Grains.ServiceAccount(Tenant, Id);

    [Fact]
    public async Task An_account_signs_in_with_its_secret_also_after_a_restart()
    {
        var secret = await Create();
        await Host.Restart();
        var admission = await SignIn(secret);
        Assert.Equal((Id, Roles.Operator, "plant/#"), (admission!.Subject, admission.Roles, Assert.Single(admission.Grants)));
        Assert.Equal(Roles.Operator, (await Admit(admission))!.Roles);
        Assert.Null(await SignIn(secret + "x"));
        Assert.Null(await As(Gateway(), () => Grains.ServiceAccount(Tenant, $"{Tenant}.nobody").SignIn(secret)));
    }

    [Theory] // J16
    [InlineData("secret")]
    [InlineData("deactivation")]
    [InlineData("deletion")]
    public async Task Its_tokens_end_with_its_secret_and_with_itself(string how)
    {
        var secret = await Create();
        var admission = (await SignIn(secret))!;
        var connection = await ConnectUser(CallerOf(admission));
        Assert.NotNull(await Admit(admission));
        await Revoked();

        await As(Admin, () => how switch
        {
            "secret" => (Task)Account.RenewSecret(),
            "deactivation" => Account.Change(new ServiceAccountChange(null, false, null, null)),
            _ => Account.Remove(),
        });

        Assert.Null(await Admit(admission));
        Assert.Null(await SignIn(secret));
        Assert.Equal(ConnectionEnd.CredentialRevoked, await connection.Ended);
        Assert.Equal([$"{Tenant}/{Id}"], await Revoked());
    }

    [Fact]
    public async Task A_token_of_before_a_deactivation_does_not_come_back_with_the_account()
    {
        var secret = await Create();
        var admission = (await SignIn(secret))!;
        await As(Admin, () => Account.Change(new ServiceAccountChange(null, false, null, null)));
        await As(Admin, () => Account.Change(new ServiceAccountChange(null, true, null, null)));
        Assert.Null(await Admit(admission));
        Assert.NotNull(await SignIn(secret));
    }

    [Fact]
    public async Task It_publishes_and_hears_as_its_roles_and_grants_let_it()
    {
        var secret = await Create();
        var connection = await ConnectUser(CallerOf((await SignIn(secret))!));
        var published = await connection.Publish(Said($"users/{Id}", "plant/a", "1"), Said($"users/{Id}", "office/a", "1"));
        Assert.Equal([1], published.Failures.Select(failure => failure.Index));
        var subscribed = await connection.Subscribe("plant/+");
        Assert.Null(Assert.Single(subscribed.Outcomes).Failure);
        Assert.Equal(Failure.Forbidden, Assert.Single((await connection.Subscribe("#")).Outcomes).Failure);
    }

    [Fact] // A service is not the system.
    public async Task It_is_neither_the_system_nor_somebody_who_checks_credentials()
    {
        var caller = CallerOf((await SignIn(await Create()))!) with { Roles = Roles.Admin, Grants = [] };
        Assert.False(Permissions.IsSystem(caller));
        await Refused(Failure.Forbidden, () => As(caller, () => Grains.User(Tenant, "a@example.org").SignIn("x", new SignInOrigin("", ""), Month)));
        await Refused(Failure.NotFound, () => As(caller, () => Grains.Revocations().Revoke("default/")));
        await Refused(Failure.NotFound, () => As(caller, () => Grains.Device("other", "meter-7").Get()));
        await Refused(Failure.Forbidden, () => As(caller, () => Grains.UserClient(Tenant, Id).Remove()));
    }

    [Fact]
    public async Task Only_administrators_of_its_tenant_manage_it()
    {
        await Create();
        await Refused(Failure.Forbidden, () => As(User(Roles.Operator), () => Account.RenewSecret()));
        await Refused(Failure.NotFound, () => As(User(Roles.Admin, "other"), () => Account.RenewSecret()));
        await Refused(Failure.Invalid, () => As(Admin, () => Grains.ServiceAccount(Tenant, "other.x").Create("x", Roles.Viewer, [])));
        await Refused(Failure.Invalid, () => As(Admin, () => Grains.ServiceAccount(Tenant, $"{Tenant}.x").Create("x", Roles.None, [])));
        var listed = await As(Admin, () => Grains.ServiceAccounts(Tenant).List(null, 10, null));
        Assert.Equal(Id, Assert.Single(listed.Entries).Id);
        Assert.Equal("billing", (await As(Admin, () => Account.Get())).Name);
    }

    private Task<string> Create() => As(Admin, () => Account.Create("billing", Roles.Operator, ["plant/#"]));

    private Task<Admission?> SignIn(string secret) => As(Gateway(), () => Account.SignIn(secret));

    private Task<Admission?> Admit(Admission admission) => As(Gateway(), () => Account.Admit(admission.SessionId));

    private static Caller CallerOf(Admission admission) => new(
        Tenant, admission.Subject, CallerKind.Service, admission.Roles, "j", DateTimeOffset.MaxValue, admission.SessionId, admission.Grants);
}
