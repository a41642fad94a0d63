using System.Text;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Fixtures;
using OrleansIoT.Telemetry;

namespace OrleansIoT.EndToEnd.Tests.Mqtt;

/// <summary>Section 3.1.2.5 of both versions.</summary>
public sealed class WillTests(OpenHost host) : MqttTest(host)
{
    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt-3.1.1", "MQTT-3.1.2-16")]
    [Trait("mqtt-3.1.1", "MQTT-3.1.2-17")]
    [Trait("mqtt", "MQTT-3.1.2-14")]
    [Trait("mqtt", "MQTT-3.1.2-15")]
    public async Task A_will_is_retained_if_it_says_so_and_else_an_ordinary_message(MqttVersion version)
    {
        var present = await Connected("present", version);
        await present.Subscribe(T("#"));
        await (await Connected("a", version, Will("plain", "plain"))).Cut();
        await present.Until(received => received.Count == 1);
        await (await Connected("b", version, Will("kept", "kept", retain: true))).Cut();
        await Hears(present, "plain", "kept");
        Assert.All(present.Received, message => Assert.Equal((Qos.AtLeastOnce, false), (message.Qos, message.Retain)));

        var newcomer = await Connected("newcomer", version);
        await newcomer.Subscribe(T("plain"));
        await newcomer.Subscribe(T("kept"));
        await Hears(newcomer, "kept");
        Assert.True(newcomer.Received[0].Retain);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt-3.1.1", "MQTT-3.1.2-10")]
    [Trait("mqtt-3.1.1", "MQTT-3.1.2-12")]
    [Trait("mqtt", "MQTT-3.1.2-10")]
    public async Task A_will_is_published_at_most_once_and_given_up_by_DISCONNECT(MqttVersion version)
    {
        var present = await Connected("present", version);
        await present.Subscribe(T("#"));
        var mortal = Client("mortal", version, version == MqttVersion.V500 ? MqttClient.Forever : 0);

        await Live(Will("a", "given up"), takesLeave: true);
        await Live(null, takesLeave: false);
        await Live(Will("a", "published"), takesLeave: false);
        await present.Until(received => received.Count == 1);
        await Live(null, takesLeave: false);
        await Live(Will("a", "end"), takesLeave: false);

        await Hears(present, "published", "end");

        async Task Live(ConnectWill? will, bool takesLeave)
        {
            mortal.Will = will;
            await mortal.Connect(Port, cleanStart: version == MqttVersion.V311);
            await (takesLeave ? mortal.Disconnect() : mortal.Cut());
        }
    }

    [Fact]
    [Trait("mqtt", "MQTT-3.1.3-9")]
    public async Task Who_comes_back_before_the_will_delay_is_over_keeps_the_will_from_being_sent()
    {
        var present = await Connected("present");
        await present.Subscribe(T("#"));
        var returns = Client("returns", sessionExpiry: MqttClient.Forever);
        returns.Will = Will("returns", "gone", properties: new Properties { WillDelayInterval = 3 });
        var stays = Client("stays-away", sessionExpiry: MqttClient.Forever);
        stays.Will = Will("stays-away", "gone", properties: new Properties { WillDelayInterval = 4 });
        await returns.Connect(Port);
        await stays.Connect(Port);

        await returns.Cut();
        await stays.Cut();
        returns.Will = null;
        Assert.True((await returns.Connect(Port, cleanStart: false)).SessionPresent);

        // The later one shows that the time of the earlier one is over.
        await present.Until(received => received.Any(message => message.Topic == T("stays-away")));
        Assert.Single(present.Received);
    }

    [Fact]
    [Trait("mqtt", "MQTT-3.1.3-10")]
    public async Task User_properties_of_a_will_keep_their_order()
    {
        UserProperty[] properties = [new("b", "1"), new("a", "2"), new("b", "0"), new("", ""), new("a", "2")];
        var present = await Connected("present");
        await present.Subscribe(T("#"));

        await (await Connected("a", will: Will("a", "gone", properties: new Properties { UserProperties = [.. properties] }))).Cut();

        await Hears(present, "gone");
        Assert.Equal(properties, present.Received[0].Properties.UserProperties.AsEnumerable());
    }

    private ConnectWill Will(string topic, string payload, bool retain = false, Properties? properties = null) =>
        new(T(topic), Encoding.UTF8.GetBytes(payload), Qos.AtLeastOnce, retain) { Properties = properties ?? Properties.None };
}
