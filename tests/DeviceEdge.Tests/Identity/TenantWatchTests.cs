using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.DeviceEdge.Tests.Sessions;
using OrleansIoT.Fixtures;

namespace OrleansIoT.DeviceEdge.Tests.Identity;

/// <summary>Who is connected when its tenant is deactivated (J16).</summary>
public sealed class TenantWatchTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task The_devices_of_a_deactivated_tenant_are_gone_within_five_seconds_and_no_others()
    {
        await using var edge = await TestEdge.Start();
        await using var acme = await MqttDevice.Connect(edge.Port, "acme/meter-7", "key");
        await using var other = await MqttDevice.Connect(edge.Port, "other/meter-7", "key");
        await using var own = await edge.Connect();
        await Rounds(edge, 3);
        Assert.Equal(3, edge.Connections);

        edge.Grains.Tenants.Deactivate("acme");
        await Rounds(edge, 4);

        Assert.Equal(ReasonCode.NotAuthorized, Assert.IsType<DisconnectPacket>(await acme.Receive()).Reason);
        Assert.Null(await acme.Receive());
        Assert.Equal(2, edge.Connections);
    }

    [Fact]
    public async Task Who_connects_while_its_tenant_goes_goes_too()
    {
        await using var edge = await TestEdge.Start();
        await using var other = await MqttDevice.Connect(edge.Port, "other/meter-7", "key");
        await Rounds(edge, 2);
        edge.Grains.Tenants.Deactivate("acme");
        await Rounds(edge, 2); // the news are old when it comes

        await using var acme = await MqttDevice.Connect(edge.Port, "acme/meter-7", "key"); // its grain had answered before
        await Rounds(edge, 4);

        Assert.IsType<DisconnectPacket>(await acme.Receive());
    }

    [Fact]
    public async Task A_tenant_is_asked_about_once_and_then_only_when_there_are_news_of_it()
    {
        await using var edge = await TestEdge.Start();
        await using var acme = await MqttDevice.Connect(edge.Port, "acme/meter-7", "key");
        await Rounds(edge, 4);
        Assert.Equal(1, edge.Grains.Tenants.AskedOfTenants);
        edge.Grains.Tenants.Deactivate("other");
        await Rounds(edge, 4);
        Assert.Equal(1, edge.Grains.Tenants.AskedOfTenants);
    }

    [Fact]
    public async Task An_edge_without_other_tenants_asks_nobody()
    {
        await using var edge = await TestEdge.Start();
        await using var own = await edge.Connect();

        for (var i = 0; i < 5; i++)
        {
            edge.Clock.Advance(Second);
        }

        Assert.Equal(0, edge.Grains.Tenants.Asked);
        Assert.Equal(1, edge.Connections);
    }

    [Fact]
    public async Task What_was_not_heard_during_an_outage_is_heard_after_it()
    {
        await using var edge = await TestEdge.Start();
        await using var acme = await MqttDevice.Connect(edge.Port, "acme/meter-7", "key");
        await Rounds(edge, 2);
        edge.Grains.Tenants.Outage = new TimeoutException();
        edge.Grains.Tenants.Deactivate("acme");
        await Rounds(edge, 3);
        Assert.Equal(1, edge.Connections);

        edge.Grains.Tenants.Outage = null;
        await Rounds(edge, 3);

        Assert.IsType<DisconnectPacket>(await acme.Receive());
        Assert.Single(edge.Log);
    }

    /// <summary>Seconds, each over when the edge has asked for news in it; the first ask comes when a connection is noticed.</summary>
    private static async Task Rounds(TestEdge edge, int rounds)
    {
        if (edge.Grains.Tenants.Asked == 0)
        {
            await Eventually.Is(() =>
            {
                edge.Clock.Advance(Second);
                return Volatile.Read(ref edge.Grains.Tenants.Asked) > 0;
            });
        }

        for (var i = 0; i < rounds; i++)
        {
            var asked = Volatile.Read(ref edge.Grains.Tenants.Asked);
            edge.Clock.Advance(Second);
            await Eventually.Is(() => Volatile.Read(ref edge.Grains.Tenants.Asked) > asked);
        }
    }
}
