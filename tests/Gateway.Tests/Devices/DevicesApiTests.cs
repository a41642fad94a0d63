using OrleansIoT.Devices;
using OrleansIoT.Gateway.Tests.World;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;

namespace OrleansIoT.Gateway.Tests.Devices;

public sealed class DevicesApiTests
{
    [Fact]
    public async Task A_registered_device_is_known_and_its_key_is_shown_once()
    {
        await using var gateway = await GatewayHost.Start();
        var http = gateway.As(Roles.Operator);

        using var registered = await http.Post("/devices", """{"id": "meter-7", "name": "Küche", "publish": ["site/#"], "subscribe": ["commands/+"]}""");
        var device = await http.GetStringAsync(registered.Headers.Location);

        Assert.Equal(201, (int)registered.StatusCode);
        Assert.Equal("""{"id":"meter-7","key":"key-1"}""", await registered.Content.ReadAsStringAsync());
        Assert.DoesNotContain("key-1", device, StringComparison.Ordinal);
        Assert.Equal("site/#", Assert.Single(gateway.Grains.Devices["default/meter-7"].Snapshot.Publish));
        Assert.Equal("commands/+", Assert.Single(gateway.Grains.Devices["default/meter-7"].Snapshot.Subscribe));
    }

    [Theory]
    [InlineData("""{"id": "a"}""")]
    [InlineData("""{"id": "a", "name": null, "publish": null, "subscribe": null}""")]
    [InlineData("""{"id": "a", "publish": [], "subscribe": []}""")]
    public async Task A_device_needs_an_id_only(string body)
    {
        await using var gateway = await GatewayHost.Start();

        using var answer = await gateway.As(Roles.Admin).Post("/devices", body);

        Assert.Equal(201, (int)answer.StatusCode);
        Assert.Equal(("", 0, 0), gateway.Grains.Devices["default/a"].Snapshot is var device
            ? (device.Name, device.Publish.Length, device.Subscribe.Length) : default);
    }

