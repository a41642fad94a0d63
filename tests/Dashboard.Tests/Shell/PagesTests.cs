using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Deque.AxeCore.Playwright;
using OrleansIoT.EndToEnd.Tests;
using OrleansIoT.EndToEnd.Tests.Clients;

namespace OrleansIoT.Dashboard.Tests.Shell;

/// <summary>
/// Every page, light on a desk and dark on a phone: axe finds nothing, and nothing is wider than the screen. With
/// TEST_SCREENSHOTS also the other way round, and it leaves pictures in that directory.
/// </summary>
public abstract partial class PagesTests(bool isPhone, ColorScheme usual, ColorScheme other) : IAsyncLifetime
{
    private static readonly (string Name, string Place, string Shows)[] Pages =
    [
        ("home", "/app/", ".fleet"),
        ("devices", "/app/devices", "table"),
        ("devices-none", "/app/devices?search=nobody", ".empty"),
        ("device", "/app/devices/machine", "canvas"),
        ("device-missing", "/app/devices/nobody", ".empty"),
        ("topics", "/app/topics", "table"),
        ("topic", "/app/topics/devices/machine/temperature?from=2014-01-25T00:00:00Z&to=2014-02-01T00:00:00Z", "canvas"),
        ("topic-averages", "/app/topics/devices/office/temperature?from=2013-07-04T00:00:00Z&to=2014-05-29T00:00:00Z", "canvas"),
        ("topic-two", "/app/topics/devices/office/temperature?from=2013-12-01T00:00:00Z&to=2014-02-20T00:00:00Z&with=devices/machine/temperature", "canvas"),
        ("topic-units", "/app/topics/devices/station/temperature?from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z&with=devices/station/pressure&with=devices/station/humidity", "canvas"),
        ("topic-live", "/app/topics/devices/demo-climate-2/temperature?range=15m", "canvas"),
        ("topic-none", "/app/topics/devices/nobody/temperature", ".empty"),
        ("status", "/app/status", "canvas"),
        ("users", "/app/users", "table"),
        ("account", "/app/account", "table"),
        ("not-found", "/app/nowhere", ".empty"),
    ];

    private static readonly (string Name, string Place)[] Entrances = [("login", "/app/login"), ("register", "/app/register")];

    private static readonly string? Pictures = Environment.GetEnvironmentVariable("TEST_SCREENSHOTS");

    private IotProcess _iot = null!;

    public async Task InitializeAsync()
    {
        _iot = await IotProcess.Start("--demo", "25");
        using var administrator = await IotClient.Administrator(_iot);
        await Send(administrator, "machine", "Machine, hall 2", SensorSeries.MachineTemperature);
        await Send(administrator, "office", "Office", SensorSeries.AmbientTemperature);
        await administrator.RegisterDevice("meter-7");
        var station = await administrator.RegisterDevice("station");
        foreach (var (what, unit, middle, width) in new[] { ("temperature", "°C", 9.0, 6.0), ("pressure", "hPa", 1_013.0, 4.0), ("humidity", "%", 64.0, -18.0) })
        {
            (await ForeignClient.MosquittoPub(_iot, "station", station, $"devices/station/{what}", Day(unit, middle, width))).Succeeded();
        }
    }

    public async Task DisposeAsync() => await _iot.DisposeAsync();

    [Fact]
    public async Task Nothing_is_inaccessible_or_too_wide()
    {
        foreach (var colors in Pictures is null ? [usual] : new[] { usual, other })
        {
            Assert.Empty(await Faults(colors));
        }
    }

