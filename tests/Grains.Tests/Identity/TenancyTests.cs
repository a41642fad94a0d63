using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Tests.Identity;

public sealed class TenancyTests : AccountTest
{
    private const string Boss = "ada@acme.example";

    private ITenancyGrain Acme => Grains.Tenancy("acme");

    [Fact]
    public async Task A_tenant_comes_with_an_administrator_who_signs_in_and_administers_it_only()
    {
        var created = await Create();
        var session = await SignIn(Boss, created.Administrator.Password!, tenant: "acme");
        var admin = new Caller("acme", session.User.Id, CallerKind.User, session.User.Roles, null, DateTimeOffset.MaxValue, session.SessionId);

        Assert.Equal(Roles.Admin, session.User.Roles);
        await As(admin, () => Grains.User("acme", "bob@acme.example").Create("Bob", Password, Roles.Viewer, []));
        await Refused(Failure.NotFound, () => As(admin, () => Grains.User(Tenant, "admin@localhost").Get()));
        Assert.Equal("Acme Ltd", (await As(admin, () => Acme.Get())).Title);
        await Refused(Failure.NotFound, () => As(admin, () => Grains.Tenancy("other").Get()));
        await Refused(Failure.NotFound, () => As(admin, () => Grains.Tenancy(Tenant).Get()));
        await Refused(Failure.Forbidden, () => As(admin, () => Acme.SetActive(false)));
        await Refused(Failure.NotFound, () => As(admin, () => Grains.Tenancy("mine").Create("", Boss)));
        await Refused(Failure.Forbidden, () => As(admin, () => Grains.Tenants().List(null, 10, null)));
    }

    [Fact]
    public async Task Only_administrators_of_the_installation_make_tenants()
    {
        await Refused(Failure.NotFound, () => As(User(Roles.Operator), () => Acme.Create("", Boss)));
        await Refused(Failure.NotFound, () => As(Admin with { Grants = ["#"] }, () => Acme.Create("", Boss)));
        await Create();
        await Refused(Failure.Conflict, () => As(Admin, () => Acme.Create("", Boss)));
        await Refused(Failure.Conflict, () => As(Admin, () => Grains.Tenancy(Tenant).Create("", Boss)));
        var listed = await As(Admin, () => Grains.Tenants().List("ACME", 10, null));
        Assert.Equal("acme", Assert.Single(listed.Entries).Id);
    }

    [Theory]
    [InlineData("$system")]
    [InlineData("Acme")]
    [InlineData("-acme")]
    [InlineData("a.b")]
    [InlineData("a b")]
    public async Task A_name_that_cannot_stand_in_a_key_is_none(string name) =>
        await Refused(Failure.Invalid, () => As(Admin, () => Grains.Tenancy(name).Create("", Boss)));

    [Fact] // J16
    public async Task Of_a_deactivated_tenant_nobody_signs_in_goes_on_or_connects_until_it_is_active_again()
    {
        var created = await Create();
        var session = await SignIn(Boss, created.Administrator.Password!, tenant: "acme");
        var operators = User(Roles.Operator, "acme");
        var key = await As(operators, () => Grains.Device("acme", "meter-7").Register(new DeviceRegistration("", [], [])));
        Assert.NotNull(await Admit(session, "acme"));
        await (await ConnectDevice(key)).Leave();
        await Revoked();

        await As(Admin, () => Acme.SetActive(false));

        Assert.Equal(["acme/"], await Revoked());
        Assert.Null(await Admit(session, "acme"));
        await Refused(Failure.NotSignedIn, () => SignIn(Boss, created.Administrator.Password!, tenant: "acme"));
        await Refused(Failure.NotSignedIn, () => As(Gateway("acme"), () => Grains.User("acme", Boss).Refresh(
            session.SessionId, session.Secret, new SignInOrigin("", ""), Month)));
        await Refused(Failure.NotSignedIn, () => ConnectDevice(key));
        await Host.Restart();
        await Refused(Failure.NotSignedIn, () => ConnectDevice(key));
        await AddUser();
        await SignIn(); // the installation's own tenant is another

        await As(Admin, () => Acme.SetActive(true));
        await ConnectDevice(key);
        Assert.NotNull(await Admit(session, "acme"));
    }

    [Fact]
    public async Task The_installations_own_tenant_stays_active()
    {
        await Refused(Failure.Conflict, () => As(Admin, () => Grains.Tenancy(Tenant).SetActive(false)));
        await Refused(Failure.NotFound, () => As(Admin, () => Grains.Tenancy("nobody").SetActive(false)));
        Assert.True((await As(Admin, () => Grains.Tenancy(Tenant).Get())).Active);
    }

    private Task<CreatedTenant> Create() => As(Admin, () => Acme.Create("Acme Ltd", Boss));

    private Task<EdgeClient> ConnectDevice(string key) => new EdgeClient(
        Grains, Grains.Device("acme", "meter-7"), Caller.Device("acme", "meter-7"))
        .Connect(Caller.SigningIn("acme", "edge"), new Credential(CredentialKind.Key, key, []), "meter-7", false, 0, null);
}