    [Fact]
    public async Task A_snapshot_says_what_is_known_of_a_device()
    {
        await using var gateway = await GatewayHost.Start();
        var at = gateway.Clock.GetUtcNow();
        gateway.Grains.Devices["default/meter-7"] = (new DeviceSnapshot("meter-7", "Cellar", at, ["a/#"], [], at.AddTicks(1), at.AddMilliseconds(250), 96, 2, 1, [new SessionSnapshot("c-1", null, true, 2, 7, 3)]), "");
        gateway.Grains.AddDevice("meter-8");
        var http = gateway.As(Roles.Viewer);

        Assert.Equal(
            """{"id":"meter-7","name":"Cellar","created_at":"2026-03-01T12:00:00Z","publish":["a/#"],"subscribe":[],"connected":true,"connected_since":"2026-03-01T12:00:00.25Z","last_seen":"2026-03-01T12:00:00.0000001Z","readings":96,"redeliveries":2,"refusals":1,"sessions":[{"client_id":"c-1","connected_since":null,"durable":true,"subscriptions":2,"queued":7,"dropped":3}]}""",
            await http.GetStringAsync(new Uri("/devices/meter-7", UriKind.Relative)));
        Assert.Contains("\"connected\":false,\"connected_since\":null,\"last_seen\":null", await http.GetStringAsync(new Uri("/devices/meter-8", UriKind.Relative)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_device_registers_once()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddDevice("meter-7");

        await gateway.As(Roles.Operator).Post("/devices", """{"id": "meter-7"}""").IsProblem(409, "conflict");
    }

    [Theory] // H11
    [InlineData("")]
    [InlineData("../../etc")]
    [InlineData("a/b")]
    [InlineData("a b")]
    [InlineData("-a")]
    [InlineData("a\\u0000")]
    [InlineData("a\\u2215b")]
    [InlineData("+")]
    public async Task An_id_that_breaks_the_rule_wakes_no_grain(string id)
    {
        await using var gateway = await GatewayHost.Start();

        var detail = await gateway.As(Roles.Operator).Post("/devices", $$"""{"id": "{{id}}"}""").IsProblem(400, "invalid");

        Assert.Contains("A device id is", detail, StringComparison.Ordinal);
        Assert.Empty(gateway.Grains.Calls);
    }

    [Theory]
    [InlineData("""{"id": "a", "publish": [null]}""", "'publish'")]
    [InlineData("""{"id": "a", "publish": "a/#"}""", "'publish'")]
    [InlineData("""{"id": "a", "subscribe": [5]}""", "'subscribe[0]'")]
    [InlineData("""{"id": "a", "key": "mine"}""", "'key' is not a field")]
    [InlineData("""{"name": "a"}""", "It takes: id, name (may be left out)")]
    public async Task A_body_of_another_shape_is_refused_by_name(string body, string named)
    {
        await using var gateway = await GatewayHost.Start();

        var detail = await gateway.As(Roles.Operator).Post("/devices", body).IsProblem(400, "invalid");

        Assert.Contains(named, detail, StringComparison.Ordinal);
    }

    [Theory] // H03
    [InlineData("POST", "/devices")]
    [InlineData("POST", "/devices/meter-7/key")]
    [InlineData("DELETE", "/devices/meter-7")]
    public async Task Viewers_manage_no_devices(string method, string path)
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddDevice("meter-7");
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Content = path == "/devices" ? new StringContent("""{"id": "b"}""", null, "application/json") : null;

        await gateway.As(Roles.Viewer).SendAsync(request).IsProblem(403, "forbidden");

        Assert.Equal("key-1", Assert.Single(gateway.Grains.Devices).Value.Key);
    }

    [Fact]
    public async Task A_new_key_replaces_the_old_one()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddDevice("meter-7");

        using var answer = await gateway.As(Roles.Operator).PostAsync("/devices/meter-7/key", null);

        Assert.Equal(200, (int)answer.StatusCode);
        Assert.Equal("""{"id":"meter-7","key":"key-2"}""", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_removed_device_is_gone()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddDevice("meter-7");
        var http = gateway.As(Roles.Operator);

        using var removed = await http.DeleteAsync("/devices/meter-7");

        Assert.Equal(204, (int)removed.StatusCode);
        await http.GetAsync("/devices/meter-7").IsProblem(404, "not_found");
        await http.DeleteAsync("/devices/meter-7").IsProblem(404, "not_found");
        await http.PostAsync("/devices/meter-7/key", null).IsProblem(404, "not_found");
    }

    [Theory]
    [InlineData("/devices/unknown", true)]
    [InlineData("/devices/a%20b", false)]
    [InlineData("/devices/a%2Fb", false)]
    public async Task An_unknown_device_is_not_found(string path, bool asks)
    {
        await using var gateway = await GatewayHost.Start();

        await gateway.As(Roles.Viewer).GetAsync(path).IsProblem(404, "not_found");

        Assert.Equal(asks, !gateway.Grains.Calls.IsEmpty);
    }

    [Fact]
    public async Task The_list_is_searched_and_read_page_by_page()
    {
        await using var gateway = await GatewayHost.Start();
        for (var i = 0; i < 250; i++)
        {
            gateway.Grains.AddDevice($"meter-{i:000}", i % 2 == 0 ? "Cellar" : "Roof");
        }

        var http = gateway.As(Roles.Viewer);
        var first = await http.GetAsync("/devices").Json();
        var found = new List<string>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await http.GetAsync($"/devices?search=roof&limit=40&cursor={cursor}").Json();
            found.AddRange(page["devices"]!.AsArray().Select(device => (string)device!["id"]!));
            cursor = (string?)page["next"];
        }

        Assert.Equal(100, first["devices"]!.AsArray().Count);
        Assert.Equal("meter-099", (string)first["next"]!);
        Assert.Equal(Enumerable.Range(0, 125).Select(i => $"meter-{(2 * i) + 1:000}"), found);
    }

    [Fact]
    public async Task Who_has_no_role_sees_no_devices()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddDevice("meter-7");

        await gateway.As(Roles.None).GetAsync("/devices").IsProblem(403, "forbidden");
        await gateway.As(Roles.None).GetAsync("/devices/meter-7").IsProblem(403, "forbidden");
    }
}
