using System.Text.RegularExpressions;
using OrleansIoT.EndToEnd.Tests;

namespace OrleansIoT.Dashboard.Tests.Devices;

public sealed partial class DevicesTests(DevicesTests.Fleet fleet) : IClassFixture<DevicesTests.Fleet>, IAsyncLifetime
{
    private Viewer _viewer = null!;

    public async Task InitializeAsync() => _viewer = await Viewer.Administrator(fleet.Iot);

    public async Task DisposeAsync() => await _viewer.DisposeAsync();

    [Fact]
    public async Task Pages_follow_each_other_and_Previous_and_Back_lead_back()
    {
        var rows = _viewer.Page.GetByRole(AriaRole.Link, new() { NameRegex = MeterName() });
        await _viewer.Go("/app/devices");
        await Assertions.Expect(rows).ToHaveCountAsync(50);
        await _viewer.Button("Next").ClickAsync();
        await Assertions.Expect(rows.First).ToHaveTextAsync("meter-050");
        await _viewer.Button("Next").ClickAsync();
        await Assertions.Expect(rows).ToHaveCountAsync(20);
        await Assertions.Expect(_viewer.Button("Next")).ToBeDisabledAsync();

        await _viewer.Page.ReloadAsync();
        await _viewer.Button("Previous").ClickAsync();
        await Assertions.Expect(rows.First).ToHaveTextAsync("meter-050");
        await _viewer.Button("Previous").ClickAsync();
        await Assertions.Expect(rows.First).ToHaveTextAsync("meter-000");
        await Assertions.Expect(_viewer.Button("Previous")).ToBeDisabledAsync();

        await _viewer.Page.GoBackAsync();
        await Assertions.Expect(rows.First).ToHaveTextAsync("meter-050");
        await _viewer.Button("First page").ClickAsync();
        await Assertions.Expect(rows.First).ToHaveTextAsync("meter-000");
    }

    [Fact]
    public async Task Searching_filtering_and_sorting_ask_the_server()
    {
        var rows = _viewer.Page.GetByRole(AriaRole.Link, new() { NameRegex = MeterName() });
        await _viewer.Go("/app/devices");
        await _viewer.Page.GetByLabel("Search devices").FillAsync("meter-11");
        await Assertions.Expect(rows).ToHaveCountAsync(10);

        await _viewer.Page.GetByRole(AriaRole.Button, new() { Name = "Id", Exact = true }).ClickAsync();
        await Assertions.Expect(rows.First).ToHaveTextAsync("meter-119");

        await _viewer.Page.GetByRole(AriaRole.Radio, new() { Name = "Connected" }).ClickAsync();
        await Viewer.Sees(_viewer.Page.GetByText("No device is like this."));
        await _viewer.Button("Show all").ClickAsync();
        await Assertions.Expect(rows).ToHaveCountAsync(50);
    }

    [GeneratedRegex(@"^meter-\d{3}$")]
    private static partial Regex MeterName();

    public sealed class Fleet : SharedIot
    {
        private const int Devices = 120;

        public override async Task InitializeAsync()
        {
            await base.InitializeAsync();
            using var administrator = await IotClient.Administrator(Iot);
            for (var i = 0; i < Devices; i++)
            {
                await administrator.RegisterDevice($"meter-{i:D3}");
            }
        }
    }
}
