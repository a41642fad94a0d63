using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using OrleansIoT.Failures;
using OrleansIoT.Grains.Topics;
using OrleansIoT.Identity;
using OrleansIoT.Sessions;

namespace OrleansIoT.Grains.Tests.Topics;

public sealed class DeliveryTests : StoreTest
{
    private const string Topic = "devices/meter/t";

    [Fact]
    public async Task A_delivery_names_the_session_that_published_and_holds_a_whole_append()
    {
        var viewer = await ConnectUser("vera", Roles.Viewer);
        await viewer.Subscribe("devices/#");
        await Publish("meter", Said("meter", Topic, "1"), Said("meter", Topic, "2"));
        var delivery = await viewer.Next();
        Assert.Equal((Tenant, "meter/meter"), (delivery.Tenant, delivery.Session));
        Assert.Equal(["1", "2"], delivery.Messages.Select(Text));
        Assert.Empty(delivery.Addressed);
    }

    [Fact]
    public async Task What_could_not_be_stored_is_neither_acknowledged_nor_queued_nor_delivered()
    {
        var viewer = await ConnectUser("vera", Roles.Viewer, expiry: 3_600);
        await viewer.Subscribe("devices/#");
        History.IsBroken = true;
        Assert.Single((await Publish("meter", Said("meter", Topic, "lost"))).Failures);
        History.IsBroken = false;
        Assert.Empty((await Publish("meter", Said("meter", Topic, "kept"))).Failures);
        Assert.Equal("kept", Text(Assert.Single((await viewer.Next()).Messages)));
        Assert.Equal("kept", Text(Assert.Single(await viewer.Queue()).Message!));
    }

    [Fact]
    public async Task A_redelivery_is_delivered_again_to_whom_has_no_queue_and_stored_once()
    {
        var durable = await ConnectUser("vera", Roles.Viewer, expiry: 3_600);
        await durable.Subscribe("devices/#", Qos.AtLeastOnce);
        var untimed = Said("meter", Topic, "a", packetId: 5);
        var timed = Timed("meter", 1, "b") with { Qos = Qos.AtLeastOnce };
        await Publish("meter", untimed, timed);
        await Publish("meter", untimed with { Dup = true }, timed with { Dup = true });
        Assert.Equal(2, (await durable.Next()).Addressed.Length);
        var again = await durable.Next();
        Assert.Equal(["a", "b"], again.Messages.Select(Text));
        Assert.All(again.Messages, message => Assert.True(message.IsRedelivery));
        Assert.Empty(again.Addressed);
        Assert.Equal(["a", "b"], (await durable.Queue()).Select(queued => Text(queued.Message!)));
        Assert.Equal(2, (await Stored(Topic)).Length);
        Assert.Equal(2, (await Get("meter")).Redeliveries);
    }

    [Fact]
    public async Task A_redelivery_of_QoS_2_reaches_no_member_of_a_share_again()
    {
        var one = await ConnectUser("one", Roles.Viewer, expiry: 3_600);
        var other = await ConnectUser("other", Roles.Viewer);
        await one.Subscribe("$share/group/devices/#", Qos.ExactlyOnce);
        await other.Subscribe("$share/group/devices/#", Qos.ExactlyOnce);
        for (var i = 1; i <= 4; i++)
        {
            var message = Timed("meter", i, $"{i}") with { Qos = Qos.ExactlyOnce };
            await Publish("meter", message);
            await Publish("meter", message with { Dup = true });
        }

        await Publish("meter", Timed("meter", 5, "5") with { Qos = Qos.ExactlyOnce }, Timed("meter", 6, "6") with { Qos = Qos.ExactlyOnce });
        var heard = new List<string>();
        while (heard.Count < 6)
        {
            foreach (var member in new[] { one, other }.Where(member => member.HasNext))
            {
                var delivery = await member.Next();
                heard.AddRange(delivery.Addressed.Select(addressed => Text(delivery.Messages[addressed.Message])));
            }

            await Task.Yield();
        }

        Assert.Equal(["1", "2", "3", "4", "5", "6"], heard.Order());
    }

