using System.Globalization;
using OrleansIoT.EndToEnd.Tests;
using OrleansIoT.EndToEnd.Tests.Clients;

namespace OrleansIoT.Dashboard.Tests.Telemetry;

public sealed class LiveTests(SharedIot shared) : IClassFixture<SharedIot>, IAsyncLifetime
{
    /// <summary>Each test has one of its own.</summary>
    private readonly string _device = $"meter-{Guid.NewGuid():N}"[..14];

    private readonly DateTimeOffset _start = DateTimeOffset.UtcNow;
    private readonly IotProcess _iot = shared.Iot;
    private Viewer _viewer = null!;
    private string _key = "";
    private int _sent;

    private string Topic => $"devices/{_device}/temperature";

    public async Task InitializeAsync()
    {
        using var administrator = await IotClient.Administrator(_iot);
        _key = await administrator.RegisterDevice(_device);
        _viewer = await Viewer.Administrator(_iot);
    }

    public async Task DisposeAsync() => await _viewer.DisposeAsync();

    [Fact]
    public async Task A_reading_appears_in_the_open_chart()
    {
        await _viewer.Go($"/app/topics/{Topic}");
        await _viewer.SeesLive();
        await Viewer.Sees(_viewer.Page.GetByText("Nothing has been published to this topic yet."));

        await Publish(1);
        await _viewer.SeesPoints(1);
        await Assertions.Expect(_viewer.Page.GetByTestId("latest")).ToContainTextAsync("1 °C");

        await Publish(9);
        await _viewer.SeesPoints(10);
        await Assertions.Expect(_viewer.Page.GetByTestId("latest")).ToContainTextAsync("10 °C");
        await Assertions.Expect(FirstRow("Statistics of what is shown").GetByRole(AriaRole.Cell).Nth(4)).ToHaveTextAsync("10 °C");
        await Assertions.Expect(FirstRow("Readings, the newest first").GetByRole(AriaRole.Cell).Nth(1)).ToHaveTextAsync("10 °C");
    }

    [Fact]
    public async Task What_was_there_is_replayed_and_what_comes_follows_it()
    {
        await Publish(20);
        await _viewer.Go($"/app/topics/{Topic}");
        await _viewer.SeesPoints(20);
        await _viewer.SeesLive();

        await Publish(5);
        await _viewer.SeesPoints(25);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_restart_under_an_open_chart_leaves_no_gap_and_doubles_nothing(bool kill)
    {
        await Publish(20);
        await _viewer.Go($"/app/topics/{Topic}");
        await _viewer.SeesLive();
        await _viewer.SeesPoints(20);
        var asked = 0;
        _viewer.Page.Request += (_, request) => asked += request.Url.Contains("points=", StringComparison.Ordinal) ? 1 : 0;

        await (kill ? _iot.Kill() : _iot.Terminate());
        await Assertions.Expect(_viewer.Page.GetByTestId("live-state")).ToHaveTextAsync("Reconnecting");
        await _iot.StartAgain();
        await Publish(30);

        await _viewer.SeesPoints(50);
        await _viewer.SeesLive();
        await Publish(1);
        await _viewer.SeesPoints(51);
        Assert.Equal(0, asked); // the stream went on from its cursor, and nothing had to be read again

        // A page that is gone to while the server is away comes by itself when it is back.
        await (kill ? _iot.Kill() : _iot.Terminate());
        await _viewer.Page.GetByRole(AriaRole.Link, new() { Name = "Devices" }).ClickAsync();
        await Viewer.Sees(_viewer.Page.GetByText("It is tried again every few seconds.").First);
        await _iot.StartAgain();
        await Viewer.Sees(_viewer.Page.GetByRole(AriaRole.Link, new() { Name = _device }));
    }

    [Fact]
    public async Task Small_charts_of_a_device_are_live_too_whatever_its_other_topics_are()
    {
        (await ForeignClient.MosquittoPub(_iot, _device, _key, $"devices/{_device}/old", ["""{"ts":"2026-03-01T12:00:00Z","value":1}"""])).Succeeded();
        (await ForeignClient.MosquittoPub(_iot, _device, _key, $"devices/{_device}/door", ["\"open\""])).Succeeded();
        await Publish(3);
        await _viewer.Go($"/app/devices/{_device}");
        var chart = _viewer.Page.GetByLabel($"Chart of {Topic}");
        await Assertions.Expect(chart).ToHaveAttributeAsync("data-points", "3");
        await _viewer.SeesLive();

        await Publish(4);
        await Assertions.Expect(chart).ToHaveAttributeAsync("data-points", "7");
    }

    [Fact]
    public async Task A_chart_that_is_not_live_stays_as_it_is()
    {
        await Publish(5);
        await _viewer.Go($"/app/topics/{Topic}");
        await _viewer.SeesPoints(5);
        await _viewer.SeesLive();
        await _viewer.Page.GetByRole(AriaRole.Switch, new() { Name = "Live" }).ClickAsync();
        await _viewer.ComesTo(new("from="));
        await _viewer.HasAll();

        await Publish(5);
        await _viewer.SeesPoints(5);
        await _viewer.Page.GetByRole(AriaRole.Switch, new() { Name = "Live" }).ClickAsync();
        await _viewer.SeesPoints(10);
    }

    private ILocator FirstRow(string region) =>
        _viewer.Page.GetByRole(AriaRole.Region, new() { Name = region }).GetByRole(AriaRole.Row).Nth(1);

    /// <summary>The device, with mosquitto_pub: numbers that go on, each with a time of its own.</summary>
    private async Task Publish(int count)
    {
        var payloads = Enumerable.Range(_sent + 1, count).Select(number => string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"ts":"{{_start.AddMilliseconds(-60_000 + (100 * number)):yyyy-MM-dd'T'HH:mm:ss.fff'Z'}}","value":{{number}},"unit":"°C"}"""));
        _sent += count;
        (await ForeignClient.MosquittoPub(_iot, _device, _key, Topic, payloads)).Succeeded();
    }
}
