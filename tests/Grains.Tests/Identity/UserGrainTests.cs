using OrleansIoT.Failures;
using OrleansIoT.Identity;

namespace OrleansIoT.Grains.Tests.Identity;

public sealed class UserGrainTests : GrainTest
{
    private const string Password = "correct horse battery";

    [Fact]
    public async Task Who_registers_signs_in_with_the_same_password_also_after_a_restart()
    {
        var registered = await Register("ada@example.org", "Ada");
        await Host.Restart();
        var user = await SignIn("ada@example.org", Password);
        Assert.Equal(registered with { Grants = user.Grants }, user);
        Assert.Empty(user.Grants);
        Assert.Equal(Roles.Viewer, user.Roles);
    }

    [Fact]
    public async Task An_email_is_taken_whatever_the_case_it_is_written_in()
    {
        await Register("ada@example.org", "Ada");
        await Refused(Failure.Conflict, () => Register("ADA@Example.org", "Another"));
    }

    [Fact]
    public async Task Of_many_who_register_one_email_at_once_one_gets_it()
    {
        var tries = await Task.WhenAll(Enumerable.Range(0, 5).Select(async i =>
        {
            try
            {
                return await Register("ada@example.org", $"Ada {i}");
            }
            catch (FailureException e) when (e.Failure == Failure.Conflict)
            {
                return null;
            }
        }));
        Assert.Single(tries, user => user is not null);
    }

    [Fact]
    public async Task Whether_a_password_is_somebodys_is_for_the_system_alone_to_ask()
    {
        await Register("ada@example.org", "Ada");
        var ada = Grains.User(Tenant, "ada@example.org");
        Assert.True(await As(Caller.System(Tenant, "test"), () => ada.HasPassword(Password)));
        Assert.False(await As(Caller.System(Tenant, "test"), () => ada.HasPassword("another one")));
        await Refused(Failure.Forbidden, () => As(User(Roles.Admin), () => ada.HasPassword(Password)));
    }

    [Fact]
    public async Task A_wrong_password_and_an_unknown_user_are_told_the_same()
    {
        await Register("ada@example.org", "Ada");
        var wrong = await Refused(Failure.NotSignedIn, () => SignIn("ada@example.org", "something else"));
        var unknown = await Refused(Failure.NotSignedIn, () => SignIn("nobody@example.org", "something else"));
        Assert.Equal(wrong.Message, unknown.Message);
    }

    [Fact]
    public async Task Nobody_gives_himself_more_than_viewer() => await Refused(
        Failure.Forbidden,
        () => As(Caller.SigningIn(Tenant, "gateway"), () => Grains.User(Tenant, "eve@example.org").Register("Eve", Password, Roles.Admin)));

    [Fact]
    public async Task A_user_sees_itself_and_nobody_else_and_an_administrator_sees_all()
    {
        var ada = await Register("ada@example.org", "Ada");
        var eve = await Register("eve@example.org", "Eve");
        Assert.Equal(ada, await As(User(Roles.Viewer, id: ada.Id), () => Grains.User(Tenant, ada.Email).Get()));
        await Refused(Failure.NotFound, () => As(User(Roles.Viewer, id: eve.Id), () => Grains.User(Tenant, ada.Email).Get()));
        Assert.Equal(ada, await As(User(Roles.Admin), () => Grains.User(Tenant, ada.Email).Get()));
        Assert.Null(await As(User(Roles.Viewer, id: eve.Id), () => Grains.Users(Tenant).Find(ada.Id)));
    }

    [Fact]
    public async Task The_directory_lists_users_in_pages_and_finds_them_by_part_of_a_name()
    {
        for (var i = 0; i < 5; i++)
        {
            await Register($"user{i}@example.org", $"Number {i}");
        }

        var found = new List<string>();
        string? cursor = null;
        do
        {
            var page = await As(User(Roles.Admin), () => Grains.Users(Tenant).List("user", 2, cursor));
            found.AddRange(page.Entries.Select(entry => entry.GrainName));
            cursor = page.Next;
        }
        while (cursor is not null);

        Assert.Equal(Enumerable.Range(0, 5).Select(i => $"user{i}@example.org"), found.Order());
        var one = await As(User(Roles.Admin), () => Grains.Users(Tenant).List("NUMBER 3", 10, null));
        Assert.Equal("user3@example.org", Assert.Single(one.Entries).GrainName);
    }

    [Theory]
    [InlineData("no-at-sign", "Ada", Password)]
    [InlineData("ada@example.org", "", Password)]
    [InlineData("ada@example.org", "Ada", "short")]
    public async Task What_breaks_a_rule_is_refused(string email, string username, string password) => await Refused(
        Failure.Invalid,
        () => As(Caller.SigningIn(Tenant, "gateway"), () => Grains.User(Tenant, email).Register(username, password, Roles.Viewer)));

    private Task<UserRecord> Register(string email, string username) => As(
        Caller.SigningIn(Tenant, "gateway"),
        () => Grains.User(Tenant, email).Register(username, Password, Roles.Viewer));

    private async Task<UserRecord> SignIn(string email, string password) => (await As(
        Caller.SigningIn(Tenant, "gateway"),
        () => Grains.User(Tenant, email).SignIn(password, new SignInOrigin("192.0.2.7", "test"), TimeSpan.FromDays(30)))).User;
}
