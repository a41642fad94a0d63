using System.Globalization;

namespace OrleansIoT.Gateway.Telemetry;

/// <summary>Instants as RFC 3339 section 5.6 writes them: date, time and offset, all of them.</summary>
internal static class Rfc3339
{
    private const int ShortestInstant = 20; // 2026-03-01T08:00:00Z
    private const int TickDigits = 7;       // a tick is 100 ns

    /// <summary>
    /// Reads an instant. A leap second is not an instant here, as it is none in .NET.
    /// </summary>
    /// <param name="text">What may be one.</param>
    /// <param name="instant">In UTC.</param>
    /// <param name="roundUp">
    /// What is finer than 100 ns is rounded up to the next one, so that a half-open range of such instants holds exactly the
    /// readings it would hold; else it is cut.
    /// </param>
    public static bool TryParse(ReadOnlySpan<char> text, out DateTimeOffset instant, bool roundUp = true)
    {
        instant = default;
        if (text.Length < ShortestInstant
            || !StartsLikeDate(text)
            || text[10] is not ('T' or 't') || text[13] != ':' || text[16] != ':'
            || !Number(text[..4], out var year) || !Number(text[5..7], out var month) || !Number(text[8..10], out var day)
            || !Number(text[11..13], out var hour) || !Number(text[14..16], out var minute) || !Number(text[17..19], out var second)
            || year < 1 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month)
            || hour > 23 || minute > 59 || second > 59)
        {
            return false;
        }

        var rest = text[19..];
        if (!Fraction(ref rest, roundUp, out var fraction) || !Offset(rest, out var offset))
        {
            return false;
        }

        var ticks = new DateTime(year, month, day, hour, minute, second, DateTimeKind.Utc).Ticks + fraction - offset.Ticks;
        if (ticks < 0 || ticks > DateTime.MaxValue.Ticks)
        {
            return false;
        }

        instant = new DateTimeOffset(ticks, TimeSpan.Zero);
        return true;
    }

    /// <summary>Whether somebody seems to have meant a date: four digits, two digits, two digits.</summary>
    public static bool StartsLikeDate(ReadOnlySpan<char> text) =>
        text.Length >= 10 && text[4] == '-' && text[7] == '-'
        && Number(text[..4], out _) && Number(text[5..7], out _) && Number(text[8..10], out _);

    private static bool Fraction(ref ReadOnlySpan<char> rest, bool roundUp, out long ticks)
    {
        ticks = 0;
        if (rest[0] != '.')
        {
            return true;
        }

        var length = rest[1..].IndexOfAnyExceptInRange('0', '9');
        if (length < 1)
        {
            return false;
        }

        var digits = rest.Slice(1, length);
        for (var i = 0; i < TickDigits; i++)
        {
            ticks = (ticks * 10) + (i < length ? digits[i] - '0' : 0);
        }

        if (roundUp && length > TickDigits && digits[TickDigits..].ContainsAnyExcept('0'))
        {
            ticks++;
        }

        rest = rest[(length + 1)..];
        return true;
    }

    private static bool Offset(ReadOnlySpan<char> text, out TimeSpan offset)
    {
        offset = default;
        if (text is "Z" or "z")
        {
            return true;
        }

        if (text is not ['+' or '-', _, _, ':', _, _]
            || !Number(text[1..3], out var hours) || !Number(text[4..6], out var minutes) || hours > 23 || minutes > 59)
        {
            return false;
        }

        offset = new TimeSpan(hours, minutes, 0);
        offset = text[0] == '-' ? -offset : offset;
        return true;
    }

    private static bool Number(ReadOnlySpan<char> digits, out int number) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