    private async Task<List<string>> Faults(ColorScheme colors)
    {
        BrowserNewContextOptions form = isPhone
            ? new() { ViewportSize = new() { Width = 360, Height = 780 }, DeviceScaleFactor = 2, IsMobile = true, HasTouch = true, ColorScheme = colors }
            : new() { ViewportSize = new() { Width = 1360, Height = 900 }, ColorScheme = colors };
        var suffix = $"{(isPhone ? "phone" : "desk")}-{(colors == ColorScheme.Dark ? "dark" : "light")}";
        var faults = new List<string>();
        await using var viewer = await Viewer.Of(_iot, form);
        foreach (var (name, place) in Entrances)
        {
            await viewer.Go(place);
            await Viewer.Sees(viewer.Page.Locator("form"));
            faults.AddRange(await FaultsOf(viewer, $"{name}-{suffix}"));
        }

        await viewer.Go("/app/login");
        await viewer.SignIn("admin@localhost", IotProcess.AdminPassword);
        foreach (var (name, place, shows) in Pages)
        {
            await viewer.Go(place);
            await Viewer.Sees(viewer.Page.Locator(shows).First);
            if (name == "topic-averages")
            {
                await viewer.Page.GetByLabel("Detail").SelectOptionAsync("1d");
            }

            await viewer.Page.WaitForLoadStateAsync(LoadState.DOMContentLoaded);
            await Assertions.Expect(viewer.Page.GetByText("Loading", new() { Exact = true })).ToHaveCountAsync(0);
            faults.AddRange(await FaultsOf(viewer, $"{name}-{suffix}"));
        }

        await viewer.Go("/app/devices");
        await viewer.Button("Register a device").ClickAsync();
        faults.AddRange(await FaultsOf(viewer, $"register-device-{suffix}"));
        await viewer.Page.GetByLabel("Id", new() { Exact = true }).FillAsync($"meter-{suffix}");
        await viewer.Page.GetByRole(AriaRole.Button, new() { Name = "Register", Exact = true }).ClickAsync();
        await Viewer.Sees(viewer.Page.GetByTestId("secret"));
        faults.AddRange(await FaultsOf(viewer, $"device-key-{suffix}"));

        return faults;
    }

    private static async Task<IEnumerable<string>> FaultsOf(Viewer viewer, string name)
    {
        if (Pictures is not null)
        {
            await viewer.Page.WaitForTimeoutAsync(700); // for the picture only: charts and fonts have settled
            await viewer.Page.ScreenshotAsync(new() { Path = Path.Combine(Pictures, $"{name}.png") });
        }

        var axe = await viewer.Page.RunAxe();
        var width = await viewer.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth > innerWidth");
        return axe.Violations.Select(violation =>
                $"{name}: {violation.Id}: {violation.Help} ({string.Join(", ", violation.Nodes.Take(3).Select(node => node.Html))})")
            .Concat(width ? [$"{name} is wider than the screen"] : []);
    }

    private async Task Send(IotClient administrator, string device, string name, SensorSeries series)
    {
        using var response = await administrator.Http.PostAsJsonAsync("/devices", new { id = device, name });
        var key = (await response.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>()).GetProperty("key").GetString()!;
        var payloads = series.Payloads.Select(payload => Unit().Replace(payload, ",\"unit\":\"°F\"}"));
        (await ForeignClient.MosquittoPub(_iot, device, key, $"devices/{device}/temperature", payloads)).Succeeded();
        await ForeignClient.MosquittoPub(_iot, device, key, "plant/secret", ["1"], "5"); // refused, and listed on Home
    }

    /// <summary>A number every quarter of an hour, greatest in the afternoon.</summary>
    private static IEnumerable<string> Day(string unit, double middle, double width) => Enumerable.Range(0, 96).Select(quarter => string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"ts":"2026-03-01T{{quarter / 4:D2}}:{{quarter % 4 * 15:D2}}:00Z","value":{{middle - (width * Math.Cos((quarter - 12) * Math.PI / 48)):F1}},"unit":"{{unit}}"}"""));

    [GeneratedRegex("}$")]
    private static partial Regex Unit();
}

public sealed class DeskPagesTests() : PagesTests(isPhone: false, ColorScheme.Light, ColorScheme.Dark);

public sealed class PhonePagesTests() : PagesTests(isPhone: true, ColorScheme.Dark, ColorScheme.Light);
