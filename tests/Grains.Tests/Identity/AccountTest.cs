using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OrleansIoT.Fixtures;
using OrleansIoT.Identity;

namespace OrleansIoT.Grains.Tests.Identity;

/// <summary>Users with sessions, and what a gateway hears and asks of them.</summary>
public abstract class AccountTest : GrainTest
{
    protected const string Password = "correct horse battery";

    protected static readonly TimeSpan Month = TimeSpan.FromDays(30);

    protected static readonly Caller Admin = User(Roles.Admin, id: "boss");

    private Guid _epoch;
    private long _version;

    protected ManualClock Clock { get; } = new(Noon);

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        await Revoked(); // from here on
    }

    protected override void Configure(WebApplicationBuilder builder) => builder.Services.AddSingleton<TimeProvider>(Clock);

    protected static Caller Gateway(string tenant = Tenant) => Caller.SigningIn(tenant, "gateway");

    protected Task<UserRecord> AddUser(string email = "ada@example.org", Roles roles = Roles.Viewer, string tenant = Tenant) => As(
        Caller.System(tenant, "test"), async () => (await Grains.User(tenant, email).Create("Ada", Password, roles, [])).User);

    protected Task<OpenedSession> SignIn(
        string email = "ada@example.org", string password = Password, string address = "192.0.2.7", string tenant = Tenant) =>
        As(Gateway(tenant), () => Grains.User(tenant, email).SignIn(password, new SignInOrigin(address, "test"), Month));

    protected Task<OpenedSession> Refresh(OpenedSession session, string? secret = null) => As(
        Gateway(),
        () => Grains.User(Tenant, session.User.Email).Refresh(session.SessionId, secret ?? session.Secret, new SignInOrigin("192.0.2.8", "other"), Month));

    protected Task<Admission?> Admit(OpenedSession session, string tenant = Tenant) =>
        As(Gateway(tenant), () => Grains.User(tenant, session.User.Email).Admit(session.SessionId));

    protected static Caller CallerOf(OpenedSession session) =>
        User(session.User.Roles, id: session.User.Id) with { SessionId = session.SessionId, Grants = session.User.Grants };

    protected Task<T> AsUser<T>(OpenedSession session, Func<IUserGrain, Task<T>> calls) =>
        As(CallerOf(session), () => calls(Grains.User(Tenant, session.User.Email)));

    protected Task AsUser(OpenedSession session, Func<IUserGrain, Task> calls) =>
        As(CallerOf(session), () => calls(Grains.User(Tenant, session.User.Email)));

    protected Task AsAdmin(string email, Func<IUserGrain, Task> calls) => As(Admin, () => calls(Grains.User(Tenant, email)));

    /// <summary>Whom gateways have been told to think of again, since this was asked last.</summary>
    protected async Task<string[]> Revoked()
    {
        var news = await As(Gateway(GrainKey.SystemTenant), () => Grains.Revocations().Since(_epoch, _version));
        (_epoch, _version) = (news.Epoch, news.Version);
        return [.. news.Holders];
    }
}
