using System.Text.Json;
using OrleansIoT.Faults.Recording;

namespace OrleansIoT.Faults.Workload;

/// <summary>Asks for the latest readings of devices, each of which must be no older than the last that was acknowledged; and for ranges.</summary>
internal sealed class Reader(Api api, Ledger ledger, IReadOnlyList<Device> devices, int seed)
{
    private readonly Random _random = new(seed);

    public async Task Run(TimeSpan period, CancellationToken stopping)
    {
        try
        {
            while (true)
            {
                await Task.Delay(period * (0.5 + _random.NextDouble()), stopping);
                var device = devices[_random.Next(devices.Count)];
                if (_random.Next(5) == 0)
                {
                    await api.Ask(HttpMethod.Get, $"/iot/{device.Readings}/2000-01-01T00:00:00Z/2100-01-01T00:00:00Z?limit=50", mayBeMissing: true);
                }
                else
                {
                    await LookAt(device);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // told to stop
        }
    }

    private async Task LookAt(Device device)
    {
        var atLeast = device.Acknowledged;
        if (atLeast == 0)
        {
            return; // nothing is there yet
        }

        var look = ledger.Begin(new Look(device.Readings, atLeast, null) { Client = "reader" });
        var (status, body) = await api.Ask(HttpMethod.Get, $"/iot/{device.Readings}/latest", mayBeMissing: true); // which C1r judges
        ledger.End<Look>(
            look,
            status == 200 ? Outcome.Ok : status == 404 ? Outcome.Fail : Outcome.Info,
            ended => ended with { Seen = status == 200 ? NumberOf(body) : null });
    }

    private static long? NumberOf(JsonElement body) =>
        body.GetProperty("data").EnumerateArray().Select(reading => Payload.Read(reading.GetProperty("value"))?.Message.Number).FirstOrDefault();
}
