namespace OrleansIoT.History.Chunks;

/// <summary>
/// Numbers as most devices write them, <c>-?(0|[1-9]\d*)(\.\d+)?</c> with at most 18 digits: a mantissa and how many of its
/// digits are behind the point, which give the same text again. Minus zero is not one of them.
/// </summary>
internal static class Decimals
{
    public const int MaxDigits = 18;
    public const int MaxScale = 18;

    /// <summary>No text is longer: sign, 19 digits, point and a zero before it.</summary>
    public const int MaxLength = 22;

    public static readonly long[] PowersOfTen = [.. Enumerable.Range(0, MaxScale + 1).Select(PowerOfTen)];

    /// <summary>Reads the longest number at the start.</summary>
    /// <returns>How many bytes it has; 0 when there is none.</returns>
    public static int Read(ReadOnlySpan<byte> text, out long mantissa, out int scale)
    {
        var isNegative = text is [(byte)'-', ..];
        var start = isNegative ? 1 : 0;
        mantissa = 0;
        scale = 0;
        var position = ReadDigits(text, start, ref mantissa);
        var digits = position - start;
        if (digits == 0 || (digits > 1 && text[start] == '0'))
        {
            return 0;
        }

        if (position < text.Length && text[position] == '.')
        {
            scale = ReadDigits(text, position + 1, ref mantissa) - position - 1;
            position += scale > 0 ? scale + 1 : 0;
        }

        if (digits + scale > MaxDigits || (isNegative && mantissa == 0))
        {
            return 0;
        }

        mantissa = isNegative ? -mantissa : mantissa;
        return position;
    }

    /// <param name="text">At least <see cref="MaxLength"/> long.</param>
    public static int Write(long mantissa, int scale, Span<byte> text)
    {
        Span<byte> digits = stackalloc byte[MaxLength];
        var start = digits.Length;
        var rest = mantissa < 0 ? 0 - (ulong)mantissa : (ulong)mantissa;
        for (var i = 0; rest > 0 || i <= scale; i++)
        {
            if (i == scale && scale > 0)
            {
                digits[--start] = (byte)'.';
            }

            (rest, var digit) = Math.DivRem(rest, 10UL);
            digits[--start] = (byte)('0' + digit);
        }

        if (mantissa < 0)
        {
            digits[--start] = (byte)'-';
        }

        digits[start..].CopyTo(text);
        return digits.Length - start;
    }

    public static int CountDigits(long mantissa)
    {
        var digits = 1;
        while (digits < MaxDigits && Math.Abs(mantissa) >= PowersOfTen[digits])
        {
            digits++;
        }

        return digits;
    }

    private static int ReadDigits(ReadOnlySpan<byte> text, int position, ref long mantissa)
    {
        var value = mantissa;
        while (position < text.Length && (uint)(text[position] - '0') <= 9)
        {
            value = (value * 10) + (text[position++] - '0');
        }

        mantissa = value;
        return position;
    }

    private static long PowerOfTen(int exponent) => exponent == 0 ? 1 : 10 * PowerOfTen(exponent - 1);
}
