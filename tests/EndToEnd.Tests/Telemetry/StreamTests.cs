using System.Globalization;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Telemetry;

/// <summary>Somebody who looks at a topic while devices publish to it, and the process dies in between.</summary>
public sealed class StreamTests
{
    private const string Device = "machine";
    private const string Topic = "devices/machine/t";
    private const int Kills = 3;

    [Fact]
    public async Task A_stream_that_goes_on_through_kills_has_every_reading_once_and_in_order()
    {
        await using var iot = await IotProcess.Start("--device-rate", "0");
        string key;
        using (var administrator = await IotClient.Administrator(iot))
        {
            key = await administrator.RegisterDevice(Device);
        }

        var seen = new List<(long Seq, string Value)>();
        var acknowledged = new List<string>();
        string? last = null;
        for (var life = 0; life <= Kills; life++)
        {
            if (life > 0)
            {
                await iot.StartAgain();
            }

            using var viewer = await IotClient.Administrator(iot);
            using var stream = await EventClient.Open(viewer.Http, $"/stream?topics={Topic}", last);
            Assert.Equal("start", (await stream.Next()).Name);
            var publishing = Publish(iot, key, life, acknowledged);
            var until = seen.Count + 500;
            while (seen.Count < until)
            {
                var reading = await stream.NextReading();
                seen.Add((reading.Seq, (string)reading.Data["value"]!));
            }

            last = stream.LastId;
            await iot.Kill();
            await publishing;
        }

        // What was published after the last look.
        await iot.StartAgain();
        using var reader = await IotClient.Administrator(iot);
        var stored = await reader.ReadAll(Topic, "2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z");
        using (var stream = await EventClient.Open(reader.Http, $"/stream?topics={Topic}", last))
        {
            await stream.Next();
            while (seen.Count < stored.Count)
            {
                var reading = await stream.NextReading();
                seen.Add((reading.Seq, (string)reading.Data["value"]!));
            }
        }

        Assert.Equal(Enumerable.Range(1, stored.Count).Select(i => (long)i), seen.Select(reading => reading.Seq));
        Assert.Equal(
            stored.OrderBy(reading => reading.GetProperty("seq").GetInt64()).Select(reading => reading.GetProperty("value").GetString()),
            seen.Select(reading => reading.Value));
        Assert.Empty(acknowledged.Except(seen.Select(reading => reading.Value)));
    }

    [Fact]
    public async Task A_server_that_stops_says_so_and_ends_the_stream()
    {
        await using var iot = await IotProcess.Start();
        using var viewer = await IotClient.Administrator(iot);
        using var stream = await EventClient.Open(viewer.Http, $"/stream?topics={Topic}");
        await stream.Next();
        var ending = iot.Terminate();
        var end = await stream.Next();
        Assert.Equal(("end", "stopping"), (end.Name, (string)end.Data["code"]!));
        Assert.Null(await stream.Read());
        Assert.Equal(0, await ending);
    }

    [Fact]
    public async Task A_session_that_is_ended_elsewhere_ends_its_streams()
    {
        await using var iot = await IotProcess.Start();
        using var viewer = await IotClient.Administrator(iot);
        using var other = await IotClient.Administrator(iot);
        using var stream = await EventClient.Open(viewer.Http, $"/stream?topics={Topic}");
        await stream.Next();
        using (await other.Http.DeleteAsync(new Uri("/auth/sessions", UriKind.Relative)))
        {
        }

        var end = await stream.Next();
        Assert.Equal(("end", "revoked"), (end.Name, (string)end.Data["code"]!));
    }

    /// <summary>Until nobody listens any more.</summary>
    private static async Task Publish(IotProcess iot, string key, int life, List<string> acknowledged)
    {
        try
        {
            await using var device = await MqttDevice.Connect(iot.MqttPort, Device, key);
            for (var i = 0; iot.IsAlive; i += 20)
            {
                var batch = Enumerable.Range(i, 20).Select(n => string.Create(CultureInfo.InvariantCulture, $"life {life} reading {n}")).ToList();
                var reasons = await device.PublishAll(batch.Select(value => (Topic, value)));
                acknowledged.AddRange(batch.Where((_, n) => n < reasons.Count && reasons[n] == ReasonCode.Success));
            }
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or InvalidOperationException)
        {
            // It was killed.
        }
    }
}
