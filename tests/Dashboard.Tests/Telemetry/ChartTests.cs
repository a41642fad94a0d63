using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using OrleansIoT.EndToEnd.Tests;
using OrleansIoT.EndToEnd.Tests.Clients;

namespace OrleansIoT.Dashboard.Tests.Telemetry;

public sealed partial class ChartTests(ChartTests.Machine machine) : IClassFixture<ChartTests.Machine>, IAsyncLifetime
{
    private const string Topic = "devices/machine/temperature";
    private const string All = "from=2013-12-01T00:00:00.000Z&to=2014-03-01T00:00:00.000Z";

    private Viewer _viewer = null!;

    public async Task InitializeAsync() => _viewer = await Viewer.Administrator(machine.Iot);

    public async Task DisposeAsync() => await _viewer.DisposeAsync();

    [Fact]
    public async Task A_zoom_asks_for_finer_points_and_Back_undoes_it()
    {
        await _viewer.Go($"/app/topics/{Topic}?{All}");
        var chart = _viewer.Page.GetByTestId("chart");
        await Assertions.Expect(chart).Not.ToHaveAttributeAsync("data-points", "0");
        var box = (await _viewer.Page.Locator(".u-over").BoundingBoxAsync())!;
        var answer = _viewer.Page.WaitForResponseAsync(response => response.Url.Contains("points=", StringComparison.Ordinal));
        await Drag(box, 0.25f, 0.50f);
        await _viewer.ComesTo(Zoomed());
        await answer;

        var (from, to) = Range();
        var length = TimeSpan.FromDays(90);
        Assert.InRange((to - from) / length, 0.24, 0.26);
        Assert.InRange((from - new DateTimeOffset(2013, 12, 1, 0, 0, 0, TimeSpan.Zero)) / length, 0.24, 0.26);

        // Twice more, and every reading of the range is a point.
        await Drag(box, 0.4f, 0.6f);
        await Drag(box, 0.4f, 0.6f);
        (from, to) = Range();
        var (start, end) = (from - ((to - from) / 2), to + ((to - from) / 2));
        var within = SensorSeries.MachineTemperature.Readings.Count(reading => reading.At >= start && reading.At < end);
        await Viewer.Sees(_viewer.Page.GetByText(string.Create(CultureInfo.InvariantCulture, $"{within:N0} numbers around here")));

        await _viewer.Page.GoBackAsync();
        await _viewer.Page.GoBackAsync();
        await _viewer.Page.GoBackAsync();
        Assert.Contains(All.Replace(":", "", StringComparison.Ordinal), Uri.UnescapeDataString(_viewer.Place).Replace(":", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_statistics_of_a_range_are_those_of_what_was_sent()
    {
        await _viewer.Go($"/app/topics/{Topic}?{All}");
        var values = SensorSeries.MachineTemperature.Readings.Select(reading => double.Parse(reading.Value, CultureInfo.InvariantCulture)).ToList();
        var row = _viewer.Page.GetByRole(AriaRole.Region, new() { Name = "Statistics of what is shown" }).GetByRole(AriaRole.Row).Nth(1);
        await Assertions.Expect(row).ToContainTextAsync(values.Count.ToString("N0", CultureInfo.InvariantCulture));
        foreach (var number in new[] { values.Min(), values.Max(), values.Average() })
        {
            await Assertions.Expect(row).ToContainTextAsync(number.ToString("G5", CultureInfo.InvariantCulture));
        }
    }

    [Theory]
    [InlineData("NDJSON, a JSON object a line")]
    [InlineData("CSV, for spreadsheets")]
    public async Task A_file_has_what_was_sent_and_nothing_else(string format)
    {
        await _viewer.Go($"/app/topics/{Topic}?{All}");
        await _viewer.Button("Export").ClickAsync();
        var download = await _viewer.Page.RunAndWaitForDownloadAsync(() =>
            _viewer.Page.GetByRole(AriaRole.Menuitem, new() { Name = format }).ClickAsync());
        var lines = await File.ReadAllLinesAsync(await download.PathAsync());

        var sent = SensorSeries.MachineTemperature.Payloads.Order(StringComparer.Ordinal);
        Assert.Equal(sent, Payloads(download.SuggestedFilename, lines).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_keyboard_moves_and_zooms_as_the_mouse_does()
    {
        await _viewer.Go($"/app/topics/{Topic}?{All}");
        await _viewer.Page.GetByTestId("chart").FocusAsync();
        await _viewer.Page.Keyboard.PressAsync("+");
        await _viewer.ComesTo(new("from=2013-12-23T12"));
        var (from, to) = Range();
        Assert.Equal(TimeSpan.FromDays(45), to - from);

        await _viewer.Page.Keyboard.PressAsync("ArrowRight");
        await _viewer.ComesTo(new("from=2013-12-28T00"));
        await _viewer.Page.Keyboard.PressAsync("Escape");
        await _viewer.ComesTo(new("from=2013-12-23T12"));
    }

    private static IEnumerable<string> Payloads(string name, string[] lines) => name.EndsWith(".csv", StringComparison.Ordinal)
        ? lines.Skip(1).Select(line => CsvValue().Match(line).Groups[1].Value.Replace("\"\"", "\"", StringComparison.Ordinal))
        : lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("value").GetRawText());

    private async Task Drag(LocatorBoundingBoxResult box, float from, float to)
    {
        var mouse = _viewer.Page.Mouse;
        var before = _viewer.Page.Url;
        var y = box.Y + (box.Height / 2);
        await mouse.MoveAsync(box.X + (box.Width * from), y);
        await mouse.DownAsync();
        await mouse.MoveAsync(box.X + (box.Width * to), y, new() { Steps = 8 });
        await mouse.UpAsync();
        await _viewer.Page.WaitForURLAsync(url => url != before);
    }

    private (DateTimeOffset From, DateTimeOffset To) Range()
    {
        var query = System.Web.HttpUtility.ParseQueryString(new Uri(_viewer.Page.Url).Query);
        return (Instant(query["from"]!), Instant(query["to"]!));
    }

    private static DateTimeOffset Instant(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);

    [GeneratedRegex("from=2013-12-2")]
    private static partial Regex Zoomed();

    /// <summary>The second column, which is JSON with its quotes doubled.</summary>
    [GeneratedRegex("^[^,]+,\"((?:[^\"]|\"\")*)\",")]
    private static partial Regex CsvValue();

    public sealed class Machine : SharedIot
    {
        public override async Task InitializeAsync()
        {
            await base.InitializeAsync();
            using var administrator = await IotClient.Administrator(Iot);
            var key = await administrator.RegisterDevice("machine");
            (await ForeignClient.MosquittoPub(Iot, "machine", key, Topic, SensorSeries.MachineTemperature.Payloads)).Succeeded();
        }
    }
}
