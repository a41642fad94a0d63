using OrleansIoT.Identity;

namespace OrleansIoT.Grains.Abstractions.Tests.Identity;

public sealed class PermissionsTests
{
    [Theory]
    [InlineData("devices/meter/t", true)]
    [InlineData("devices/meter/a/b", true)]
    [InlineData("devices/meter/", true)]
    [InlineData("devices/meter", false)]
    [InlineData("devices/meter2/t", false)]
    [InlineData("devices/Meter/t", false)]
    [InlineData("/devices/meter/t", false)]
    [InlineData("devices//t", false)]
    [InlineData("plant/1/state", true)]
    [InlineData("plant/1/2/state", false)]
    [InlineData("$SYS/x", false)]
    public void A_device_publishes_below_itself_and_where_it_was_granted(string topic, bool may) =>
        Assert.Equal(may, Permissions.MayPublish("meter", ["plant/+/state"], topic));

    [Fact]
    public void No_grant_reaches_the_servers_own_topics() =>
        Assert.False(Permissions.MayPublish("meter", ["$SYS/#", "#"], "$SYS/x"));

    [Theory]
    [InlineData("plant/1", true)]
    [InlineData("plant/secret", false)]
    [InlineData("devices/meter/secret", false)]
    [InlineData("$app/x", true)]
    [InlineData("$other/x", false)]
    public void A_denial_wins(string topic, bool may) =>
        Assert.Equal(may, Permissions.MayPublish("meter", ["!+/secret", "#", "$app/#", "!devices/+/secret"], topic));

    [Theory]
    [InlineData("devices/meter/#", true)]
    [InlineData("devices/meter/+/cmd", true)]
    [InlineData("devices/+/cmd", false)]
    [InlineData("devices/#", false)]
    [InlineData("plant/#", true)]
    [InlineData("plant/secret/#", false)]
    [InlineData("plant/secret/a", false)]
    [InlineData("$SYS/#", false)]
    public void A_subscription_lies_within_the_grants_and_not_within_a_denial(string filter, bool may) =>
        Assert.Equal(may, Permissions.MaySubscribe("meter", ["plant/#", "!plant/secret/#", "$SYS/#"], filter));

    [Fact]
    public void Nobody_else_owns_topics_below_devices() =>
        Assert.False(Permissions.MayPublish("users/1", [], "devices/users/1/x"));

    [Fact]
    public void Nobody_may_anything_in_another_tenant()
    {
        var admin = new Caller("a", "root", CallerKind.User, Roles.Viewer | Roles.Operator | Roles.Admin | Roles.SignIn, null, DateTimeOffset.MaxValue);
        Assert.False(Permissions.MayKnowOf(admin, "b"));
        Assert.False(Permissions.MayReadTelemetry(admin, "b"));
        Assert.False(Permissions.MaySeeDevices(admin, "b"));
        Assert.False(Permissions.MayManageDevices(admin, "b"));
        Assert.False(Permissions.MayManageUsers(admin, "b"));
        Assert.False(Permissions.MaySeeUser(admin, "b", "root"));
        Assert.False(Permissions.MayCheckCredentials(admin, "b"));
        Assert.False(Permissions.MayAppend(Caller.Device("a", "d"), "b"));
        Assert.False(Permissions.IsDevice(Caller.Device("a", "d"), "b", "d"));
    }

    [Theory]
    [InlineData(Roles.None, false, false, false)]
    [InlineData(Roles.Viewer, true, false, false)]
    [InlineData(Roles.Operator, true, true, false)]
    [InlineData(Roles.Admin, true, true, true)]
    [InlineData(Roles.SignIn, false, false, false)]
    public void Each_role_may_what_it_is_for(Roles roles, bool read, bool manageDevices, bool manageUsers)
    {
        var caller = new Caller("a", "x", CallerKind.User, roles, null, DateTimeOffset.MaxValue);
        Assert.Equal(read, Permissions.MayReadTelemetry(caller, "a"));
        Assert.Equal(manageDevices, Permissions.MayManageDevices(caller, "a"));
        Assert.Equal(manageUsers, Permissions.MayManageUsers(caller, "a"));
        Assert.Equal(manageUsers, Permissions.MaySeeUser(caller, "a", "somebody else"));
        Assert.Equal(manageDevices, Permissions.MayAppend(caller, "a")); // who manages devices sends them commands
        Assert.False(Permissions.IsSystem(caller));
    }

    [Fact]
    public void A_device_with_a_users_id_is_not_that_user() =>
        Assert.False(Permissions.MaySeeUser(Caller.Device("a", "42"), "a", "42"));
}
