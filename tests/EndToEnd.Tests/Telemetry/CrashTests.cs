using System.Globalization;
using System.Net.Sockets;
using System.Text.Json;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.EndToEnd.Tests.Clients;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Telemetry;

/// <summary>The promise, with the process killed in the middle: acknowledged means stored, and stored once.</summary>
public sealed class CrashTests
{
    private const string Device = "machine";
    private const string Topic = "devices/machine/temperature";

    /// <summary>How often the process is killed; more by the variable TEST_KILLS.</summary>
    private static readonly int Kills =
        int.Parse(Environment.GetEnvironmentVariable("TEST_KILLS") ?? "10", CultureInfo.InvariantCulture);

    private static readonly List<string> Payloads = [.. SensorSeries.MachineTemperature.Payloads];

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public async Task A_client_that_resends_by_itself_through_ten_kills_loses_nothing_and_doubles_nothing(int protocol)
    {
        await using var iot = await IotProcess.StartWith([("IOT_Gateway__RequestRate", "0")]); // it asks without a pause
        var key = await Register(iot);
        var sending = ForeignClient.Paho(iot, Device, key, Topic, Payloads, protocol);
        await KillWhile(iot, sending);
        (await sending).Succeeded();
        await MustHoldOnce(iot);
    }

    [Fact]
    public async Task A_client_that_resends_under_new_packet_ids_without_DUP_loses_nothing_and_doubles_nothing()
    {
        await using var iot = await IotProcess.StartWith([("IOT_Gateway__RequestRate", "0")]); // it asks without a pause
        var key = await Register(iot);
        var sending = Task.Run(() => SendUntilAcknowledged(iot, key));
        await KillWhile(iot, sending);
        await sending;
        await MustHoldOnce(iot);
    }

    /// <summary>
    /// Publishes everything, with whatever was not acknowledged sent anew over a new connection, as often as it takes.
    /// After each cut it looks whether what was acknowledged so far can be read.
    /// </summary>
    private static async Task SendUntilAcknowledged(IotProcess iot, string key)
    {
        var acknowledged = 0;
        while (acknowledged < Payloads.Count)
        {
            try
            {
                await using var device = await MqttDevice.Connect(iot.MqttPort, Device, key);
                var inFlight = 0;
                for (var next = acknowledged; acknowledged < Payloads.Count;)
                {
                    if (next < Payloads.Count && inFlight < 100)
                    {
                        await device.Send(device.Message(Topic, Payloads[next++]));
                        inFlight++;
                    }
                    else if (await device.Receive() is DeviceEdge.Mqtt.Packets.AckPacket { Reason: ReasonCode.Success })
                    {
                        acknowledged++;
                        inFlight--;
                    }
                    else
                    {
                        break;
                    }
                }
            }
            catch (Exception e) when (e is SocketException or IOException or InvalidOperationException)
            {
                // Nobody listens, or the connection was cut: so it tries again, as devices do.
            }
        }
    }

    private static async Task<string> Register(IotProcess iot)
    {
        using var administrator = await IotClient.Administrator(iot);
        return await administrator.RegisterDevice(Device);
    }

    /// <summary>Kills it and starts it again, each time when a random number of further readings has been stored.</summary>
    private static async Task KillWhile(IotProcess iot, Task sending)
    {
        var random = new Random(4711);
        var moments = Enumerable.Range(0, Kills).Select(_ => random.Next(Payloads.Count)).Order().ToList();
        using var administrator = await IotClient.Administrator(iot);
        foreach (var moment in moments)
        {
            while (await Stored(administrator) <= moment)
            {
                Assert.False(sending.IsFaulted, sending.Exception?.ToString());
                await Task.Yield();
            }

            await iot.Kill();
            await iot.StartAgain();
        }
    }

    private static async Task<long> Stored(IotClient client)
    {
        var (_, device) = await client.Get($"/devices/{Device}");
        return device.GetProperty("readings").GetInt64();
    }

    private static async Task MustHoldOnce(IotProcess iot)
    {
        using var administrator = await IotClient.Administrator(iot);
        var readings = await administrator.ReadAll(Topic, "2013-01-01T00:00:00Z", "2015-01-01T00:00:00Z");
        Assert.Equal(
            Payloads.Order(StringComparer.Ordinal),
            readings.Select(reading => reading.GetProperty("value").GetRawText()).Order(StringComparer.Ordinal));
        Assert.Equal(Enumerable.Range(1, readings.Count).Select(i => (long)i), readings.Select(Seq).Order());
        Assert.Equal(Payloads.Count, await Stored(administrator));
    }

    private static long Seq(JsonElement reading) => reading.GetProperty("seq").GetInt64();
}
