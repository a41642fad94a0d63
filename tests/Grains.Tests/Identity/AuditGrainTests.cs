using OrleansIoT.Failures;
using OrleansIoT.Identity;

namespace OrleansIoT.Grains.Tests.Identity;

public sealed class AuditGrainTests : GrainTest
{
    private static readonly AuditQuery All = new(DateTimeOffset.MinValue, DateTimeOffset.MaxValue, Action: "Login");
    private static readonly AuditEntry Entry = new() { At = Noon, Tenant = Tenant, Action = "Login" };

    [Fact]
    public async Task Whoever_checks_credentials_notes_and_administrators_read()
    {
        await As(Caller.SigningIn(Tenant, "gateway"), () => Grains.Audit(Tenant).Note([Entry]));

        var page = await As(User(Roles.Admin), () => Grains.Audit(Tenant).List(All));

        Assert.Equal("Login", Assert.Single(page.Entries).Action);
    }

    [Theory]
    [InlineData(Roles.None)]
    [InlineData(Roles.Viewer)]
    [InlineData(Roles.Operator)]
    [InlineData(Roles.Admin)]
    public async Task Nobody_else_notes(Roles roles)
    {
        await Refused(Failure.Forbidden, () => As(User(roles), () => Grains.Audit(Tenant).Note([Entry])));
        await Refused(Failure.Forbidden, () => As(Caller.Device(Tenant, "meter"), () => Grains.Audit(Tenant).Note([Entry])));
        await Refused(Failure.NotFound, () => As(Caller.SigningIn("other", "gateway"), () => Grains.Audit(Tenant).Note([Entry])));
    }

    [Theory]
    [InlineData(Roles.None)]
    [InlineData(Roles.Viewer)]
    [InlineData(Roles.Operator)]
    [InlineData(Roles.SignIn)]
    public async Task Nobody_else_reads(Roles roles)
    {
        await Refused(Failure.Forbidden, () => As(User(roles), () => Grains.Audit(Tenant).List(All)));
        await Refused(Failure.NotFound, () => As(User(Roles.Admin, "other"), () => Grains.Audit(Tenant).List(All)));
    }

    [Fact]
    public async Task An_entry_belongs_to_the_grains_tenant_whatever_it_says_and_its_texts_have_an_end()
    {
        var text = new string('x', AuditEntry.MaxText - 1) + "🌡";
        await As(Caller.SigningIn(Tenant, "gateway"), () => Grains.Audit(Tenant).Note([Entry with { Tenant = "other", ThingId = text }]));

        var entry = Assert.Single((await As(User(Roles.Admin), () => Grains.Audit(Tenant).List(All))).Entries);

        Assert.Equal((Tenant, new string('x', AuditEntry.MaxText - 1)), (entry.Tenant, entry.ThingId)); // half a character is none
        Assert.Empty((await As(User(Roles.Admin, "other"), () => Grains.Audit("other").List(All))).Entries);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1_001)]
    public async Task A_page_has_bounds(int limit) =>
        await Refused(Failure.Invalid, () => As(User(Roles.Admin), () => Grains.Audit(Tenant).List(All with { Limit = limit })));
}
