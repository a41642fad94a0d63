using System.Globalization;
using System.Text;
using OrleansIoT.History.Chunks;

namespace OrleansIoT.History.Tests.Chunks;

/// <summary>Readings of all sorts, the same for the same seed.</summary>
internal sealed class SampleReadings(int seed)
{
    private static readonly string[] Numbers =
    [
        "0", "-0", "0.0", "-0.0", "-0.00", "1", "-1", "10", "1e5", "1E-7", "00012", "+5", "0.10", "5.", ".5", "-.5", "--1", "1.5.2",
        "123456789012345678", "1234567890123456789", "0.12345678901234567", "0.123456789012345678", "9007199254740993",
        "-123456789.123456789", "4503599627370496.5", "4503599627370497.5", "2251799813685248.25", "74.93588199999998", "73.96732207", "1386018900", "1386018900123", "21.5C", "5-3", "NaN", "null",
    ];

    private readonly Random _random = new(seed);

    /// <summary>Random everything, sorted by time and number, with times that occur twice.</summary>
    public StoredReading[] Next(int count)
    {
        var (times, payloads) = (_random.Next(5), _random.Next(9));
        var readings = new StoredReading[count];
        var last = Time(times, 0);
        for (var i = 0; i < count; i++)
        {
            last = i > 0 && _random.Next(8) == 0 ? last : Time(times, i);
            readings[i] = new StoredReading(
                last,
                i + 1,
                _random.Next(3) == 0 ? last : _random.NextInt64(DateTime.MaxValue.Ticks + 1),
                _random.Next(1, 4),
                _random.Next(2) == 0 ? 0 : _random.NextInt64(long.MinValue, long.MaxValue),
                (ushort)_random.Next(ushort.MaxValue + 1),
                _random.Next(2) == 0,
                _random.Next(9) == 0,
                Payload(payloads, last, i));
        }

        Array.Sort(readings, static (a, b) => (a.At, a.Seq).CompareTo((b.At, b.Seq)));
        return readings;
    }

