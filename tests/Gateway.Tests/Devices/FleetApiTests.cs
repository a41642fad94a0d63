using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Gateway.Tests.World;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Tests.Devices;

public sealed class FleetApiTests : IAsyncLifetime
{
    private GatewayHost _gateway = null!;

    public async Task InitializeAsync()
    {
        _gateway = await GatewayHost.Start();
        _gateway.Grains.AddDevice("meter-7", "Cellar");
    }

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task A_fleet_is_told_as_it_is_and_topics_only_to_whom_they_are_granted()
    {
        var at = _gateway.Clock.GetUtcNow();
        _gateway.Grains.Fleet = new FleetSummary(
            9, 4, 3, 2, 1_000, 2.5, 7,
            [new DeviceRefusal(at, "meter-7", "plant/a", Failure.Forbidden, "Why."), new DeviceRefusal(at, "meter-7", null, Failure.NotSignedIn, "Who.")],
            [new FleetAttention("meter-7", "Cellar", AttentionReason.Silent, at, "It is away."), new FleetAttention("m", "", AttentionReason.NeverConnected, null, "")]);
        Assert.Equal(
            """{"devices":9,"connected":4,"away":3,"never":2,"readings":1000,"readings_per_second":2.5,"refusals":7,"latest_refusals":[{"time":"2026-03-01T12:00:00Z","device":"meter-7","topic":"plant/a","code":"forbidden","detail":"Why."},{"time":"2026-03-01T12:00:00Z","device":"meter-7","topic":null,"code":"not_signed_in","detail":"Who."}],"attention":[{"device":"meter-7","name":"Cellar","reason":"silent","since":"2026-03-01T12:00:00Z","detail":"It is away."},{"device":"m","name":"","reason":"never_connected","since":null,"detail":""}]}""",
            await _gateway.As(Roles.Viewer).GetStringAsync(new Uri("/fleet", UriKind.Relative)));

        var vera = _gateway.Grains.AddUser("vera@example.org");
        _gateway.Grains.Users["default/vera@example.org"] = (vera with { Grants = ["other/#"] }, "");
        Assert.Null((await _gateway.As(Roles.Viewer, id: vera.Id).GetAsync("/fleet").Json())["latest_refusals"]![0]!["topic"]);
        await _gateway.As(Roles.None).GetAsync("/fleet").IsProblem(403, "forbidden");
    }

    [Fact]
    public async Task A_list_in_another_order_is_the_fleets_and_leaves_out_who_has_gone()
    {
        var page = await _gateway.As(Roles.Viewer)
            .GetAsync("/devices?search=met&state=away&sort=last_seen&order=desc&limit=7&cursor=abc").Json();
        Assert.Equal(new FleetQuery("met", DeviceStanding.Away, FleetOrder.LastSeen, true, 7, "abc"), Assert.Single(_gateway.Grains.FleetQueries));
        Assert.Equal("meter-7", (string)Assert.Single(page["devices"]!.AsArray())!["id"]!);
        Assert.Equal("further", (string)page["next"]!);
    }

    [Theory]
    [InlineData("")]
    [InlineData("?sort=id&order=asc&state=&search=met")]
    public async Task A_list_by_id_is_the_directorys(string query)
    {
        var page = await _gateway.As(Roles.Viewer).GetAsync($"/devices{query}").Json();
        Assert.Single(page["devices"]!.AsArray());
        Assert.Empty(_gateway.Grains.FleetQueries);
    }

    [Theory]
    [InlineData("state=asleep", "connected, away, never")]
    [InlineData("sort=size", "id, name, last_seen, readings, refusals")]
    [InlineData("order=up", "asc or desc")]
    [InlineData("sort=name&limit=501", "1 to 500")]
    [InlineData("status=away", "not a parameter")]
    public async Task What_a_list_does_not_know_is_refused(string query, string why) =>
        Assert.Contains(why, await _gateway.As(Roles.Viewer).GetAsync($"/devices?{query}").IsProblem(400, "invalid"), StringComparison.Ordinal);

    [Fact]
    public async Task A_device_is_changed_as_far_as_it_is_said()
    {
        var changed = await Patch("""{"name": "Attic", "publish": ["a/#"]}""");
        Assert.Equal(("Attic", "a/#"), ((string)changed["name"]!, (string)changed["publish"]![0]!));
        changed = await Patch("""{"subscribe": ["b"]}""");
        Assert.Equal(("Attic", "a/#", "b"), ((string)changed["name"]!, (string)changed["publish"]![0]!, (string)changed["subscribe"]![0]!));

        await _gateway.As(Roles.Operator).PatchAsync("/devices/meter-7", Json("""{"publish": [null]}""")).IsProblem(400, "invalid");
        await _gateway.As(Roles.Operator).PatchAsync("/devices/nobody", Json("{}")).IsProblem(404, "not_found");
        await _gateway.As(Roles.Viewer).PatchAsync("/devices/meter-7", Json("{}")).IsProblem(403, "forbidden");
        await _gateway.As(Roles.Admin, "other").PatchAsync("/devices/meter-7", Json("{}")).IsProblem(404, "not_found");
    }

    private static StringContent Json(string body) => new(body, null, "application/json");

    private async Task<System.Text.Json.Nodes.JsonNode> Patch(string body) =>
        await _gateway.As(Roles.Operator).PatchAsync("/devices/meter-7", Json(body)).Json();
}
