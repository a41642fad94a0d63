using System.Globalization;

namespace OrleansIoT.Silo.Demo;

/// <summary>
/// One simulated device: a water meter, a climate logger or a tracker, by its number. It measures while it sleeps, sends
/// what it has when it wakes, and keeps what was not acknowledged.
/// </summary>
public sealed class DemoDevice
{
    private const int Kinds = 3;

    private readonly Random _random;
    private readonly TimeProvider _clock;
    private readonly int _kind;
    private readonly TimeSpan _rhythm;
    private readonly double _phase;
    private readonly List<DemoReading> _kept = [];
    private bool _hasSlept;
    private double _litres;
    private double _drift;
    private double _latitude = 38.72;
    private double _longitude = -9.14;

    /// <param name="number">From 1; the same number is the same device at every start.</param>
    /// <param name="clock">What it takes its times from.</param>
    public DemoDevice(int number, TimeProvider clock)
    {
        _clock = clock;
        _random = new Random(number);
        _kind = number % Kinds;
        (Id, Name) = _kind switch
        {
            0 => ($"demo-tracker-{number}", $"Tracker {number}"),
            1 => ($"demo-meter-{number}", $"Water meter {number}"),
            _ => ($"demo-climate-{number}", $"Climate logger {number}"),
        };
        _rhythm = TimeSpan.FromSeconds(_random.Next(5, 60));
        _phase = _random.NextDouble();
        _litres = _random.Next(10_000, 900_000);
    }

    public string Id { get; }

    public string Name { get; }

    /// <summary>One that it publishes to.</summary>
    public string Topic => TopicOf(_kind switch { 0 => "position", 1 => "litres", _ => "temperature" });

    /// <summary>Until the next time it wakes; the first time comes soon, so that there is something to see.</summary>
    public TimeSpan NextSleep()
    {
        var sleep = _hasSlept ? _rhythm * (0.9 + (0.2 * _random.NextDouble())) : TimeSpan.FromSeconds(5 * _random.NextDouble());
        _hasSlept = true;
        return sleep;
    }

    /// <summary>What it has to send: what it kept, and what it measures now.</summary>
    public DemoBatch Measure()
    {
        var now = _clock.GetUtcNow();
        var at = now.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        _kept.AddRange(_kind switch
        {
            0 => [Position(at)],
            1 => [Consumption(at, now)],
            _ => new[] { Temperature(at, now), Humidity(at, now) },
        });
        return new DemoBatch([.. _kept], _kept.Clear);
    }

    /// <summary>From 0 at night to 1 in the afternoon.</summary>
    private double Daylight(DateTimeOffset now) => 0.5 - (0.5 * Math.Cos(2 * Math.PI * ((now.TimeOfDay.TotalDays - 0.1 + (_phase / 24)) % 1)));

    private DemoReading Consumption(string at, DateTimeOffset now)
    {
        var tapIsOpen = _random.NextDouble() < 0.1 + (0.5 * Daylight(now));
        _litres += tapIsOpen ? _rhythm.TotalMinutes * 10 * _random.NextDouble() : 0;
        return Reading("litres", at, Number(_litres, 1));
    }

    private DemoReading Temperature(string at, DateTimeOffset now)
    {
        _drift = (0.95 * _drift) + (_random.NextDouble() - 0.5);
        return Reading("temperature", at, Number(14 + (10 * Daylight(now)) + (4 * _phase) + _drift, 2));
    }

    private DemoReading Humidity(string at, DateTimeOffset now) =>
        Reading("humidity", at, Number(70 - (25 * Daylight(now)) + (5 * _random.NextDouble()), 1));

    private DemoReading Position(string at)
    {
        _latitude += 0.002 * (_random.NextDouble() - 0.5);
        _longitude += 0.002 * (_random.NextDouble() - 0.5);
        return Reading("position", at, $$"""{"lat":{{Number(_latitude, 5)}},"lon":{{Number(_longitude, 5)}}}""");
    }

    private DemoReading Reading(string what, string at, string value) =>
        new(TopicOf(what), $$"""{"ts":"{{at}}","value":{{value}}}""");

    private string TopicOf(string what) => $"devices/{Id}/{what}";

    private static string Number(double value, int digits) =>
        Math.Round(value, digits).ToString(CultureInfo.InvariantCulture);
}

public readonly record struct DemoReading(string Topic, string Payload);

/// <param name="Readings">Oldest first.</param>
/// <param name="Acknowledged">To be called when all of them are, and only then.</param>
public sealed record DemoBatch(IReadOnlyList<DemoReading> Readings, Action Acknowledged);
