using System.Globalization;
using System.Text.Json;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests;

/// <summary>A real series of readings, read where the sample data lie: beside the repository, in <c>shared/data</c>.</summary>
public sealed record SensorSeries(string Name, IReadOnlyList<(DateTimeOffset At, string Value)> Readings)
{
    public static readonly SensorSeries AmbientTemperature = Read("ambient_temperature");
    public static readonly SensorSeries MachineTemperature = Read("machine_temperature");

    /// <summary>Each reading as the JSON text that a device sends.</summary>
    public IEnumerable<string> Payloads => Readings.Select(Payload);

    public static string Payload((DateTimeOffset At, string Value) reading) =>
        $$"""{"ts":"{{reading.At:yyyy-MM-dd'T'HH:mm:ss'Z'}}","value":{{reading.Value}}}""";

    /// <summary>A topic has exactly these readings, as they were sent, in its order and numbered from 1.</summary>
    public async Task MustBeAll(int count, IotClient user, string topic)
    {
        var readings = await user.ReadAll(topic, "2013-01-01T00:00:00Z", "2015-01-01T00:00:00Z");
        Assert.Equal(count, readings.Count);
        Assert.Equal(Sorted(Payloads), Sorted(readings.Select(reading => reading.GetProperty("value").GetRawText())));
        Assert.Equal(Enumerable.Range(1, count).Select(i => (long)i), readings.Select(Seq).Order());
        Assert.Equal(readings.Select(Position).Order(), readings.Select(Position));
    }

    private static IEnumerable<string> Sorted(IEnumerable<string> values) => values.Order(StringComparer.Ordinal);

    private static long Seq(JsonElement reading) => reading.GetProperty("seq").GetInt64();

    private static (DateTimeOffset, long) Position(JsonElement reading) =>
        (reading.GetProperty("date").GetDateTimeOffset(), Seq(reading));

    private static SensorSeries Read(string name)
    {
        var file = Path.Combine(Repository.Root, "..", "shared", "data", name + ".csv");
        Assert.True(File.Exists(file), $"The sample data are missing: {file}");
        return new SensorSeries(name, [.. File.ReadLines(file).Skip(1).Select(line => line.Split(',')).Select(columns => (
            DateTimeOffset.ParseExact(
                columns[0], "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal),
            columns[1]))]);
    }
}