    [Fact]
    public async Task A_first_copy_that_arrives_behind_its_redelivery_is_delivered_to_nobody()
    {
        var durable = await ConnectUser("vera", Roles.Viewer, expiry: 3_600);
        await durable.Subscribe("devices/#", Qos.ExactlyOnce);
        var member = await ConnectUser("other", Roles.Viewer, expiry: 3_600);
        await member.Subscribe("$share/group/devices/#", Qos.ExactlyOnce);
        var first = Timed("meter", 1, "b") with { Qos = Qos.ExactlyOnce, ReceivedAt = Noon };

        await Publish("meter", first with { Dup = true, ReceivedAt = Noon.AddSeconds(5) });
        await Publish("meter", first);

        Assert.Equal("b", Text(Assert.Single(await durable.Queue()).Message!));
        Assert.Equal("b", Text(Assert.Single(await member.Queue()).Message!));
        Assert.Single(await Stored(Topic));
    }

    [Fact]
    public async Task The_same_reading_published_anew_is_stored_once_and_delivered_as_any_publication()
    {
        var durable = await ConnectUser("vera", Roles.Viewer, expiry: 3_600);
        await durable.Subscribe("devices/#", Qos.ExactlyOnce);
        var reading = Timed("meter", 1, "b") with { Qos = Qos.ExactlyOnce };
        await Publish("meter", reading);
        await Publish("meter", reading with { ReceivedAt = reading.ReceivedAt.AddSeconds(1) });
        Assert.Equal(["b", "b"], (await durable.Queue()).Select(queued => Text(queued.Message!)));
        Assert.Single(await Stored(Topic));

        var next = Timed("meter", 2, "c") with { Qos = Qos.ExactlyOnce };
        await Publish("meter", next, next); // at the same moment
        Assert.Equal(["b", "b", "c", "c"], (await durable.Queue()).Select(queued => Text(queued.Message!)));
    }

    [Fact]
    [Trait("mqtt", "MQTT-4.6.0-6")]
    public async Task What_was_lost_on_its_way_to_an_edge_of_a_cluster_comes_before_what_followed_it()
    {
        var routes = Host.Services.GetRequiredService<Routes>();
        routes.BelongTo(new Alone());
        routes.Renew(long.MaxValue);
        var viewer = await ConnectUser("vera", Roles.Viewer, expiry: 3_600);
        await viewer.Subscribe("devices/#", Qos.AtLeastOnce);
        viewer.Lose(calls: 2);
        for (var i = 1; i <= 5; i++)
        {
            await Publish("meter", Said("meter", Topic, $"{i}"));
        }

        var deliveries = new List<Delivery>();
        while (deliveries.Count < 5)
        {
            deliveries.Add(await viewer.Next());
        }

        Assert.Equal(["1", "2", "3", "4", "5"], deliveries.Select(delivery => Text(Assert.Single(delivery.Messages))));
        var addressed = deliveries.Select(delivery => Assert.Single(delivery.Addressed)).ToList();
        Assert.Equal([0, .. addressed.Select(one => one.Number).Take(4)], addressed.Select(one => one.After));
    }

    [Fact]
    public async Task Edges_hear_a_topic_in_the_order_of_its_numbers_when_many_publish_to_it_at_once()
    {
        const int devices = 10, batches = 20;
        var viewer = await ConnectUser("vera", Roles.Viewer, expiry: 3_600);
        await viewer.Subscribe("shared", Qos.AtLeastOnce);
        for (var d = 0; d < devices; d++)
        {
            await Register($"d{d}", "shared");
            await Connect($"d{d}");
        }

        await Task.WhenAll(Enumerable.Range(0, devices).Select(async d =>
        {
            for (var b = 0; b < batches; b++)
            {
                Assert.Empty((await Publish($"d{d}", Said($"d{d}", "shared", $"{d}:{b}"))).Failures);
            }
        }));

        var heard = new List<string>();
        var numbers = new List<long>();
        while (heard.Count < devices * batches)
        {
            var delivery = await viewer.Next();
            heard.AddRange(delivery.Messages.Select(Text));
            numbers.AddRange(delivery.Addressed.Select(addressed => addressed.Number));
        }

        Assert.Equal(numbers.Order(), numbers);
        Assert.Equal((await Stored("shared")).OrderBy(message => message.Seq).Select(Text), heard);
    }

