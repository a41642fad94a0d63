using System.Globalization;
using System.Text;
using System.Text.Json;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.Failures;

namespace OrleansIoT.DeviceEdge.Telemetry;

/// <summary>
/// The time that a device gives its reading: the MQTT 5.0 user property <c>ts</c>, else the member <c>ts</c> of a
/// payload that is a JSON object. Either RFC 3339, or a number since 1970: below 1e11 in absolute value it counts
/// seconds (till the year 5138), from there on milliseconds (from 1973 on), both with fractions.
/// </summary>
internal static class EventTime
{
    private const decimal Milliseconds = 1e11m;
    private const decimal TooFine = 1e14m;

    /// <summary>Longer than any time with a fraction that anybody sends.</summary>
    private const int MaxLength = 64;

    private const string Rule = "ts is a time as in RFC 3339 with an offset (2026-01-31T12:00:00Z), or seconds or milliseconds since 1970.";

    /// <returns>The time, in UTC and to 100 ns, or null if the message has none.</returns>
    /// <exception cref="FailureException">Invalid: it has one that cannot be read, or two.</exception>
    public static DateTimeOffset? Of(Properties properties, ReadOnlySpan<byte> payload) =>
        (properties.IsEmpty ? null : OfProperty(properties)) ?? OfJson(payload);

    private static DateTimeOffset? OfProperty(Properties properties)
    {
        DateTimeOffset? found = null;
        foreach (var (name, value) in properties.UserProperties)
        {
            if (name == "ts")
            {
                var at = value.Length <= MaxLength ? Read(Encoding.UTF8.GetBytes(value)) : throw Invalid(Rule);
                found = found is null || found == at ? at : throw Invalid("The user property ts stands there twice, with different times.");
            }
        }

        return found;
    }

    /// <summary>A payload that is not one JSON object has no time of its own: it is just bytes.</summary>
    private static DateTimeOffset? OfJson(ReadOnlySpan<byte> payload)
    {
        var start = payload.IndexOfAnyExcept(" \t\r\n"u8);
        if (start < 0 || payload[start] != '{')
        {
            return null;
        }

        Span<byte> name = stackalloc byte[MaxLength];
        Span<byte> time = stackalloc byte[MaxLength];
        var length = -1;
        var count = 0;
        try
        {
            var json = new Utf8JsonReader(payload);
            json.Read();
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var isTime = Unescape(in json, name) == 2 && name[..2].SequenceEqual("ts"u8);
                json.Read();
                if (isTime && ++count == 1)
                {
                    length = json.TokenType is JsonTokenType.Number or JsonTokenType.String ? Unescape(in json, time) : -1;
                }

                json.Skip();
            }

            json.Read(); // what follows the object, if anything does, is an error
        }
        catch (JsonException)
        {
            return null;
        }

