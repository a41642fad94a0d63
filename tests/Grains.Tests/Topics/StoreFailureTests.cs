using OrleansIoT.Failures;
using OrleansIoT.Identity;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Grains.Tests.Topics;

public sealed class StoreFailureTests : StoreTest
{
    [Fact]
    public async Task What_the_store_could_not_take_is_not_acknowledged_and_the_next_try_leaves_no_gap()
    {
        await Publish("meter", Timed("meter", 1));
        History.IsBroken = true;
        var refused = await Publish("meter", Timed("meter", 2), Timed("meter", 3));
        Assert.Equal([0, 1], refused.Failures.Select(failure => failure.Index));
        Assert.All(refused.Failures, failure => Assert.Equal(Failure.Unavailable, failure.Failure));
        Assert.Equal(1, (await Latest("devices/meter/t"))!.Seq);

        History.IsBroken = false;
        Assert.Empty((await Publish("meter", Timed("meter", 2), Timed("meter", 3))).Failures);
        Assert.Equal([1, 2, 3], (await Stored("devices/meter/t")).Select(message => message.Seq));
    }

    [Fact]
    public async Task One_topic_that_fails_does_not_fail_the_others_of_the_batch()
    {
        History.BrokenTopic = "default/devices/meter/bad";
        var result = await Publish(
            "meter", Timed("meter", 1), Timed("meter", 1, topic: "devices/meter/bad"), Timed("meter", 2));
        Assert.Equal(1, Assert.Single(result.Failures).Index);
        Assert.Equal(2, (await Stored("devices/meter/t")).Length);
    }

    [Fact]
    public async Task A_writer_that_finds_the_history_grown_gives_way_to_one_that_reads_it_again_and_stores()
    {
        await Publish("meter", Timed("meter", 1));
        await History.Append("default/devices/meter/t", 2, [Timed("meter", 50, "somebody else's")]);

        Assert.Empty((await Publish("meter", Timed("meter", 60))).Failures);
        Assert.Equal([1, 2, 3], (await Stored("devices/meter/t")).Select(message => message.Seq));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_another_activation_stores_between_the_look_up_and_the_append_is_found_at_the_second_look(bool isDup)
    {
        var reading = Untimed("meter", 1, "a", packetId: 5);
        History.Before = () => History.Append("default/devices/meter/t", 1, [reading]);

        Assert.Empty((await Publish("meter", reading with { Dup = isDup, IsRepeat = !isDup })).Failures);

        Assert.Single(await Stored("devices/meter/t"));
    }

    [Fact]
    public async Task What_comes_again_because_it_could_not_be_stored_is_not_the_reading_before_it_that_was_like_it()
    {
        await Publish("meter", Untimed("meter", 1, "same", packetId: 1)); // one identifier for everything it sends
        History.IsBroken = true;
        Assert.Single((await Publish("meter", Untimed("meter", 2, "same", packetId: 1))).Failures);
        Assert.Single((await Publish("meter", Untimed("meter", 3, "same", packetId: 1, dup: true))).Failures);
        History.IsBroken = false;

        Assert.Empty((await Publish("meter", Untimed("meter", 4, "same", packetId: 1, dup: true))).Failures);
        Assert.Equal([1, 4], (await Stored("devices/meter/t")).Select(reading => reading.At.Minute));

        Assert.Empty((await Publish("meter", Untimed("meter", 5, "same", packetId: 1, dup: true))).Failures);
        Assert.Equal(2, (await Stored("devices/meter/t")).Length);
    }

    [Fact]
    public async Task What_one_session_could_not_store_says_nothing_of_what_another_one_sends_again()
    {
        var one = await ConnectUser("otto", Roles.Operator, "one");
        var other = await ConnectUser("otto", Roles.Operator, "other");
        await one.Publish(Command(1, "mine"));
        History.IsBroken = true;
        Assert.Single((await other.Publish(Command(2, "the other's"))).Failures);
        History.IsBroken = false;

        Assert.Empty((await one.Publish(Command(3, "mine") with { Dup = true })).Failures);

        Assert.Equal([1], (await Stored("devices/meter/t")).Select(reading => reading.At.Minute));

        static TelemetryMessage Command(int minute, string payload) => Untimed("meter", minute, payload, packetId: 1) with { Device = "users/otto" };
    }

    [Fact]
    public async Task A_redelivery_stands_and_falls_with_its_first_copy_in_the_same_batch()
    {
        History.IsBroken = true;
        var refused = await Publish(
            "meter", Untimed("meter", 1, "a", packetId: 5), Untimed("meter", 1, "a", packetId: 5, dup: true));
        Assert.Equal([0, 1], refused.Failures.Select(failure => failure.Index));
    }

    [Fact]
    public async Task A_device_connects_anew_only_when_what_it_sent_before_is_stored()
    {
        await Register("impatient");
        var client = await Connect("impatient");
        var goesOn = new TaskCompletionSource();
        History.Stuck = goesOn.Task;
        var publish = client.Publish(Untimed("impatient", 1, "a", packetId: 5));
        await History.Begun;

        var again = Connect("impatient");
        Assert.False(client.HasEnded);
        Assert.True((await Get("impatient")).Connected); // this does not wait
        goesOn.SetResult();

        Assert.Empty((await publish).Failures);
        await again;
        Assert.True(client.HasEnded);
    }
}
