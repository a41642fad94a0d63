using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Identity;
using OrleansIoT.Topics;

namespace OrleansIoT.Grains.Tests.Identity;

public sealed class CallerFilterTests : GrainTest
{
    [Fact]
    public async Task Without_a_caller_no_grain_answers()
    {
        RequestContext.Clear();
        await Refused(Failure.NotSignedIn, () => Grains.Topic(Tenant, "t").Latest());
        await Refused(Failure.NotSignedIn, () => Grains.Devices(Tenant).List(null, 10, null));
        await Refused(Failure.NotSignedIn, () => Grains.User(Tenant, "a@example.org").SignIn("password", new SignInOrigin("", ""), TimeSpan.FromDays(1)));
    }

    [Fact]
    public async Task An_expired_caller_is_nobody()
    {
        var expired = User(Roles.Admin) with { ExpiresAt = DateTimeOffset.UtcNow.AddSeconds(-1) };
        await Refused(Failure.NotSignedIn, () => As(expired, () => Grains.Topic(Tenant, "t").Latest()));
    }

    [Fact]
    public async Task Something_else_under_the_callers_key_is_no_caller()
    {
        User(Roles.Admin).Enter();
        var key = Assert.Single(RequestContext.Keys);
        RequestContext.Set(key, "admin");
        await Refused(Failure.NotSignedIn, () => Grains.Topic(Tenant, "t").Latest());
        RequestContext.Clear();
    }

    [Theory]
    [InlineData(Roles.None)]
    [InlineData(Roles.SignIn)]
    public async Task A_caller_without_the_right_role_is_refused(Roles roles)
    {
        await Refused(Failure.Forbidden, () => As(User(roles), () => Grains.Topic(Tenant, "t").Latest()));
        await Refused(Failure.Forbidden, () => As(User(roles), () => Grains.Devices(Tenant).List(null, 10, null)));
    }

    [Fact]
    public async Task A_viewer_manages_neither_devices_nor_users()
    {
        await Register("meter");
        var viewer = User(Roles.Viewer);
        await Refused(Failure.Forbidden, () => As(viewer, () => Grains.Device(Tenant, "meter").Remove()));
        await Refused(Failure.Forbidden, () => As(viewer, () => Grains.Users(Tenant).List(null, 10, null)));
    }
}
