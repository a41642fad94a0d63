using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace OrleansIoT.Gateway.Telemetry;

/// <summary>
/// Writes records as RFC 4180 says. A cell that a spreadsheet would take for a formula gets a <c>'</c> in front (OWASP, CSV
/// injection), unless it is a plain number: payloads come from devices, and who opens a file trusts it.
/// </summary>
/// <param name="output">Where it goes.</param>
/// <param name="zone">By whose clock times are written, in the form that spreadsheets take for a time; null for RFC 3339.</param>
internal sealed class CsvWriter(IBufferWriter<byte> output, TimeZoneInfo? zone = null)
{
    private static readonly SearchValues<byte> Quoted = SearchValues.Create("\",;\t\r\n"u8);

    private bool _isFirst = true;

    public void Header(string names)
    {
        output.Write(Encoding.ASCII.GetBytes(names));
        EndRecord();
    }

    /// <summary>As the JSON answers have it: in UTC, with as many digits of a second as there are. Of a zone's clock with milliseconds.</summary>
    public void Cell(DateTimeOffset instant)
    {
        BeginCell();
        if (zone is not null)
        {
            TimeZoneInfo.ConvertTime(instant, zone)
                .TryFormat(output.GetSpan(32), out var written, "yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture);
            output.Advance(written);
            return;
        }

        var text = output.GetSpan(32);
        Utf8Formatter.TryFormat(instant.UtcDateTime, text, out var length, 'O');
        var kept = text[..(length - 1)].TrimEnd((byte)'0').TrimEnd((byte)'.').Length;
        kept = Math.Max(kept, "2026-03-01T08:15:00".Length);
        text[kept] = (byte)'Z';
        output.Advance(kept + 1);
    }

    public void Cell(long number)
    {
        BeginCell();
        Utf8Formatter.TryFormat(number, output.GetSpan(20), out var length);
        output.Advance(length);
    }

    /// <summary>The shortest digits that mean this number; empty when it is beyond what a double holds.</summary>
    public void Cell(double number)
    {
        BeginCell();
        if (double.IsFinite(number))
        {
            Utf8Formatter.TryFormat(number, output.GetSpan(32), out var length);
            output.Advance(length);
        }
    }

    /// <summary>The characters of a number as they were sent.</summary>
    public void Digits(ReadOnlySpan<byte> number)
    {
        BeginCell();
        output.Write(number);
    }

    public void Cell(string text) => Text(Encoding.UTF8.GetBytes(text));

    /// <summary>The bytes as they are if they are UTF-8, so a number digit for digit; else <c>{"base64": …}</c> as in JSON.</summary>
    public void Payload(ReadOnlySpan<byte> payload)
    {
        if (Utf8.IsValid(payload))
        {
            Text(payload);
        }
        else
        {
            Text(Encoding.ASCII.GetBytes($$"""{"base64":"{{Convert.ToBase64String(payload)}}"}"""));
        }
    }

    public void EndRecord()
    {
        output.Write("\r\n"u8);
        _isFirst = true;
    }

    private void Text(ReadOnlySpan<byte> text)
    {
        BeginCell();
        var guard = text is [(byte)'=' or (byte)'+' or (byte)'-' or (byte)'@' or (byte)'\t' or (byte)'\r' or (byte)'\n', ..] && !IsNumber(text);
        var quote = text.ContainsAny(Quoted) || text is [(byte)' ', ..] or [.., (byte)' '];
        if (quote)
        {
            output.Write("\""u8);
        }

        if (guard)
        {
            output.Write("'"u8);
        }

        for (var at = quote ? text.IndexOf((byte)'"') : -1; at >= 0; at = text.IndexOf((byte)'"'))
        {
            output.Write(text[..(at + 1)]);
            output.Write("\""u8);
            text = text[(at + 1)..];
        }

        output.Write(text);
        if (quote)
        {
            output.Write("\""u8);
        }
    }

    private void BeginCell()
    {
        if (!_isFirst)
        {
            output.Write(","u8);
        }

        _isFirst = false;
    }

    /// <summary>A sign, digits, a fraction, an exponent; nothing that could be calculated.</summary>
    private static bool IsNumber(ReadOnlySpan<byte> text)
    {
        text = text is [(byte)'-' or (byte)'+', ..] ? text[1..] : text;
        if (!Digits(ref text) || (text is [(byte)'.', .. var fraction] && !Digits(ref fraction, ref text)))
        {
            return false;
        }

        if (text is not [(byte)'e' or (byte)'E', .. var exponent])
        {
            return text.IsEmpty;
        }

        exponent = exponent is [(byte)'-' or (byte)'+', ..] ? exponent[1..] : exponent;
        return Digits(ref exponent) && exponent.IsEmpty;
    }

    private static bool Digits(ref ReadOnlySpan<byte> text)
    {
        var length = text.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        length = length < 0 ? text.Length : length;
        text = text[length..];
        return length > 0;
    }

    private static bool Digits(ref ReadOnlySpan<byte> digits, ref ReadOnlySpan<byte> rest)
    {
        var isThere = Digits(ref digits);
        rest = digits;
        return isThere;
    }
}