        return (count, length) switch
        {
            (0, _) => null,
            (1, >= 0) => Read(time[..length]),
            (1, _) => throw Invalid(Rule),
            _ => throw Invalid("The payload has ts twice."),
        };
    }

    /// <returns>The length of the token's text, or -1 if it is longer than a time is or no text at all.</returns>
    private static int Unescape(in Utf8JsonReader json, Span<byte> text)
    {
        if (json.ValueSpan.Length > text.Length)
        {
            return -1;
        }

        if (!json.ValueIsEscaped)
        {
            json.ValueSpan.CopyTo(text);
            return json.ValueSpan.Length;
        }

        try
        {
            return json.CopyString(text);
        }
        catch (InvalidOperationException)
        {
            return -1; // JSON may have half a surrogate pair, as \ud800; text may not
        }
    }

    private static DateTimeOffset Read(ReadOnlySpan<byte> text) =>
        text.Length > 10 && text[4] == '-' && text[7] == '-' ? ReadRfc3339(text) : ReadNumber(text);

    private static DateTimeOffset ReadNumber(ReadOnlySpan<byte> text)
    {
        const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        if (!decimal.TryParse(text, Style, CultureInfo.InvariantCulture, out var number))
        {
            throw Invalid(Rule);
        }

        var size = Math.Abs(number);
        if (size >= TooFine)
        {
            throw Invalid("ts has too many digits for milliseconds since 1970; microseconds and nanoseconds are not understood.");
        }

        var ticks = decimal.Floor(number * (size < Milliseconds ? TimeSpan.TicksPerSecond : TimeSpan.TicksPerMillisecond));
        return InRange((long)ticks + DateTime.UnixEpoch.Ticks);
    }

    /// <summary>RFC 3339 section 5.6; its letters may be small, its fraction as long as it likes (what is finer than 100 ns is cut).</summary>
    private static DateTimeOffset ReadRfc3339(ReadOnlySpan<byte> text)
    {
        var rest = text;
        var year = Digits(ref rest, 4);
        Expect(ref rest, "-"u8);
        var month = Digits(ref rest, 2);
        Expect(ref rest, "-"u8);
        var day = Digits(ref rest, 2);
        Expect(ref rest, "Tt"u8);
        var hour = Digits(ref rest, 2);
        Expect(ref rest, ":"u8);
        var minute = Digits(ref rest, 2);
        Expect(ref rest, ":"u8);
        var second = Digits(ref rest, 2);
        var fraction = Fraction(ref rest);
        var offset = Offset(ref rest);
        if (second == 60)
        {
            throw Invalid("ts is in a leap second, which is not understood; send second 59.");
        }

        if (!rest.IsEmpty || year == 0 || month is 0 or > 12 || day == 0 || day > DateTime.DaysInMonth(year, month)
            || hour > 23 || minute > 59 || second > 59)
        {
            throw Invalid(Rule);
        }

        return InRange(new DateTime(year, month, day, hour, minute, second).Ticks + fraction - offset);
    }

    private static long Fraction(ref ReadOnlySpan<byte> rest)
    {
        if (rest.IsEmpty || rest[0] != '.')
        {
            return 0;
        }

        rest = rest[1..];
        var length = rest.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        if (length is 0 or -1)
        {
            throw Invalid(Rule);
        }

        long ticks = 0;
        for (var i = 0; i < 7; i++)
        {
            ticks = (ticks * 10) + (i < length ? rest[i] - '0' : 0);
        }

        rest = rest[length..];
        return ticks;
    }

    private static long Offset(ref ReadOnlySpan<byte> rest)
    {
        var sign = rest.IsEmpty ? (byte)0 : rest[0];
        rest = rest.IsEmpty ? rest : rest[1..];
        if (sign is (byte)'Z' or (byte)'z')
        {
            return 0;
        }

        if (sign is not ((byte)'+' or (byte)'-'))
        {
            throw Invalid(Rule);
        }

        var hours = Digits(ref rest, 2);
        Expect(ref rest, ":"u8);
        var minutes = Digits(ref rest, 2);
        if (hours > 23 || minutes > 59)
        {
            throw Invalid(Rule);
        }

        return ((hours * TimeSpan.TicksPerHour) + (minutes * TimeSpan.TicksPerMinute)) * (sign == '-' ? -1 : 1);
    }

    private static int Digits(ref ReadOnlySpan<byte> rest, int count)
    {
        var value = 0;
        for (var i = 0; i < count; i++)
        {
            value = i < rest.Length && char.IsAsciiDigit((char)rest[i]) ? (value * 10) + rest[i] - '0' : throw Invalid(Rule);
        }

        rest = rest[count..];
        return value;
    }

    private static void Expect(ref ReadOnlySpan<byte> rest, ReadOnlySpan<byte> anyOf)
    {
        if (rest.IsEmpty || !anyOf.Contains(rest[0]))
        {
            throw Invalid(Rule);
        }

        rest = rest[1..];
    }

    private static DateTimeOffset InRange(long ticks) =>
        ticks >= DateTime.MinValue.Ticks && ticks <= DateTime.MaxValue.Ticks
            ? new DateTimeOffset(ticks, TimeSpan.Zero)
            : throw Invalid("ts is not in the years 1 to 9999.");

    private static FailureException Invalid(string message) => new(Failure.Invalid, message);
}
