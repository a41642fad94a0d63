using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Fixtures;

namespace OrleansIoT.DeviceEdge.Tests.Sessions;

/// <summary>An edge that is one of several: how it goes, and what it does when a silo has gone.</summary>
public sealed class ClusterTests
{
    [Theory]
    [InlineData("other.example:8883", ReasonCode.UseAnotherServer)]
    [InlineData(null, ReasonCode.ServerShuttingDown)]
    public async Task An_edge_that_ends_lets_its_connections_go_one_after_the_other_and_says_where_to(string? reference, ReasonCode reason)
    {
        await using var edge = await TestEdge.Start(options => options.ServerReference = reference, isOfCluster: true);
        var devices = new List<MqttDevice>();
        for (var i = 0; i < 3; i++)
        {
            devices.Add(await MqttDevice.Connect(edge.Port, $"meter-{i}", "key"));
        }

        // The clock stands, so nothing but the first step is taken.
        var stop = edge.Stop();
        var received = devices.ConvertAll(device => device.Receive());
        await Task.WhenAny(received).WaitAsync(TimeSpan.FromSeconds(30));
        await Eventually.Is(() => edge.Connections == 2);
        Assert.False(edge.Grains.Table.HasLeft);

        await edge.Until(stop, TimeSpan.FromMilliseconds(100));
        foreach (var packet in await Task.WhenAll(received))
        {
            var disconnect = Assert.IsType<DisconnectPacket>(packet);
            Assert.Equal((reason, reference), (disconnect.Reason, disconnect.Properties.ServerReference));
        }

        Assert.True(edge.Grains.Table.HasLeft);
        foreach (var device in devices)
        {
            await device.DisposeAsync();
        }
    }

    [Fact]
    public async Task When_a_silo_is_no_more_who_only_publishes_goes_on_who_subscribes_ends_and_the_others_do_not_notice()
    {
        await using var edge = await TestEdge.Start(isOfCluster: true);
        edge.Grains.Table.Silos = ["dies", "stays"];
        var devices = new Dictionary<string, MqttDevice>();
        foreach (var (id, silo) in new[] { ("publisher", "dies"), ("subscriber", "dies"), ("other", "stays") })
        {
            edge.Grains[id].Session = edge.Grains[id].Session with { Silo = silo };
            devices[id] = await MqttDevice.Connect(edge.Port, id, "key");
        }

        await devices["subscriber"].Send(new SubscribePacket { PacketId = 1, Subscriptions = [new("devices/subscriber/#", Qos.AtLeastOnce)] });
        Assert.IsType<SubAckPacket>(await devices["subscriber"].Receive());
        edge.Clock.Advance(TimeSpan.FromMilliseconds(500));

        edge.Grains["publisher"].Session = edge.Grains["publisher"].Session with { Silo = "stays" };
        edge.Grains.Table.Silos = ["stays"];
        var ended = devices["subscriber"].Receive();
        await edge.Until(ended, TimeSpan.FromMilliseconds(10));
        await Eventually.Is(() => edge.Grains["publisher"].Connected!.Since is not null);

        Assert.Equal(ReasonCode.ImplementationSpecificError, Assert.IsType<DisconnectPacket>(await ended).Reason);
        Assert.Equal(ReasonCode.Success, await devices["publisher"].Publish("devices/publisher/t", "1"));
        Assert.Equal(ReasonCode.Success, await devices["other"].Publish("devices/other/t", "1"));
        Assert.Null(edge.Grains["other"].Connected!.Since);
        foreach (var device in devices.Values)
        {
            await device.DisposeAsync();
        }
    }

    /// <summary>Otherwise it would be let in when nobody holds it any more, and keep the next one waiting.</summary>
    [Fact]
    public async Task A_device_that_goes_before_it_is_let_in_is_given_up_and_again_when_it_was_let_in_all_the_same()
    {
        await using var edge = await TestEdge.Start();
        var admitted = new TaskCompletionSource();
        var asked = new TaskCompletionSource();
        edge.Device.OnConnect = () =>
        {
            asked.SetResult();
            return admitted.Task;
        };
        var device = await edge.Dial();
        await device.Send(MqttDevice.Credentials("meter-7", "key"));
        await asked.Task;

        await device.DisposeAsync();

        var (given, disconnect) = await edge.Device.NextDisconnect();
        Assert.False(disconnect.PublishesWill);
        await Eventually.Is(() => edge.Connections == 0);
        admitted.SetResult();
        var (again, _) = await edge.Device.NextDisconnect();
        Assert.Equal((edge.Device.Connected!.ConnectionId, given), (given, again));
    }
}
