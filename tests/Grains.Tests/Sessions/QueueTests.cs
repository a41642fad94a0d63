using OrleansIoT.Failures;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Tests.Sessions;

public sealed class QueueTests : GrainTest
{
    private const string Topic = "devices/sensor/t";

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        await Register("sensor");
        await Register("pump", [], ["devices/#", "$share/g/#", "!devices/sensor/secret"]);
    }

    [Fact]
    public async Task What_is_published_while_a_durable_session_is_away_waits_for_it_also_across_a_restart()
    {
        var pump = await ConnectDurably("pump");
        await pump.Subscribe("devices/+/t", Qos.AtLeastOnce);
        await pump.Break();
        await Publish("sensor", Said("sensor", Topic, "1"), Said("sensor", Topic, "2", Qos.ExactlyOnce, packetId: 2), Said("sensor", Topic, "0", Qos.AtMostOnce));
        await Host.Restart();
        await Publish("sensor", Said("sensor", Topic, "3"));

        pump = await ConnectDurably("pump");
        var queue = await pump.Queue();
        Assert.Equal(["1", "2", "3"], queue.Select(queued => Text(queued.Message!)));
        Assert.All(queue, queued => Assert.Equal(Qos.AtLeastOnce, queued.Qos));
        Assert.Equal((0, queue[^1].Number), (pump.Session.Sent, pump.Session.Last));

        await pump.Settle(queue[0].Number, queue[1].Number);
        await pump.Break(sent: queue[1].Number);
        pump = await ConnectDurably("pump");
        Assert.Equal("3", Text(Assert.Single(await pump.Queue()).Message!));
        Assert.Equal(queue[1].Number, pump.Session.Sent);
    }

    [Fact]
    public async Task A_connected_durable_session_is_told_the_number_that_a_message_has_in_its_queue()
    {
        var pump = await ConnectDurably("pump");
        await pump.Subscribe(Topic, Qos.AtLeastOnce);
        await Publish("sensor", Said("sensor", Topic, "1"));
        var delivery = await pump.Next();
        var addressed = Assert.Single(delivery.Addressed);
        Assert.Equal((pump.Id, 0, Qos.AtLeastOnce), (addressed.ConnectionId, addressed.Message, addressed.Qos));
        Assert.Equal(addressed.Number, Assert.Single(await pump.Queue()).Number);
        Assert.Equal(1, Assert.Single((await Get("pump")).Sessions).Queued);
    }

    [Fact]
    public async Task Overlapping_subscriptions_are_one_message_with_the_highest_qos_and_all_identifiers()
    {
        var pump = await ConnectDurably("pump");
        await pump.Subscribe(
            new Subscription(Topic, Qos.AtLeastOnce, Identifier: 1),
            new Subscription("devices/#", Qos.ExactlyOnce, RetainAsPublished: true, Identifier: 2),
            new Subscription("devices/+/t", Qos.AtMostOnce));
        await Publish("sensor", Said("sensor", Topic, "1", Qos.ExactlyOnce, retain: true));
        var addressed = Assert.Single((await pump.Next()).Addressed);
        Assert.Equal((Qos.ExactlyOnce, true), (addressed.Qos, addressed.Retain));
        Assert.Equal([1u, 2u], addressed.SubscriptionIds.Order());
        Assert.Single(await pump.Queue());
    }

    [Fact]
    public async Task With_no_local_a_session_does_not_hear_itself_but_other_subscriptions_of_its_do()
    {
        var sensor = await ConnectDurably("sensor");
        await sensor.Subscribe(new Subscription("devices/sensor/+", Qos.AtLeastOnce, NoLocal: true));
        await sensor.Publish(Said("sensor", Topic, "1"));
        Assert.Empty(await sensor.Queue());
        await sensor.Subscribe(new Subscription(Topic, Qos.AtLeastOnce, Identifier: 9));
        await sensor.Publish(Said("sensor", Topic, "2"));
        Assert.Equal([9u], Assert.Single(await sensor.Queue()).SubscriptionIds.AsEnumerable());
    }

    [Fact]
    public async Task What_is_denied_enters_no_queue_and_leaves_one_that_it_has_entered_after_a_restart()
    {
        var pump = await ConnectDurably("pump");
        await pump.Subscribe("devices/#", Qos.AtLeastOnce);
        await Publish("sensor", Said("sensor", "devices/sensor/secret", "1"), Said("sensor", Topic, "2"));
        Assert.Equal("2", Text(Assert.Single(await pump.Queue()).Message!));

        await Host.Restart();
        await Publish("sensor", Said("sensor", "devices/sensor/secret", "3"), Said("sensor", Topic, "4"));
        pump = await ConnectDurably("pump");
        Assert.Equal(["2", "4"], (await pump.Queue()).Select(queued => Text(queued.Message!)));
        Assert.Equal(2, Assert.Single((await Get("pump")).Sessions).Queued);
    }

    [Fact]
    public async Task Packet_identifiers_of_qos_2_are_remembered_until_they_are_released()
    {
        var sensor = await ConnectDurably("sensor");
        await sensor.Publish(
            Said("sensor", Topic, "1", Qos.ExactlyOnce, packetId: 5), Said("sensor", Topic, "2", Qos.ExactlyOnce, packetId: 6));
        await sensor.Release(5);
        await Host.Restart();
        Assert.Equal([(ushort)6], (await ConnectDurably("sensor")).Session.Received.AsEnumerable());
    }

    [Fact]
    public async Task Of_a_share_one_member_gets_each_message_and_the_connected_come_first()
    {
        await Register("pump2", [], ["devices/#"]);
        var one = await ConnectDurably("pump");
        var two = await Connect("pump2");
        await one.Subscribe("$share/g/devices/+/t", Qos.AtLeastOnce);
        await two.Subscribe("$share/g/devices/+/t", Qos.AtLeastOnce);
        await Publish("sensor", [.. Enumerable.Range(0, 10).Select(i => Said("sensor", Topic, $"{i}"))]);

        var ofOne = (await one.Next()).Addressed;
        var ofTwo = (await two.Next()).Addressed;
        Assert.Equal((5, 5), (ofOne.Length, ofTwo.Length));
        Assert.Equal(Enumerable.Range(0, 10), ofOne.Concat(ofTwo).Select(addressed => addressed.Message).Order());
        Assert.All(ofOne, addressed => Assert.True(addressed.Number > 0));
        Assert.All(ofTwo, addressed => Assert.Equal(0, addressed.Number));

        await one.Break();
        await Publish("sensor", Said("sensor", Topic, "a"), Said("sensor", Topic, "b"));
        Assert.Equal(2, (await two.Next()).Addressed.Length);
        await two.Break();
        await Publish("sensor", Said("sensor", Topic, "c"));
        Assert.Equal("c", Text((await (await ConnectDurably("pump")).Queue())[^1].Message!));
    }

    [Fact]
    public async Task Retained_messages_enter_the_queue_of_a_durable_session_as_its_options_want()
    {
        await Publish("sensor", Said("sensor", Topic, "kept", retain: true), Said("sensor", "devices/sensor/0", "often", Qos.AtMostOnce, retain: true));
        var pump = await ConnectDurably("pump");
        var result = await pump.Subscribe("devices/sensor/+", Qos.AtLeastOnce);
        var queued = Assert.Single(await pump.Queue());
        Assert.Equal(("kept", true, result.Last), (Text(queued.Message!), queued.Retain, queued.Number));
        Assert.True(result.Outcomes[0].SendsRetained); // the one of QoS 0
        await pump.Settle(queued.Number);

        await pump.Subscribe(new Subscription("devices/sensor/+", Qos.AtLeastOnce, RetainHandling: RetainHandling.SendIfNew));
        await pump.Subscribe(new Subscription(Topic, Qos.AtLeastOnce, RetainHandling: RetainHandling.DoNotSend));
        await pump.Subscribe("$share/g/devices/sensor/+", Qos.AtLeastOnce);
        Assert.Empty(await pump.Queue());
        await pump.Subscribe(new Subscription(Topic, Qos.AtLeastOnce, RetainHandling: RetainHandling.SendIfNew));
        Assert.Empty(await pump.Queue());
        await pump.Subscribe(Topic, Qos.AtLeastOnce);
        Assert.Single(await pump.Queue());
    }

    [Fact]
    public async Task Who_is_not_durable_fetches_retained_messages_of_its_own_filters_without_what_is_denied()
    {
        await Publish("sensor", Said("sensor", Topic, "a", retain: true), Said("sensor", "devices/sensor/secret", "b", retain: true));
        var pump = await Connect("pump");
        Assert.True((await pump.Subscribe("devices/sensor/#")).Outcomes[0].SendsRetained);
        Assert.Equal("a", Text(Assert.Single((await pump.Retained("devices/sensor/#")).Messages)));
        await Refused(Failure.Forbidden, () => pump.Retained("devices/#"));

        await Publish("sensor", Said("sensor", Topic, "", retain: true));
        Assert.Empty((await pump.Retained("devices/sensor/#")).Messages);
    }

    [Fact]
    public async Task What_a_session_no_longer_subscribes_to_does_not_reach_its_queue_and_what_is_there_stays()
    {
        var pump = await ConnectDurably("pump");
        await pump.Subscribe(Topic, Qos.AtLeastOnce);
        await Publish("sensor", Said("sensor", Topic, "1"));
        await pump.Unsubscribe(Topic);
        await Publish("sensor", Said("sensor", Topic, "2"));
        Assert.Equal("1", Text(Assert.Single(await pump.Queue()).Message!));
        await Host.Restart();
        Assert.Empty((await ConnectDurably("pump")).Session.Subscriptions);
    }
}
