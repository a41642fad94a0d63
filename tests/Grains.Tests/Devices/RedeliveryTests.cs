using OrleansIoT.Devices;
using OrleansIoT.Identity;
using OrleansIoT.Telemetry;
using OrleansIoT.Topics;

namespace OrleansIoT.Grains.Tests.Devices;

public sealed class RedeliveryTests : GrainTest
{
    private const string Topic = "devices/meter/t";

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        await Register("meter");
    }

    [Fact]
    public async Task A_reading_with_its_own_time_is_stored_once_however_often_it_is_sent()
    {
        await Publish("meter", Timed("meter", 1, packetId: 1));
        await Publish("meter", Timed("meter", 1, packetId: 1, dup: true));
        await Publish("meter", Timed("meter", 1, packetId: 7));
        Assert.Single(await Stored(Topic));
    }

    [Fact]
    public async Task Recognised_redeliveries_are_counted_with_and_without_their_own_time()
    {
        await Publish("meter", Timed("meter", 1), Untimed("meter", 2, "a", packetId: 5));
        await Publish("meter", Timed("meter", 1), Untimed("meter", 3, "a", packetId: 5, dup: true), Timed("meter", 9));
        var device = await As(User(Roles.Viewer), () => Grains.Device(Tenant, "meter").Get());
        Assert.Equal((3, 2), (device.Readings, device.Redeliveries));
    }

    [Fact]
    public async Task What_was_stored_under_a_packet_identifier_that_has_been_used_again_since_is_another_reading()
    {
        await Publish("meter", Untimed("meter", 1, "on", packetId: 1), Untimed("meter", 2, "off", packetId: 2));
        await Publish("meter", Untimed("meter", 3, "off", packetId: 1)); // after a reconnect the client counts from 1
        await Publish("meter", Untimed("meter", 4, "on", packetId: 1, dup: true)); // the first copy never arrived
        Assert.Equal(["on", "off", "off", "on"], (await Stored(Topic)).Select(Text));
    }

    [Fact]
    public async Task Of_very_many_readings_of_one_time_a_redelivery_is_recognised_and_another_one_stored()
    {
        // A clock that stands still: beyond a number they are remembered, not looked up each time.
        for (var batch = 0; batch < 3; batch++)
        {
            await Publish("meter", [.. Enumerable.Range(batch * 700, 700).Select(i => Timed("meter", 1, $"{i}"))]);
        }

        await Publish("meter", Timed("meter", 1, "7"), Timed("meter", 1, "2099"), Timed("meter", 1, "new"), Timed("meter", 1, "new"));
        await Publish("meter", Timed("meter", 1, "new"), Timed("meter", 1, "newer"), Timed("meter", 2, "later"));
        await Publish("meter", Timed("meter", 1, "newer"), Timed("meter", 2, "later"));

        var device = await As(User(Roles.Viewer), () => Grains.Device(Tenant, "meter").Get());
        Assert.Equal((2_103, 6), (device.Readings, device.Redeliveries));
    }

    [Fact]
    public async Task Twice_in_one_batch_is_stored_once()
    {
        var result = await Publish("meter", Timed("meter", 1), Timed("meter", 2), Timed("meter", 1));
        Assert.Empty(result.Failures);
        Assert.Equal(2, (await Stored(Topic)).Length);
    }

    [Fact]
    public async Task A_redelivery_after_newer_readings_and_a_restart_is_recognised()
    {
        await Publish("meter", [.. Enumerable.Range(0, 50).Select(minute => Timed("meter", minute, $"{minute}"))]);
        await Host.Restart();
        await Publish("meter", Timed("meter", 99), Timed("meter", 7, "7"), Timed("meter", 8, "8"));
        Assert.Equal(51, (await Stored(Topic)).Length);
    }

    [Fact]
    public async Task A_redelivery_of_what_is_still_on_its_way_to_the_disk_is_stored_once()
    {
        var first = Publish("meter", Timed("meter", 1));
        var second = Publish("meter", Timed("meter", 1, dup: true));
        await Task.WhenAll(first, second);
        Assert.Single(await Stored(Topic));
    }

    [Fact]
    public async Task Equal_times_with_other_payloads_are_two_readings()
    {
        await Publish("meter", Timed("meter", 1, "1"), Timed("meter", 1, "2"));
        Assert.Equal(["1", "2"], (await Stored(Topic)).Select(Text));
    }

    [Fact]
    public async Task The_same_reading_of_another_device_is_another_reading()
    {
        await Register("other", "shared");
        await Register("another", "shared");
        await Publish("other", Timed("other", 1, topic: "shared"));
        await Publish("another", Timed("another", 1, topic: "shared"));
        Assert.Equal(2, (await Stored("shared")).Length);
    }

    [Fact]
    public async Task Without_its_own_time_DUP_with_packet_id_topic_and_payload_is_the_same_reading()
    {
        await Publish("meter", Untimed("meter", 1, "a", packetId: 5), Untimed("meter", 1, "b", packetId: 6));
        await Publish("meter", Untimed("meter", 2, "a", packetId: 5, dup: true));
        await Publish("meter", Untimed("meter", 3, "b", packetId: 6, dup: true));
        Assert.Equal(2, (await Stored(Topic)).Length);
    }

    [Fact]
    public async Task Without_its_own_time_the_memory_survives_a_restart()
    {
        await Publish("meter", Untimed("meter", 1, "a", packetId: 5));
        await Host.Restart();
        await Publish("meter", Untimed("meter", 2, "a", packetId: 5, dup: true));
        Assert.Single(await Stored(Topic));
    }

    [Fact]
    public async Task A_DUP_whose_first_copy_was_lost_is_stored()
    {
        await Publish("meter", Untimed("meter", 1, "a", packetId: 5, dup: true));
        Assert.Single(await Stored(Topic));
    }

    [Fact]
    public async Task A_DUP_under_another_packet_id_or_with_another_payload_is_a_new_reading()
    {
        await Publish("meter", Untimed("meter", 1, "a", packetId: 5));
        await Publish("meter", Untimed("meter", 2, "a", packetId: 6, dup: true));
        await Publish("meter", Untimed("meter", 3, "b", packetId: 5, dup: true));
        Assert.Equal(3, (await Stored(Topic)).Length);
    }

    [Fact]
    public async Task Without_DUP_and_without_its_own_time_the_same_value_is_a_new_reading()
    {
        await Publish("meter", Untimed("meter", 1, "a", packetId: 5));
        await Publish("meter", Untimed("meter", 2, "a", packetId: 5));
        Assert.Equal(2, (await Stored(Topic)).Length);
    }

    [Fact]
    public async Task What_was_sent_after_the_first_DUP_is_remembered_too()
    {
        await Publish("meter", Untimed("meter", 1, "a", packetId: 5, dup: true));
        await Publish("meter", Untimed("meter", 2, "b", packetId: 6));
        await Publish("meter", Untimed("meter", 3, "b", packetId: 6, dup: true));
        Assert.Equal(2, (await Stored(Topic)).Length);
    }

    [Fact]
    public async Task Twice_in_one_batch_without_its_own_time_is_stored_once()
    {
        await Publish("meter", Untimed("meter", 1, "a", packetId: 5), Untimed("meter", 1, "a", packetId: 5, dup: true));
        Assert.Single(await Stored(Topic));
    }

    [Fact]
    public async Task A_DUP_of_what_is_still_on_its_way_to_the_disk_is_stored_once()
    {
        var counts = await Task.WhenAll(
            Append(Untimed("meter", 1, "a", packetId: 5)),
            Append(Untimed("meter", 2, "a", packetId: 5, dup: true)),
            Append(Untimed("meter", 1, "a", packetId: 5) with { IsRepeat = true }));
        Assert.Equal([0, 1, 1], counts);
        Assert.Single(await Stored(Topic));

        Task<int> Append(TelemetryMessage message) =>
            As(Caller.Device(Tenant, "meter"), () => Grains.Topic(Tenant, Topic).Append([message], "meter", false));
    }

    [Fact]
    public async Task What_a_grain_is_given_once_more_is_stored_once()
    {
        var reading = Untimed("meter", 1, "a", packetId: 5);
        await Publish("meter", reading, reading with { IsRepeat = true });
        await Publish("meter", reading with { IsRepeat = true });
        Assert.Single(await Stored(Topic));
    }

    [Fact]
    public async Task Of_a_client_that_has_one_packet_identifier_for_everything_the_same_value_is_stored_again_also_when_it_is_given_once_more()
    {
        await Publish("meter", Untimed("meter", 1, "a", packetId: 1));
        await Publish("meter", Untimed("meter", 2, "a", packetId: 1) with { IsRepeat = true }); // the first grain never had it
        await Publish("meter", Untimed("meter", 2, "a", packetId: 1) with { IsRepeat = true });
        Assert.Equal([1, 2], (await Stored(Topic)).Select(reading => reading.At.Minute));
    }

    [Fact]
    public async Task A_first_copy_that_was_on_its_way_for_longer_than_its_redelivery_is_not_stored_besides_it()
    {
        await Publish("meter", Untimed("meter", 2, "a", packetId: 5, dup: true));
        await Publish("meter", Untimed("meter", 1, "a", packetId: 5));
        Assert.Equal(2, Assert.Single(await Stored(Topic)).At.Minute);

        await Publish("meter", Untimed("meter", 3, "a", packetId: 5));
        Assert.Equal([2, 3], (await Stored(Topic)).Select(reading => reading.At.Minute));
    }

    [Fact]
    public async Task What_was_sent_with_the_same_packet_identifier_to_another_topic_since_is_looked_at()
    {
        await Register("writer", "one", "other");
        var reading = Timed("writer", 1, topic: "one") with { HasOwnTime = false };
        await Publish("writer", reading);
        await Publish("writer", reading with { Topic = "other" });
        await Publish("writer", reading with { Dup = true, ReceivedAt = Noon.AddDays(2) }); // the first copy never arrived
        Assert.Equal((2, 1), ((await Stored("one")).Length, (await Stored("other")).Length));
    }
}
