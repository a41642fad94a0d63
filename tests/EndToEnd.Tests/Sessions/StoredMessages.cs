using System.Text.Json;

namespace OrleansIoT.EndToEnd.Tests.Sessions;

/// <summary>The history of a topic as the product's REST interface gives it.</summary>
internal static class StoredMessages
{
    /// <summary>The messages of a topic in the order in which they were stored, whose numbers must have no gap.</summary>
    public static async Task<List<JsonElement>> Read(IotProcess iot, string topic)
    {
        using var administrator = await IotClient.Administrator(iot);
        var readings = await administrator.ReadAll(topic, "2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z");
        readings = [.. readings.OrderBy(Seq)];
        Assert.Equal(Enumerable.Range(1, readings.Count).Select(i => (long)i), readings.Select(Seq));
        return [.. readings.Select(reading => reading.GetProperty("value"))];
    }

    private static long Seq(JsonElement reading) => reading.GetProperty("seq").GetInt64();
}
