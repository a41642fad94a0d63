using System.Globalization;
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
