using System.Globalization;
using System.Net;
using System.Net.Sockets;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Faults;

/// <summary>
/// A device that publishes numbered readings, each with its own time, and writes down which were acknowledged. What was
/// not, it publishes again, under a new packet identifier and without DUP.
/// </summary>
internal sealed class Ledger(string client)
{
    private const int InFlight = 50;

    private static readonly DateTimeOffset Begin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly SortedSet<int> _acknowledged = [];
    private int _sent;

    public string Topic { get; } = $"ledger/{client}";

    public int Acknowledged => _acknowledged.Count;

    /// <summary>What the server said of those that it refused.</summary>
    public List<ReasonCode> Refusals { get; } = [];

    /// <summary>Publishes over one connection, until so many more are acknowledged, or the connection ends.</summary>
    /// <returns>Whether they are.</returns>
    public async Task<bool> Publish(IotProcess iot, int count, MqttVersion version = MqttVersion.V500, int padding = 0)
    {
        try
        {
            await using var device = await Connect(iot, version);
            return await Publish(device, count, padding);
        }
        catch (Exception e) when (e is SocketException or IOException or InvalidOperationException)
        {
            return false; // nobody listens, or the connection was cut
        }
    }

    /// <summary>Publishes until all are acknowledged that were ever sent, and so many more.</summary>
    public async Task PublishUntilDone(IotProcess iot, int count)
    {
        for (var enough = Acknowledged + count; Acknowledged < enough;)
        {
            await Publish(iot, enough - Acknowledged);
        }
    }

    /// <returns>Whether so many were acknowledged; otherwise the connection has ended or something was refused.</returns>
    public async Task<bool> Publish(MqttDevice device, int count, int padding = 0)
    {
        var waiting = new Queue<int>(Enumerable.Range(1, _sent).Except(_acknowledged));
        var inFlight = new Dictionary<ushort, int>();
        var refused = false;
        for (var enough = Acknowledged + count; Acknowledged < enough && !(refused && inFlight.Count == 0);)
        {
            if (!refused && inFlight.Count < Math.Min(InFlight, enough - Acknowledged))
            {
                var number = waiting.TryDequeue(out var again) ? again : ++_sent;
                var message = device.Message(Topic, Payload(number, padding));
                inFlight.Add(message.PacketId, number);
                await device.Send(message);
            }
            else if (await device.Receive() is AckPacket ack && inFlight.Remove(ack.PacketId, out var number))
            {
                if (ack.Reason >= ReasonCode.UnspecifiedError)
                {
                    refused = true;
                    Refusals.Add(ack.Reason);
                }
                else
                {
                    _acknowledged.Add(number);
                }
            }
            else
            {
                return false;
            }
        }

        return !refused;
    }

    public async Task<MqttDevice> Connect(IotProcess iot, MqttVersion version = MqttVersion.V500)
    {
        var device = await MqttDevice.Dial(iot.MqttPort, version);
        var answer = await device.Connect(new ConnectPacket { Version = version, ClientId = client, CleanStart = true });
        return answer is { Reason: ReasonCode.Success } ? device : throw new InvalidOperationException("The server refused.");
    }

    /// <summary>What was acknowledged is there, nothing is there twice, and the numbers of the topic have no gap.</summary>
    /// <param name="iot">The product.</param>
    /// <param name="reader">Who has signed in while that could be stored; somebody who signs in now, if left out.</param>
    public async Task MustBeStored(IotProcess iot, IotClient? reader = null)
    {
        using var administrator = reader is null ? await IotClient.Administrator(iot) : null;
        if (_acknowledged.Count == 0 && (await (reader ?? administrator!).Get($"/iot/{Topic}/latest")).Status == HttpStatusCode.NotFound)
        {
            return; // it was killed before anything of this topic was stored
        }

        var readings = await (reader ?? administrator!).ReadAll(Topic, "2025-01-01T00:00:00Z", "2100-01-01T00:00:00Z");
        var numbers = readings.Select(reading => reading.GetProperty("value").GetProperty("n").GetInt32()).ToList();
        Assert.Empty(_acknowledged.Except(numbers));
        Assert.Equal(numbers.Distinct(), numbers);
        Assert.All(numbers, number => Assert.InRange(number, 1, _sent));
        Assert.Equal(
            Enumerable.Range(1, readings.Count).Select(seq => (long)seq),
            readings.Select(reading => reading.GetProperty("seq").GetInt64()).Order());
    }

    private static string Payload(int number, int padding) => string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"ts":"{{Begin.AddSeconds(number):yyyy-MM-dd'T'HH:mm:ss'Z'}}","n":{{number}},"pad":"{{new string('.', padding)}}"}""");
}
