using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.EndToEnd.Tests.Sessions;
using OrleansIoT.Fixtures;
using OrleansIoT.Shims;

namespace OrleansIoT.EndToEnd.Tests.Faults;

/// <summary>The wall clock of the machine jumps. What counts is the order of arrival, and time that goes on evenly.</summary>
public sealed class ClockTests
{
    [Fact]
    public async Task When_the_clock_jumps_connections_and_sessions_stay_and_the_order_is_that_of_arrival()
    {
        const string Topic = "clock/t";
        using var clock = new WallClock();
        await using var iot = await IotProcess.StartIn(clock.Environment);
        await using var listener = new MqttClient("listener", MqttVersion.V500) { SessionExpiry = MqttClient.Forever };
        await listener.Connect(iot.MqttPort, cleanStart: false);
        await listener.Subscribe("clock/#", Qos.AtLeastOnce);
        await using var device = await new Ledger("meter").Connect(iot);
        var sent = 0;
        foreach (var hours in new[] { 0, 1, -1, 0, 240, -240, 240, 0 })
        {
            clock.JumpTo(TimeSpan.FromHours(hours));
            for (var i = 0; i < 50; i++)
            {
                await device.Send(device.Message(Topic, $"{++sent}"));
                Assert.True(Assert.IsType<AckPacket>(await device.Receive()).Reason < ReasonCode.UnspecifiedError);
            }
        }

        var expected = Enumerable.Range(1, sent).Select(n => $"{n}").ToList();
        await listener.Until(received => received.Count >= sent);
        Assert.Equal(expected, listener.Received.Select(message => message.Text()));
        Assert.Equal(expected, (await StoredMessages.Read(iot, Topic)).Select(value => value.GetRawText()));

        // Each of the clock's days has its readings: the jumps were real.
        using var administrator = await IotClient.Administrator(iot);
        var days = (await administrator.ReadAll(Topic, "2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z"))
            .Select(reading => reading.GetProperty("date").GetString()![..10]).Distinct().Count();
        Assert.True(days >= 3, $"{days} days");

        await iot.Kill();
        await iot.StartAgain();
        await using var again = new MqttClient("listener", MqttVersion.V500) { SessionExpiry = MqttClient.Forever };
        Assert.True((await again.Connect(iot.MqttPort, cleanStart: false)).SessionPresent);
    }

    [Fact]
    public async Task Readings_of_1970_and_of_2099_are_stored_in_order_and_found()
    {
        const string Topic = "clock/ends";
        await using var iot = await IotProcess.StartIn([]);
        await using var device = await new Ledger("meter").Connect(iot);
        string[] payloads =
        [
            """{"ts":"2099-12-31T23:59:59Z","value":3}""",
            """{"ts":"1970-01-01T00:00:00Z","value":1}""",
            """{"ts":"2026-01-01T00:00:00Z","value":2}""",
        ];
        foreach (var payload in payloads)
        {
            Assert.True(await device.Publish(Topic, payload) < ReasonCode.UnspecifiedError);
        }

        using var administrator = await IotClient.Administrator(iot);
        var readings = await administrator.ReadAll(Topic, "1970-01-01T00:00:00Z", "2100-01-01T00:00:00Z");
        Assert.Equal([1, 2, 3], readings.Select(reading => reading.GetProperty("value").GetProperty("value").GetInt32()));
        Assert.Equal([2, 3, 1], readings.Select(reading => reading.GetProperty("seq").GetInt64()));
        Assert.Single(await administrator.ReadAll(Topic, "1969-01-01T00:00:00Z", "1971-01-01T00:00:00Z"));
    }
}
