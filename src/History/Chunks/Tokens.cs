using System.Buffers;

namespace OrleansIoT.History.Chunks;

/// <summary>
/// Finds out what of a payload changes from reading to reading: numbers and the event time, where they are a token of their
/// own or the whole of a JSON string. Names of members stay as they are, so that what a path leads to depends on the template
/// only. Anything doubtful is literal, and so this need not be JSON.
/// </summary>
internal static class Tokens
{
    private static readonly SearchValues<byte> Token = SearchValues.Create([
        .. Enumerable.Range(0, 256).Select(b => (byte)b).Where(b => b >= 0x80 || char.IsAsciiLetterOrDigit((char)b) || "+-._"u8.Contains(b)),
    ]);

    /// <summary>Writes the <see cref="Template"/> of a payload, and its numbers.</summary>
    /// <returns>How many numbers.</returns>
    public static int Split(
        ReadOnlySpan<byte> payload, long at, TimeText time, ByteWriter template, Span<long> mantissas, Span<byte> scales)
    {
        var (literal, numbers, slots) = (0, 0, 0);
        for (var position = 0; position < payload.Length && slots < Template.MaxSlots;)
        {
            var (start, end) = Next(payload, position, out var isString);
            position = isString ? end + 1 : end;
            if (start == end || (payload[start] != '-' && !char.IsAsciiDigit((char)payload[start]))
                || (isString && IsName(payload[position..])))
            {
                continue;
            }

            var (kind, length) = (Template.Number, 0);
            var form = TimeText.FormOf(payload[start..]);
            if (form >= 0 && time.Write(at, form) is var text && payload[start..].StartsWith(text))
            {
                (kind, length) = (Template.Time + form, text.Length);
            }
            else if (Decimals.Read(payload[start..end], out mantissas[numbers], out var scale) is > 0 and var digits)
            {
                length = digits;
                scales[numbers] = (byte)scale;
            }

            if (length == 0 || (length != end - start && (isString || kind == Template.Number)))
            {
                continue;
            }

            WritePart(template, payload[literal..start], kind);
            literal = start + length;
            position = Math.Max(position, literal);
            numbers += kind == Template.Number ? 1 : 0;
            slots++;
        }

        WritePart(template, payload[literal..], Template.End);
        return numbers;
    }

    /// <summary>The next token, or what is between the next two quotation marks.</summary>
    private static (int Start, int End) Next(ReadOnlySpan<byte> payload, int position, out bool isString)
    {
        isString = payload[position] == '"';
        if (!isString)
        {
            var length = payload[position..].IndexOfAnyExcept(Token);
            return length < 0 ? (position, payload.Length)
                : length > 0 ? (position, position + length)
                : (position + 1, position + 1);
        }

        var end = position + 1;
        while (payload[end..].IndexOfAny((byte)'"', (byte)'\\') is >= 0 and var next)
        {
            end += next;
            if (payload[end] == '"')
            {
                return (position + 1, end);
            }

            end = Math.Min(end + 2, payload.Length);
        }

        return (payload.Length, payload.Length);
    }

    private static bool IsName(ReadOnlySpan<byte> rest) => rest.TrimStart(" \t\r\n"u8) is [(byte)':', ..];

    private static void WritePart(ByteWriter template, ReadOnlySpan<byte> literal, int kind)
    {
        template.Number((ulong)literal.Length);
        template.Bytes(literal);
        template.Number((ulong)kind);
    }
}
