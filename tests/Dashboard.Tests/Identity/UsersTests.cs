using OrleansIoT.EndToEnd.Tests;
using OrleansIoT.Fixtures;

namespace OrleansIoT.Dashboard.Tests.Identity;

public sealed class UsersTests(SharedIot shared) : IClassFixture<SharedIot>, IAsyncLifetime
{
    private readonly IotProcess _iot = shared.Iot;
    private Viewer _admin = null!;

    public async Task InitializeAsync() => _admin = await Viewer.Administrator(_iot);

    public async Task DisposeAsync() => await _admin.DisposeAsync();

    [Fact]
    public async Task An_administrator_creates_a_user_who_signs_in_with_the_password_that_was_shown_once()
    {
        var page = _admin.Page;
        await _admin.Go("/app/users");
        await _admin.Button("Create a user").ClickAsync();
        await page.GetByLabel("Email").FillAsync("ben@example.org");
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("Ben");
        await page.GetByLabel("operator").CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Create", Exact = true }).ClickAsync();
        var password = await page.GetByTestId("secret").InnerTextAsync();
        await _admin.Button("I have passed it on").ClickAsync();
        await Viewer.Sees(page.GetByRole(AriaRole.Cell, new() { Name = "ben@example.org", Exact = true }));

        await using var ben = await Viewer.Of(_iot);
        await ben.Go("/app/devices");
        await ben.SignIn("ben@example.org", password);
        await Viewer.Sees(ben.Button("Register a device"));
    }

    [Fact]
    public async Task A_token_is_made_shown_once_and_deleted()
    {
        var page = _admin.Page;
        await _admin.Go("/app/account");
        await _admin.Button("New token").ClickAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("backup script");
        await page.GetByLabel("viewer").CheckAsync();
        await _admin.Button("Make the token").ClickAsync();
        var token = await page.GetByTestId("secret").InnerTextAsync();
        await _admin.Button("I have kept it").ClickAsync();

        using var script = new IotClient(_iot.HttpPort);
        script.Http.DefaultRequestHeaders.Authorization = new("Bearer", token);
        Assert.Equal(System.Net.HttpStatusCode.OK, (await script.Get("/devices")).Status);
        await _admin.Button("Delete backup script").ClickAsync();
        await _admin.Button("Delete").ClickAsync();
        await Viewer.Sees(page.GetByText("You have none."));
        await Eventually.IsAsync(async () => (await script.Get("/devices")).Status == System.Net.HttpStatusCode.Unauthorized);
    }
}
