namespace OrleansIoT.History.Chunks;

/// <summary>
/// A reading's event time in the ways that devices write it in RFC 3339: with none to seven digits of a second, in UTC as
/// <c>Z</c>, or with an offset of quarters of an hour. The form is a number: the digits, and eight times the zone.
/// </summary>
internal sealed class TimeText
{
    public const int Forms = Digits * (1 + (2 * (MaxQuarters + 1)));
    public const int MaxLength = 33;

    private const int Digits = 8;
    private const int MaxQuarters = 14 * 4;
    private const int DateLength = 11;
    private const int SecondsLength = 19;

    private static readonly long MaxTime = DateTime.MaxValue.Ticks;

    private readonly byte[] _text = new byte[MaxLength];
    private long _at = -1;
    private long _day = -1;
    private int _form = -1;
    private int _length;

    /// <summary>What the text begins with, if that is the time.</summary>
    /// <returns>The form, or -1.</returns>
    public static int FormOf(ReadOnlySpan<byte> text)
    {
        if (text.Length <= SecondsLength || text[4] != '-' || text[10] != 'T')
        {
            return -1;
        }

        var fraction = text[SecondsLength] == '.' ? text[(SecondsLength + 1)..].IndexOfAnyExceptInRange((byte)'0', (byte)'9') : 0;
        if (fraction is < 0 or > 7 || (fraction == 0 && text[SecondsLength] == '.'))
        {
            return -1;
        }

        var zone = text[(fraction == 0 ? SecondsLength : SecondsLength + 1 + fraction)..];
        return ZoneOf(zone) is >= 0 and var form ? (form * Digits) + fraction : -1;
    }

    public ReadOnlySpan<byte> Write(long at, int form)
    {
        if (at != _at || form != _form)
        {
            var quarters = QuartersOf(form / Digits);
            var local = Math.Clamp(at + (quarters * 15 * TimeSpan.TicksPerMinute), 0, MaxTime);
            WriteDate(local);
            WriteTime(local, form % Digits);
            WriteZone(form / Digits, quarters);
            (_at, _form) = (at, form);
        }

        return _text.AsSpan(0, _length);
    }

    private void WriteDate(long at)
    {
        var day = at / TimeSpan.TicksPerDay;
        if (day != _day)
        {
            var (year, month, dayOfMonth) = DateOnly.FromDayNumber((int)day);
            WriteTwo(0, year / 100);
            WriteTwo(2, year % 100);
            _text[4] = (byte)'-';
            WriteTwo(5, month);
            _text[7] = (byte)'-';
            WriteTwo(8, dayOfMonth);
            _text[10] = (byte)'T';
            _day = day;
        }
    }

    private void WriteTime(long at, int digits)
    {
        var seconds = (int)(at / TimeSpan.TicksPerSecond % 86_400);
        WriteTwo(DateLength, seconds / 3600);
        _text[13] = (byte)':';
        WriteTwo(14, seconds / 60 % 60);
        _text[16] = (byte)':';
        WriteTwo(17, seconds % 60);
        _length = SecondsLength;
        if (digits > 0)
        {
            _text[_length++] = (byte)'.';
        }

        var fraction = at % TimeSpan.TicksPerSecond;
        for (var unit = TimeSpan.TicksPerSecond / 10; digits > 0; unit /= 10, digits--)
        {
            _text[_length++] = (byte)('0' + (fraction / unit % 10));
        }
    }

    private void WriteZone(int zone, int quarters)
    {
        if (zone == 0)
        {
            _text[_length++] = (byte)'Z';
            return;
        }

        _text[_length] = (byte)(quarters < 0 ? '-' : '+');
        WriteTwo(_length + 1, Math.Abs(quarters) / 4);
        _text[_length + 3] = (byte)':';
        WriteTwo(_length + 4, Math.Abs(quarters) % 4 * 15);
        _length += 6;
    }

    /// <summary>0 for Z, then 1 for +00:00, and a number for each quarter of an hour before and behind it.</summary>
    private static int ZoneOf(ReadOnlySpan<byte> text)
    {
        if (text is [(byte)'Z', ..])
        {
            return 0;
        }

        if (text is not [(byte)'+' or (byte)'-', _, _, (byte)':', _, _, ..])
        {
            return -1;
        }

        var quarters = (4 * ReadTwo(text[1..])) + (ReadTwo(text[4..]) / 15);
        return quarters is < 0 or > MaxQuarters ? -1 : 1 + (2 * quarters) - (text[0] == '-' && quarters > 0 ? 1 : 0);
    }

    private static int QuartersOf(int zone) => zone % 2 == 1 ? zone / 2 : -zone / 2;

    /// <summary>Whether it really is a number shows when the text is compared.</summary>
    private static int ReadTwo(ReadOnlySpan<byte> text) => ((text[0] - '0') * 10) + text[1] - '0';

    private void WriteTwo(int position, int number)
    {
        _text[position] = (byte)('0' + (number / 10));
        _text[position + 1] = (byte)('0' + (number % 10));
    }
}
