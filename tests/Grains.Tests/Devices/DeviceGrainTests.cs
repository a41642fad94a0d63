using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;
using OrleansIoT.Devices;
using OrleansIoT.Failures;
using OrleansIoT.Grains.Devices;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Tests.Devices;

public sealed class DeviceGrainTests : GrainTest
{
    [Fact]
    public async Task A_device_connects_with_the_key_that_registration_gave()
    {
        var key = await Register("meter");
        await Connect("meter", Key(key));
        var device = await Get("meter");
        Assert.True(device.Connected);
        Assert.NotNull(device.LastSeen);
    }

    [Fact]
    public async Task A_wrong_key_and_an_unknown_device_are_told_the_same()
    {
        await Register("meter");
        var wrong = await Refused(Failure.NotSignedIn, () => Connect("meter", Key("wrong")));
        var unknown = await Refused(Failure.NotSignedIn, () => Connect("nobody", Key("wrong")));
        Assert.Equal(wrong.Message, unknown.Message);
    }

    [Fact]
    public async Task Registering_twice_is_a_conflict_and_the_first_key_goes_on_working()
    {
        var key = await Register("meter");
        await Refused(Failure.Conflict, () => Register("meter"));
        await Connect("meter", Key(key));
    }

    [Theory]
    [InlineData("a/b")]
    [InlineData("")]
    [InlineData("-a")]
    [InlineData("ä")]
    public async Task An_id_that_needs_escaping_somewhere_is_refused(string id)
    {
        if (id.Length > 0)
        {
            await Refused(Failure.Invalid, () => Register(id));
        }

        Assert.False(DeviceId.IsValid(id, out _));
    }

