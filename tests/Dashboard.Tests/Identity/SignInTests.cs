using System.Text.RegularExpressions;
using OrleansIoT.EndToEnd.Tests;

namespace OrleansIoT.Dashboard.Tests.Identity;

public sealed partial class SignInTests(SharedIot shared) : IClassFixture<SharedIot>
{
    private readonly IotProcess _iot = shared.Iot;

    [Fact]
    public async Task A_stranger_is_sent_to_Login_and_from_there_to_where_they_wanted_to_go()
    {
        await using var viewer = await Viewer.Of(_iot);
        await viewer.Go("/app/devices?state=away");
        await Viewer.Sees(viewer.Heading("Sign in"));

        await viewer.SignIn("admin@localhost", IotProcess.AdminPassword);

        await Viewer.Sees(viewer.Heading("Devices"));
        Assert.Equal("/app/devices?state=away", viewer.Place);
    }

    [Fact]
    public async Task Somebody_new_creates_an_account_and_sees_what_viewers_see()
    {
        await using var viewer = await Viewer.Of(_iot);
        await viewer.Go("/app/");
        await viewer.Page.GetByRole(AriaRole.Link, new() { Name = "Create one" }).ClickAsync();
        await Viewer.Sees(viewer.Heading("Create an account")); // The page before it has a field "Email" too.
        await viewer.Page.GetByLabel("Email").FillAsync("ada@example.org");
        await viewer.Page.GetByLabel("Name").FillAsync("Ada");
        await viewer.Page.GetByLabel("Password").FillAsync("correct horse battery staple");
        await viewer.Button("Create the account").ClickAsync();

        await Viewer.Sees(viewer.Heading("Home"));
        await viewer.Page.GetByRole(AriaRole.Link, new() { Name = "Devices", Exact = true }).ClickAsync();
        await Viewer.Sees(viewer.Heading("Devices"));
        await Viewer.Sees(viewer.Page.GetByText("There are no devices yet."));
        Assert.Equal(0, await viewer.Page.GetByRole(AriaRole.Link, new() { Name = "Users" }).CountAsync());
        Assert.Equal(0, await viewer.Button("Register a device").CountAsync());
    }

    [Fact]
    public async Task A_wrong_password_is_said_and_the_right_one_still_works()
    {
        await using var viewer = await Viewer.Of(_iot);
        await viewer.Go("/app/login");
        await viewer.Page.GetByLabel("Email").FillAsync("admin@localhost");
        await viewer.Page.GetByLabel("Password").FillAsync("not this one");
        await viewer.Button("Sign in").ClickAsync();
        await Viewer.Sees(viewer.Page.GetByRole(AriaRole.Alert));

        await viewer.SignIn("admin@localhost", IotProcess.AdminPassword);
        await Viewer.Sees(viewer.Heading("Home"));
    }

    [Fact]
    public async Task A_page_that_is_loaded_again_stays_signed_in_and_keeps_nothing_that_a_script_could_read()
    {
        await using var viewer = await Viewer.Administrator(_iot);
        for (var i = 0; i < 3; i++)
        {
            await viewer.Page.ReloadAsync();
            await Viewer.Sees(viewer.Heading("Home"));
        }

        Assert.DoesNotContain("eyJ", await viewer.Kept(), StringComparison.Ordinal);
        Assert.DoesNotContain("iotr_", await viewer.Kept(), StringComparison.Ordinal);
        var cookie = Assert.Single(await viewer.Cookies());
        Assert.True(cookie is { HttpOnly: true, Secure: true, SameSite: SameSiteAttribute.Strict }, cookie.Name);
    }

    [Fact]
    public async Task Tabs_that_are_loaded_at_the_same_time_do_not_sign_each_other_out()
    {
        await using var viewer = await Viewer.Administrator(_iot);
        var tabs = new List<IPage> { viewer.Page };
        for (var i = 0; i < 3; i++)
        {
            tabs.Add(await viewer.NewTab());
        }

        for (var round = 0; round < 3; round++)
        {
            await Task.WhenAll(tabs.Select(tab => tab.GotoAsync(viewer.Origin + "/app/devices")));
            await Task.WhenAll(tabs.Select(tab => Viewer.Sees(tab.GetByRole(AriaRole.Heading, new() { Name = "Devices", Level = 1 }))));
        }
    }

    [Fact]
    public async Task One_cookie_that_is_sent_twice_at_a_time_as_F5_twice_does_signs_nobody_out()
    {
        await using var viewer = await Viewer.Administrator(_iot);
        var answers = await viewer.Page.EvaluateAsync<int[]>(
            "Promise.all([1, 2, 3].map(() => fetch('/auth/refresh', { method: 'POST', keepalive: true }).then((answer) => answer.status)))");
        Assert.Equal([200, 200, 200], answers);
        await viewer.Page.ReloadAsync();
        await Viewer.Sees(viewer.Heading("Home"));
    }

    [Fact]
    public async Task Signing_out_in_one_tab_signs_out_in_all()
    {
        await using var viewer = await Viewer.Administrator(_iot);
        var other = await viewer.NewTab();
        await other.GotoAsync(viewer.Origin + "/app/topics");
        await Viewer.Sees(other.GetByRole(AriaRole.Heading, new() { Name = "Topics", Level = 1 }));

        await viewer.Go("/app/account");
        await viewer.Button("Sign out").ClickAsync();

        await Viewer.Sees(viewer.Heading("Sign in"));
        await Viewer.Sees(other.GetByRole(AriaRole.Heading, new() { Name = "Sign in", Level = 1 }));
        await viewer.Go("/app/devices");
        await Viewer.Sees(viewer.Heading("Sign in"));
        Assert.Empty(await viewer.Cookies());
    }

    [Fact]
    public async Task A_session_that_is_revoked_ends_the_page_and_leads_back_to_it()
    {
        await using var viewer = await Viewer.Administrator(_iot);
        using var administrator = await IotClient.Administrator(_iot);
        await viewer.Go("/app/topics/devices/meter-7/temperature?range=1h");
        await viewer.SeesLive();

        (await administrator.Http.DeleteAsync(new Uri("/auth/sessions", UriKind.Relative))).EnsureSuccessStatusCode();

        await viewer.ComesTo(LoginPlace());
        await Viewer.Sees(viewer.Page.GetByText("Your session has ended"));
        await viewer.SignIn("admin@localhost", IotProcess.AdminPassword);
        await Viewer.Sees(viewer.Heading("devices/meter-7/temperature"));
        Assert.Equal("/app/topics/devices/meter-7/temperature?range=1h", viewer.Place);
    }

    [GeneratedRegex(@"/app/login\?return=")]
    private static partial Regex LoginPlace();
}
