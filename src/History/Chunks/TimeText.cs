namespace OrleansIoT.History.Chunks;

/// <summary>
/// A reading's event time in the ways that devices write it in RFC 3339: in UTC, with none to seven digits of a second,
/// as <c>Z</c> or <c>+00:00</c>. Which of them it is, is a number from 0 to 15.
/// </summary>
internal sealed class TimeText
{
    public const int Forms = 2 * FormsOfZone;
    public const int MaxLength = 33;

    private const int FormsOfZone = 8;
    private const int DateLength = 11;
    private const int SecondsLength = 19;

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
        return zone is [(byte)'Z', ..] ? fraction
            : zone.StartsWith("+00:00"u8) ? FormsOfZone + fraction
            : -1;
    }

    public ReadOnlySpan<byte> Write(long at, int form)
    {
        if (at != _at || form != _form)
        {
            WriteDate(at);
            WriteTime(at, form);
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

    private void WriteTime(long at, int form)
    {
        var seconds = (int)(at / TimeSpan.TicksPerSecond % 86_400);
        WriteTwo(DateLength, seconds / 3600);
        _text[13] = (byte)':';
        WriteTwo(14, seconds / 60 % 60);
        _text[16] = (byte)':';
        WriteTwo(17, seconds % 60);
        _length = SecondsLength;
        if (form % FormsOfZone is > 0 and var digits)
        {
            var fraction = at % TimeSpan.TicksPerSecond;
            _text[_length++] = (byte)'.';
            for (var unit = TimeSpan.TicksPerSecond / 10; digits > 0; unit /= 10, digits--)
            {
                _text[_length++] = (byte)('0' + (fraction / unit % 10));
            }
        }

        var zone = form < FormsOfZone ? "Z"u8 : "+00:00"u8;
        zone.CopyTo(_text.AsSpan(_length));
        _length += zone.Length;
    }

    private void WriteTwo(int position, int number)
    {
        _text[position] = (byte)('0' + (number / 10));
        _text[position + 1] = (byte)('0' + (number % 10));
    }
}