    [Fact]
    public async Task A_grant_that_is_no_topic_filter_is_refused_by_name()
    {
        var refusal = await Refused(Failure.Invalid, () => Register("meter", "a/#/b"));
        Assert.Contains("a/#/b", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_second_connection_of_a_device_ends_the_first()
    {
        await Register("meter");
        var first = await Connect("meter");
        var second = await Connect("meter");
        Assert.Equal(ConnectionEnd.TakenOver, await first.Ended);

        await first.Leave(); // late, and it must not end the second
        Assert.True((await Get("meter")).Connected);
        Assert.False(second.HasEnded);
    }

    [Fact]
    public async Task A_new_key_ends_the_connection_and_the_old_key()
    {
        var old = await Register("meter");
        var connection = await Connect("meter");
        var credential = await As(User(Roles.Operator), () => Grains.Device(Tenant, "meter").CredentialId());
        var renewed = await As(User(Roles.Operator), () => Grains.Device(Tenant, "meter").RenewKey());
        Assert.NotEqual(credential, await As(User(Roles.Operator), () => Grains.Device(Tenant, "meter").CredentialId()));
        Assert.Equal(ConnectionEnd.CredentialRevoked, await connection.Ended);
        await Refused(Failure.NotSignedIn, () => Connect("meter", Key(old)));
        await Connect("meter", Key(renewed));
    }

    [Fact]
    public async Task A_connection_that_the_grain_forgets_because_a_write_failed_ends()
    {
        await Register("meter");
        var connection = await Connect("meter");
        var storage = Host.Services.GetRequiredService<IGrainStorage>();
        var stored = new GrainState<DeviceState>(new DeviceState());
        var device = Grains.Device(Tenant, "meter");
        await storage.ReadStateAsync("device", device.GetGrainId(), stored);
        await storage.WriteStateAsync("device", device.GetGrainId(), stored); // the grain does not know of it

        var refused = await Assert.ThrowsAnyAsync<Exception>(() => As(User(Roles.Operator), device.RenewKey));

        Assert.True(refused is InconsistentStateException or FailureException { Failure: Failure.Unavailable }); // which is how a cluster puts it
        Assert.Equal(ConnectionEnd.Forgotten, await connection.Ended);
        Assert.False((await Get("meter")).Connected);
    }

    [Fact]
    public async Task A_removed_device_is_disconnected_unknown_and_unlisted_and_its_readings_stay()
    {
        var key = await Register("meter");
        await Publish("meter", Timed("meter", 1));
        var connection = await Connect("meter");
        await As(User(Roles.Operator), () => Grains.Device(Tenant, "meter").Remove());

        Assert.Equal(ConnectionEnd.CredentialRevoked, await connection.Ended);
        await Refused(Failure.NotFound, () => Get("meter"));
        await Refused(Failure.NotSignedIn, () => Connect("meter", Key(key)));
        await Refused(Failure.NotSignedIn, () => Publish("meter", Timed("meter", 2)));
        var list = await As(User(Roles.Viewer), () => Grains.Devices(Tenant).List(null, 10, null));
        Assert.Empty(list.Entries);
        Assert.Single(await Stored("devices/meter/t"));
    }

    [Fact]
    public async Task What_a_device_may_not_publish_is_refused_and_the_rest_of_the_batch_is_stored()
    {
        await Register("meter", "plant/+/state");
        var result = await Publish(
            "meter",
            Timed("meter", 1),
            Timed("meter", 1, topic: "devices/other/t"),
            Timed("meter", 1, topic: "plant/3/state"),
            Timed("meter", 1, topic: "$SYS/broker"),
            Timed("meter", 1, topic: "devices/meter"),
            Timed("meter", 2));
        Assert.Equal([1, 3, 4], result.Failures.Select(failure => failure.Index));
        Assert.All(result.Failures, failure => Assert.Equal(Failure.Forbidden, failure.Failure));
        Assert.All(result.Failures, failure => Assert.EndsWith("'; its own topics begin with devices/meter/.", failure.Message, StringComparison.Ordinal));
        Assert.Equal(2, (await Stored("devices/meter/t")).Length);
        Assert.Single(await Stored("plant/3/state"));
        Assert.Empty(await Stored("devices/other/t"));
        Assert.Equal(3, (await Get("meter")).Refusals);
    }

    [Fact]
    public async Task A_device_publishes_as_itself_only()
    {
        await Register("meter");
        await Register("other");
        await Refused(Failure.Invalid, () => Publish("meter", Timed("meter", 1) with { Device = "other" }));
        var other = await Connect("other");
        await Refused(Failure.Forbidden, () => As(
            Caller.Device(Tenant, "meter"), () => Grains.Device(Tenant, "other").Publish(other.Id, [Timed("other", 1)])));
    }

    [Fact]
    public async Task A_denial_among_the_grants_wins()
    {
        await Register("meter", "plant/#", "!plant/secret/#");
        var result = await Publish("meter", Timed("meter", 1, topic: "plant/a"), Timed("meter", 1, topic: "plant/secret/a"));
        Assert.Equal((1, Failure.Forbidden), (Assert.Single(result.Failures).Index, result.Failures[0].Failure));
    }

    [Fact]
    public async Task A_token_connects_as_long_as_the_key_that_it_was_made_under_is_valid()
    {
        await Register("meter");
        var id = await As(User(Roles.Operator), Grains.Device(Tenant, "meter").CredentialId);
        await Connect("meter", new Credential(CredentialKind.Token, id, []));
        await As(User(Roles.Operator), () => Grains.Device(Tenant, "meter").RenewKey());
        await Refused(Failure.NotSignedIn, () => Connect("meter", new Credential(CredentialKind.Token, id, [])));
        await Refused(Failure.NotSignedIn, () => Connect("meter", new Credential(CredentialKind.Token, "", [])));
        await Refused(Failure.Forbidden, () => As(User(Roles.Viewer), Grains.Device(Tenant, "meter").CredentialId));
    }

    [Fact]
    public async Task A_certificate_is_for_registered_devices_and_nothing_is_for_the_others()
    {
        await Register("meter");
        await Connect("meter", new Credential(CredentialKind.Certificate, null, []));
        await Refused(Failure.NotSignedIn, () => Connect("nobody", new Credential(CredentialKind.Certificate, null, [])));
        await Refused(Failure.NotSignedIn, () => Connect("meter", new Credential(CredentialKind.None, null, ["#"])));

        var guest = await Connect("guest", new Credential(CredentialKind.None, null, ["trial/#", "!trial/x"]));
        var result = await guest.Publish(
            Timed("guest", 1, topic: "trial/a"), Timed("guest", 1, topic: "trial/x"), Timed("guest", 1, topic: "else"));
        Assert.Equal([1, 2], result.Failures.Select(failure => failure.Index));
        await guest.Leave();
        await Refused(Failure.NotFound, () => Get("guest"));
    }

    [Fact]
    public async Task The_count_of_readings_survives_a_restart()
    {
        await Register("meter");
        await Publish("meter", Timed("meter", 1), Timed("meter", 2), Timed("meter", 2));
        await Host.Restart();
        var device = await Get("meter");
        Assert.Equal(2, device.Readings);
        Assert.False(device.Connected);
        Assert.Equal(Noon.AddDays(1), device.LastSeen);
    }

    private static Credential Key(string key) => new(CredentialKind.Key, key, []);
}
