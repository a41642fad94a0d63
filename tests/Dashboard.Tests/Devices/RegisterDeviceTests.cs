using OrleansIoT.EndToEnd.Tests;
using OrleansIoT.EndToEnd.Tests.Clients;

namespace OrleansIoT.Dashboard.Tests.Devices;

public sealed class RegisterDeviceTests(SharedIot shared) : IClassFixture<SharedIot>, IAsyncLifetime
{
    private readonly IotProcess _iot = shared.Iot;

    /// <summary>Another in each test: the readings of a device stay when it goes.</summary>
    private readonly string _device = $"meter-{Guid.NewGuid():N}"[..14];

    private Viewer _viewer = null!;

    public async Task InitializeAsync() => _viewer = await Viewer.Administrator(_iot);

    /// <summary>Each test begins without a device.</summary>
    public async Task DisposeAsync()
    {
        await _viewer.DisposeAsync();
        using var administrator = await IotClient.Administrator(_iot);
        foreach (var device in (await administrator.Get("/devices")).Body.GetProperty("devices").EnumerateArray())
        {
            await administrator.Http.DeleteAsync(new Uri($"/devices/{device.GetProperty("id").GetString()}", UriKind.Relative));
        }
    }

    [Theory]
    [InlineData("the command", "bash", "-euc")]
    [InlineData("the script", "/usr/bin/python3", "-c")]
    public async Task What_a_new_device_is_shown_with_works_as_it_is_pasted(string what, string program, string option)
    {
        var page = _viewer.Page;
        await _viewer.Go("/app/devices");
        await _viewer.Button("Register the first one").ClickAsync();
        await page.GetByLabel("Id", new() { Exact = true }).FillAsync(_device);
        await page.GetByLabel("Name (optional)").FillAsync("Cellar");
        await page.GetByRole(AriaRole.Button, new() { Name = "Register", Exact = true }).ClickAsync();
        var key = await page.GetByTestId("secret").InnerTextAsync();
        await page.GetByRole(AriaRole.Tab, new() { Name = what == "the command" ? "mosquitto_pub" : "Python" }).ClickAsync();
        var lines = await page.GetByRole(AriaRole.Region, new() { Name = what }).InnerTextAsync();
        Assert.Contains(key, lines, StringComparison.Ordinal);
        await Viewer.Sees(page.GetByText("Waiting for its first message"));

        (await ForeignClient.Run(program, [], [option, lines])).Succeeded();

        await page.GetByRole(AriaRole.Link, new() { Name = "See it live" }).ClickAsync();
        await Viewer.Sees(_viewer.Heading("Cellar"));
        await Viewer.Sees(page.GetByRole(AriaRole.Article).GetByText("21.5 °C"));
    }

    [Fact]
    public async Task What_cannot_be_registered_says_why_and_nothing_is_lost()
    {
        using var administrator = await IotClient.Administrator(_iot);
        await administrator.RegisterDevice(_device);
        var page = _viewer.Page;
        await _viewer.Go("/app/devices");
        await _viewer.Button("Register a device").ClickAsync();
        await page.GetByLabel("Id", new() { Exact = true }).FillAsync(_device);
        await page.GetByRole(AriaRole.Button, new() { Name = "Register", Exact = true }).ClickAsync();

        await Viewer.Sees(page.GetByRole(AriaRole.Alert));
        Assert.Equal(_device, await page.GetByLabel("Id", new() { Exact = true }).InputValueAsync());
        await page.GetByLabel("Id", new() { Exact = true }).FillAsync("meter-8");
        await page.GetByRole(AriaRole.Button, new() { Name = "Register", Exact = true }).ClickAsync();
        await Viewer.Sees(page.GetByTestId("secret"));
    }

    [Fact]
    public async Task A_device_gets_another_name_another_key_and_goes()
    {
        using var administrator = await IotClient.Administrator(_iot);
        var key = await administrator.RegisterDevice(_device);
        var page = _viewer.Page;
        await _viewer.Go($"/app/devices/{_device}");
        await _viewer.Button("Edit").ClickAsync();
        await page.GetByLabel("Name").FillAsync("Attic");
        await page.GetByLabel("May publish to").FillAsync("site/attic/#");
        await _viewer.Button("Save").ClickAsync();
        await Viewer.Sees(_viewer.Heading("Attic"));
        await Viewer.Sees(page.GetByText("site/attic/#"));

        await _viewer.Button("New key").ClickAsync();
        await _viewer.Button("Make a new key").ClickAsync();
        Assert.NotEqual(key, await page.GetByTestId("secret").InnerTextAsync());
        await _viewer.Button("I have kept the key").ClickAsync();

        await _viewer.Button("Remove").ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Remove" }).ClickAsync();
        await Viewer.Sees(page.GetByText("There are no devices yet."));
        await _viewer.Go($"/app/devices/{_device}");
        await Viewer.Sees(page.GetByText("There is no such device."));
    }
}