    [Theory]
    [InlineData(EdgeConduct.Hangs)]
    [InlineData(EdgeConduct.Throws)]
    public async Task An_edge_that_does_not_answer_hurts_nobody_else(EdgeConduct conduct)
    {
        var bad = await ConnectUser("bad", Roles.Viewer);
        var good = await ConnectUser("good", Roles.Viewer);
        await bad.Subscribe("devices/#");
        await good.Subscribe("devices/#");
        bad.Conduct = conduct;
        for (var i = 0; i < 10; i++)
        {
            Assert.Empty((await Publish("meter", Said("meter", Topic, i.ToString(CultureInfo.InvariantCulture)))).Failures);
            Assert.Equal($"{i}", Text((await good.Next()).Messages[0]));
        }
    }

    [Theory]
    [InlineData(EdgeConduct.Hangs)]
    [InlineData(EdgeConduct.Throws)]
    public async Task An_edge_that_does_not_end_a_connection_does_not_keep_the_next_one_out(EdgeConduct conduct)
    {
        var first = await ConnectDurably("meter");
        first.Conduct = conduct;
        var second = await ConnectDurably("meter");
        Assert.True(second.Session.IsPresent);
        await first.Leave();
        Assert.True((await Get("meter")).Connected);
    }

    [Fact]
    public async Task A_topic_under_a_dollar_sign_keeps_no_history_and_is_delivered_queued_and_retained_all_the_same()
    {
        await Register("chat", ["$chat/#"], ["$chat/#"]);
        var client = await ConnectDurably("chat");
        await client.Subscribe("$chat/#", Qos.AtLeastOnce);
        Assert.Empty((await client.Publish(
            Said("chat", "$chat/room", "0", Qos.AtMostOnce), Said("chat", "$chat/room", "1", retain: true))).Failures);
        Assert.Equal(["0", "1"], (await client.Next()).Messages.Select(Text));
        Assert.Equal("1", Text(Assert.Single(await client.Queue()).Message!));
        Assert.Empty((await client.Publish(Said("chat", "$chat/room", "2", Qos.AtMostOnce))).Failures);
        Assert.Equal("2", Text((await client.Next()).Messages[0]));
        Assert.Equal("1", Text(Assert.Single((await client.Retained("$chat/#")).Messages)));
        Assert.Empty(await Stored("$chat/room"));
    }

    [Fact]
    public async Task Beyond_the_limit_another_topic_is_not_retained_and_removing_one_makes_room()
    {
        var client = await Connect("meter");
        for (var i = 0; i < 1_000; i += 100)
        {
            var batch = Enumerable.Range(i, 100).Select(n => Said("meter", $"devices/meter/{n}", "x", retain: true));
            Assert.Empty((await client.Publish([.. batch])).Failures);
        }

        var further = Said("meter", "devices/meter/further", "x", retain: true);
        Assert.Equal(Failure.TooMany, Assert.Single((await client.Publish(further)).Failures).Failure);
        Assert.Empty((await client.Publish(Said("meter", "devices/meter/7", "y", retain: true))).Failures);
        Assert.Empty((await client.Publish(Said("meter", "devices/meter/7", "", retain: true), further)).Failures);
        await Host.Restart();
        var result = await Publish("meter", Said("meter", "devices/meter/more", "x", retain: true));
        Assert.Equal(Failure.TooMany, Assert.Single(result.Failures).Failure);
    }
}
