using OrleansIoT.EndToEnd.Tests;
using OrleansIoT.EndToEnd.Tests.Clients;

namespace OrleansIoT.Dashboard.Tests.Devices;

public sealed class RegisterDeviceTests : IAsyncLifetime
{
    private IotProcess _iot = null!;
    private Viewer _viewer = null!;

    public async Task InitializeAsync()
    {
        _iot = await IotProcess.Start();
        _viewer = await Viewer.Administrator(_iot);
    }

    public async Task DisposeAsync()
    {
        await _viewer.DisposeAsync();
        await _iot.DisposeAsync();
    }

    [Theory]
    [InlineData("the command", "bash", "-euc")]
    [InlineData("the script", "/usr/bin/python3", "-c")]
    public async Task What_a_new_device_is_shown_with_works_as_it_is_pasted(string what, string program, string option)
    {
        var page = _viewer.Page;
        await _viewer.Go("/app/devices");
        await _viewer.Button("Register the first one").ClickAsync();
        await page.GetByLabel("Id", new() { Exact = true }).FillAsync("meter-7");
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
        await administrator.RegisterDevice("meter-7");
        var page = _viewer.Page;
        await _viewer.Go("/app/devices");
        await _viewer.Button("Register a device").ClickAsync();
        await page.GetByLabel("Id", new() { Exact = true }).FillAsync("meter-7");
        await page.GetByRole(AriaRole.Button, new() { Name = "Register", Exact = true }).ClickAsync();

        await Viewer.Sees(page.GetByRole(AriaRole.Alert));
        Assert.Equal("meter-7", await page.GetByLabel("Id", new() { Exact = true }).InputValueAsync());
        await page.GetByLabel("Id", new() { Exact = true }).FillAsync("meter-8");
        await page.GetByRole(AriaRole.Button, new() { Name = "Register", Exact = true }).ClickAsync();
        await Viewer.Sees(page.GetByTestId("secret"));
    }

    [Fact]
    public async Task A_device_gets_another_name_another_key_and_goes()
    {
        using var administrator = await IotClient.Administrator(_iot);
        var key = await administrator.RegisterDevice("meter-7");
        var page = _viewer.Page;
        await _viewer.Go("/app/devices/meter-7");
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
        await _viewer.Go("/app/devices/meter-7");
        await Viewer.Sees(page.GetByText("There is no such device."));
    }
}
