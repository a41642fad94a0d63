using OrleansIoT.Devices;
using OrleansIoT.Fixtures;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Tests.Devices;

public sealed class FleetTests : GrainTest
{
    [Fact]
    public async Task A_fleet_knows_who_is_connected_who_was_here_and_who_never_came_also_after_a_restart()
    {
        foreach (var device in new[] { "never", "published", "connected", "quiet" })
        {
            await Register(device);
        }

        await (await Connect("quiet")).Leave();
        await Publish("published", Timed("published", 1));
        await (await Connect("published")).Leave();
        await Connect("connected");
        await Becomes(fleet => (fleet.Devices, fleet.Connected, fleet.Away, fleet.Never, fleet.Readings) == (4, 1, 2, 1, 1));
        Assert.Equal(["connected"], await Ids(standing: DeviceStanding.Connected));
        Assert.Equal(["published", "quiet"], await Ids(standing: DeviceStanding.Away));

        await Host.Restart();
        await Becomes(fleet => (fleet.Devices, fleet.Connected, fleet.Away, fleet.Never, fleet.Readings) == (4, 0, 3, 1, 1));
        Assert.Equal(["never"], await Ids(standing: DeviceStanding.Never));
    }

    [Fact]
    public async Task A_list_is_ordered_and_its_pages_join()
    {
        for (var i = 0; i < 7; i++)
        {
            await Register($"d{i}");
            await Publish($"d{i}", [.. Enumerable.Range(0, i % 3 + 1).Select(minute => Timed($"d{i}", minute))]);
        }

        await Becomes(fleet => fleet.Readings == 1 + 2 + 3 + 1 + 2 + 3 + 1);
        Assert.Equal(["d0", "d3", "d6", "d1", "d4", "d2", "d5"], await Ids(FleetOrder.Readings));
        Assert.Equal(["d5", "d2", "d4", "d1", "d6", "d3", "d0"], await Ids(FleetOrder.Readings, isDescending: true));
        Assert.Equal(["d5", "d2", "d4", "d1", "d6", "d3", "d0"], await Ids(FleetOrder.Readings, isDescending: true, limit: 2));
        Assert.Equal(["d6", "d5", "d4", "d3", "d2", "d1", "d0"], await Ids(FleetOrder.Name, isDescending: true, limit: 3));
        Assert.Equal(["d3"], await Ids(FleetOrder.LastSeen, search: "D3"));
    }

    [Fact]
    public async Task What_was_refused_is_counted_listed_and_asks_for_attention()
    {
        await Register("meter");
        var client = await Connect("meter");
        Assert.Single((await client.Publish(Said("meter", "devices/other/t", "1"))).Failures);
        await Refused(Failures.Failure.NotSignedIn, () => Connect("meter", new Credential(CredentialKind.Key, "wrong", [])));
        await client.Refused("devices/meter/t", "ts is no time.");
        await Becomes(fleet => fleet.Refusals == 3);
        var fleet = await Summary();
        Assert.Equal(["devices/meter/t", null, "devices/other/t"], fleet.LatestRefusals.Select(refusal => refusal.Topic));
        Assert.Equal("ts is no time.", fleet.LatestRefusals[0].Detail);
        Assert.Equal(3, (await As(User(Roles.Viewer), () => Grains.Device(Tenant, "meter").Get())).Refusals);
        Assert.Equal(["meter", "meter", "meter"], fleet.LatestRefusals.Select(refusal => refusal.Device));
        Assert.Equal(("meter", AttentionReason.Refusing), Assert.Single(fleet.Attention) is var one ? (one.Device, one.Reason) : default);
        Assert.Equal(["meter"], await Ids(FleetOrder.Refusals));
    }

    [Fact]
    public async Task A_device_that_is_removed_is_no_part_of_it()
    {
        await Register("meter");
        await Connect("meter");
        await Becomes(fleet => fleet.Connected == 1);
        await As(User(Roles.Operator), () => Grains.Device(Tenant, "meter").Remove());
        await Becomes(fleet => (fleet.Devices, fleet.Connected) == (0, 0));
        await Register("meter");
        await Becomes(fleet => (fleet.Devices, fleet.Never) == (1, 1));
    }

    [Fact]
    public async Task Other_rights_hold_at_once_and_end_the_connection_and_another_name_does_not()
    {
        await Register("meter", "plant/a");
        var client = await Connect("meter");
        await Change(new DeviceChange("Cellar", null, null));
        Assert.False(client.HasEnded);
        await Change(new DeviceChange(null, ["plant/b"], null));
        Assert.Equal(ConnectionEnd.CredentialRevoked, await client.Ended);
        Assert.Single((await Publish("meter", Said("meter", "plant/a", "1"))).Failures);
        Assert.Empty((await Publish("meter", Said("meter", "plant/b", "1"))).Failures);
        var device = await Get("meter");
        Assert.Equal(("Cellar", "plant/b"), (device.Name, Assert.Single(device.Publish)));
        Assert.Equal(["meter"], await Ids(FleetOrder.Name, search: "cell"));

        await Refused(Failures.Failure.Invalid, () => Change(new DeviceChange(null, ["a/#/b"], null)));
        await Refused(Failures.Failure.Forbidden, () => Change(new DeviceChange(null, ["secret"], null), User(Roles.Operator) with { Grants = ["plant/#"] }));
        await Refused(Failures.Failure.Forbidden, () => Change(new DeviceChange("x", null, null), User(Roles.Viewer)));
        await Refused(Failures.Failure.NotFound, () => As(User(Roles.Operator), () => Grains.Device(Tenant, "nobody").Change(new DeviceChange("x", null, null))));
    }

    [Fact]
    public async Task A_fleet_is_for_those_who_may_see_devices()
    {
        await Refused(Failures.Failure.Forbidden, () => As(User(Roles.None), () => Grains.Fleet(Tenant).Summary()));
        await Refused(Failures.Failure.NotFound, () => As(User(Roles.Admin, "other"), () => Grains.Fleet(Tenant).Summary()));
        await Refused(Failures.Failure.Invalid, () => Page(new FleetQuery(null, null, FleetOrder.Name, false, 10, "no cursor")));
        await Refused(Failures.Failure.Forbidden, () => As(User(Roles.Admin), () => Grains.Fleet(Tenant).Report(new FleetReport(Guid.NewGuid(), true, [], [], 0))));
    }

    private Task Change(DeviceChange change, Caller? caller = null) =>
        As(caller ?? User(Roles.Operator), () => Grains.Device(Tenant, "meter").Change(change));

    private Task<FleetSummary> Summary() => As(User(Roles.Viewer), () => Grains.Fleet(Tenant).Summary());

    private Task<FleetPage> Page(FleetQuery query) => As(User(Roles.Viewer), () => Grains.Fleet(Tenant).List(query));

    /// <summary>It is as of some seconds ago.</summary>
    private Task Becomes(Func<FleetSummary, bool> condition) => Eventually.IsAsync(async () =>
    {
        await Task.Yield();
        return condition(await Summary());
    });

    private async Task<List<string>> Ids(
        FleetOrder order = FleetOrder.Id, DeviceStanding? standing = null, bool isDescending = false, int limit = 100, string? search = null)
    {
        var ids = new List<string>();
        string? cursor = null;
        do
        {
            var page = await Page(new FleetQuery(search, standing, order, isDescending, limit, cursor));
            Assert.InRange(page.Devices.Length, 0, limit);
            ids.AddRange(page.Devices);
            cursor = page.Next;
        }
        while (cursor is not null);

        return ids;
    }
}
