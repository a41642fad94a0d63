using OrleansIoT.EndToEnd.Tests.Clients;

namespace OrleansIoT.EndToEnd.Tests.Telemetry;

/// <summary>The promise, with the process killed in the middle: acknowledged means stored, and stored once.</summary>
public sealed class CrashTests
{
    /// <summary>How often the process is killed; more by <c>TEST_KILLS</c>.</summary>
    private static readonly int Kills = int.Parse(Environment.GetEnvironmentVariable("TEST_KILLS") ?? "10", System.Globalization.CultureInfo.InvariantCulture);

    [Fact]
    public async Task A_client_that_resends_with_DUP_through_ten_kills_loses_nothing_and_doubles_nothing()
    {
        await using var iot = await IotProcess.Start();
        var key = await Register(iot, "machine");
        var sending = ForeignClient.Paho(iot, "machine", key, "devices/machine/t", SensorSeries.MachineTemperature.Payloads);
        await KillWhile(iot, sending);
        (await sending).Succeeded();
        await MustHoldOnce(iot, "devices/machine/t", SensorSeries.MachineTemperature.Payloads);
    }

    private static async Task<string> Register(IotProcess iot, string device)
    {
        using var administrator = await IotClient.Administrator(iot);
        return await administrator.RegisterDevice(device);
    }

    /// <summary>Kills it again and again, each time when a random number of further readings has been stored.</summary>
    private static async Task KillWhile(IotProcess iot, Task sending)
    {
        var random = new Random(4711);
        for (var i = 0; i < Kills && !sending.IsCompleted; i++)
        {
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(random.Next(100, 1_500)));
            await Task.WhenAny(sending, timer.WaitForNextTickAsync().AsTask());
            await iot.Kill();
            await iot.StartAgain();
        }
    }

    private static async Task MustHoldOnce(IotProcess iot, string topic, IEnumerable<string> payloads)
    {
        using var administrator = await IotClient.Administrator(iot);
        var readings = await administrator.ReadAll(topic, "2013-01-01T00:00:00Z", "2015-01-01T00:00:00Z");
        Assert.Equal(
            payloads.Order(StringComparer.Ordinal),
            readings.Select(reading => reading.GetProperty("value").GetRawText()).Order(StringComparer.Ordinal));
        Assert.Equal(
            Enumerable.Range(1, readings.Count).Select(i => (long)i),
            readings.Select(reading => reading.GetProperty("seq").GetInt64()).Order());
    }
}