    /// <summary>One reading every five minutes, with a number and its own time in JSON.</summary>
    public StoredReading[] Regular(int count)
    {
        var start = new DateTime(2013, 12, 2, 21, 15, 0, DateTimeKind.Utc);
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            var at = start.AddMinutes(5 * i);
            var value = Math.Round(20 + (5 * Math.Sin(i / 50.0)) + _random.NextDouble(), 2);
            return new StoredReading(
                at.Ticks, i + 1, at.Ticks + _random.Next(200_000), 7, 0, (ushort)(1 + (i % 1000)), true, false,
                Utf8($$"""{"ts":"{{at:yyyy-MM-dd'T'HH:mm:ss'Z'}}","value":{{value.ToString(CultureInfo.InvariantCulture)}}}"""));
        })];
    }

    /// <summary>
    /// As a real machine's temperature was published: a number that is never the same twice, sometimes with the digits that a
    /// computation left, gaps, and the jitter of a network.
    /// </summary>
    public StoredReading[] Noisy(int count)
    {
        var at = new DateTime(2013, 12, 2, 21, 15, 0, DateTimeKind.Utc);
        var value = 80.0;
        var readings = new StoredReading[count];
        for (var i = 0; i < count; i++)
        {
            at = at.AddMinutes(_random.Next(200) == 0 ? 60 : 5);
            value += (_random.NextDouble() * 3) - 1.5 - ((value - 80) / 20);
            var text = value.ToString("F8", CultureInfo.InvariantCulture) + (_random.Next(20) == 0 ? "199998" : "");
            readings[i] = new StoredReading(
                at.Ticks, i + 1, at.Ticks + 500_000 + _random.Next(50_000), 17, 0, (ushort)(1 + (i % ushort.MaxValue)), true, false,
                Utf8($$"""{"ts":"{{at:yyyy-MM-dd'T'HH:mm:ss'Z'}}","value":{{text.TrimEnd('0')}}}"""));
        }

        return readings;
    }

    /// <summary>Payloads that are numbers with so many digits that not each is a double.</summary>
    public StoredReading[] LongNumbers(int count) => [.. Enumerable.Range(1, count).Select(i =>
    {
        var digits = _random.NextInt64(100_000_000_000_000_000).ToString("D17", CultureInfo.InvariantCulture);
        var point = _random.Next(1, 18);
        return new StoredReading(
            i, i, i, 1, 0, 0, false, false, Utf8($"{_random.Next(1, 10)}{digits[..point]}.{digits[point..]}".TrimEnd('.')));
    })];

    private long Time(int kind, int i) => kind switch
    {
        0 => _random.NextInt64(DateTime.MaxValue.Ticks + 1),
        1 => _random.Next(2) == 0 ? 0 : DateTime.MaxValue.Ticks,
        2 => new DateTime(2024, 2, 28).Ticks + (i * TimeSpan.TicksPerMinute),
        3 => new DateTime(1999, 12, 31).Ticks + _random.NextInt64(TimeSpan.TicksPerDay),
        _ => new DateTime(2024, 1, 1).Ticks + (i * TimeSpan.TicksPerSecond * _random.Next(1, 3)),
    };

    private byte[] Payload(int kind, long at, int i) => kind switch
    {
        0 => Bytes(_random.Next(60)),
        1 => Utf8(Number()),
        2 => Utf8($$"""{"ts":"{{TimeText(at)}}","value":{{Number()}}}"""),
        3 => Utf8($$"""{"ts":"{{TimeText(at)}}", "a":{"b":{{Number()}},"value":3}, "s":"{{Number()}}","value" : {{Decimal()}}, "ts":{{Number()}}}"""),
        4 => Utf8($$"""{"{{_random.Next(3)}}":{{Decimal()}},"{{TimeText(at)}}":1,"x \" {{_random.Next(3)}} ":{{_random.Next(3)}},"a":[{{i}},{{Number()}}],"value":1.50}"""),
        5 => Utf8($"{TimeText(at)};{Decimal()},{Decimal()}{(_random.Next(9) == 0 ? "\"" : "")}\n"),
        6 => _random.Next(3) == 0 ? [] : Utf8(_random.Next(2) == 0 ? "on" : "off"),
        7 => Payload(_random.Next(7), at, i),
        _ => Utf8($$"""{"value":{{Decimal()}},"unit":"C","device":"sensor-12","seq":{{i}}}"""),
    };

    private string Number() => _random.Next(3) == 0 ? Numbers[_random.Next(Numbers.Length)] : Decimal();

    private string Decimal() => _random.Next(5) switch
    {
        0 => _random.Next(-1000, 1000).ToString(CultureInfo.InvariantCulture),
        1 => _random.NextDouble().ToString(CultureInfo.InvariantCulture),
        2 => (_random.NextDouble() * 1e6).ToString("F3", CultureInfo.InvariantCulture),
        3 => _random.NextInt64(long.MinValue, long.MaxValue).ToString(CultureInfo.InvariantCulture),
        _ => Math.Round(_random.NextDouble() * 100, _random.Next(4)).ToString(CultureInfo.InvariantCulture),
    };

    private string TimeText(long at)
    {
        var utc = new DateTime(_random.Next(9) == 0 ? at / 2 : at, DateTimeKind.Utc);
        return _random.Next(7) switch
        {
            0 => utc.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture),
            1 => utc.ToString("yyyy-MM-dd'T'HH:mm:ss'+00:00'", CultureInfo.InvariantCulture),
            2 => utc.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'+00:00'", CultureInfo.InvariantCulture),
            3 => utc.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture),
            4 => utc.ToString("yyyy-MM-dd'T'HH:mm:ss.f'+02:00'", CultureInfo.InvariantCulture),
            5 => Local(utc, TimeSpan.FromMinutes(_random.Next(-56, 57) * 15)).ToString("yyyy-MM-dd'T'HH:mm:ss.ffffffzzz", CultureInfo.InvariantCulture),
            _ => utc.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        };
    }

    private static DateTimeOffset Local(DateTime utc, TimeSpan offset) =>
        utc.Year is 1 or 9999 ? new DateTimeOffset(utc) : new DateTimeOffset(utc).ToOffset(offset);

    private byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        _random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
