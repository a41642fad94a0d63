using OrleansIoT.EndToEnd.Tests.Clients;

namespace OrleansIoT.EndToEnd.Tests.Telemetry;

/// <summary>What the product is for: real readings in by MQTT from clients that are not ours, the same readings out by REST.</summary>
public sealed class MainJobTests : IAsyncLifetime
{
    private IotProcess _iot = null!;
    private IotClient _user = null!;

    public async Task InitializeAsync()
    {
        _iot = await IotProcess.Start();
        _user = await IotClient.Administrator(_iot);
    }

    public async Task DisposeAsync()
    {
        _user.Dispose();
        await _iot.DisposeAsync();
    }

    [Theory]
    [InlineData("mosquitto_pub", "311")]
    [InlineData("mosquitto_pub", "5")]
    [InlineData("paho", "4")]
    [InlineData("paho", "5")]
    [Trait("mqtt", "MQTT-4.2.0-1")]
    [Trait("mqtt-3.1.1", "MQTT-7.0.0-2")]
    [Trait("mqtt-3.1.1", "MQTT-7.1.1-1")]
    public async Task Both_series_come_back_equal_in_number_and_value(string client, string version)
    {
        await Task.WhenAll(
            Send(client, version, "office", SensorSeries.AmbientTemperature),
            Send(client, version, "machine", SensorSeries.MachineTemperature));

        await SensorSeries.AmbientTemperature.MustBeAll(7_267, _user, "devices/office/temperature");
        await SensorSeries.MachineTemperature.MustBeAll(22_695, _user, "devices/machine/temperature");

        await _iot.Kill();
        await _iot.StartAgain();
        await SensorSeries.MachineTemperature.MustBeAll(22_695, _user, "devices/machine/temperature");
    }

    [Fact]
    public async Task The_repeated_timestamps_of_the_machine_are_two_readings_each()
    {
        await Send("mosquitto_pub", "5", "machine", SensorSeries.MachineTemperature);
        var readings = await _user.ReadAll("devices/machine/temperature", "2013-01-01T00:00:00Z", "2015-01-01T00:00:00Z");
        var repeated = readings.GroupBy(reading => reading.GetProperty("date").GetString()).Where(group => group.Count() > 1).ToList();
        Assert.Equal(12, repeated.Count);
        Assert.All(repeated, group => Assert.Equal(2, group.Count()));
    }

    [Fact]
    public async Task A_range_is_half_open_and_the_latest_is_the_last()
    {
        await Send("mosquitto_pub", "5", "office", SensorSeries.AmbientTemperature);
        var readings = await _user.ReadAll("devices/office/temperature", "2013-07-04T00:00:00Z", "2013-07-04T03:00:00Z");
        Assert.Equal(
            ["2013-07-04T00:00:00Z", "2013-07-04T01:00:00Z", "2013-07-04T02:00:00Z"],
            readings.Select(reading => reading.GetProperty("date").GetString()));

        var (_, latest) = await _user.Get("/iot/devices/office/temperature/latest");
        Assert.Equal("devices/office/temperature", latest.GetProperty("topic").GetString());
        var last = Assert.Single(latest.GetProperty("data").EnumerateArray());
        Assert.Equal(SensorSeries.AmbientTemperature.Readings[^1].At, last.GetProperty("date").GetDateTimeOffset());
        Assert.Equal("office", last.GetProperty("device").GetString());

        var (_, encoded) = await _user.Get("/iot/devices%2Foffice%2Ftemperature/latest");
        Assert.Equal(latest.GetRawText(), encoded.GetRawText());
    }

    private async Task Send(string client, string version, string device, SensorSeries series)
    {
        var key = await _user.RegisterDevice(device);
        var topic = $"devices/{device}/temperature";
        var result = client == "paho"
            ? await ForeignClient.Paho(_iot, device, key, topic, series.Payloads, version == "5" ? 5 : 4)
            : await ForeignClient.MosquittoPub(_iot, device, key, topic, series.Payloads, version);
        result.Succeeded();
    }
}
