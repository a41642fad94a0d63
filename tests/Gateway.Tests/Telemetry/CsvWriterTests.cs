using System.Buffers;
using System.Text;
using OrleansIoT.Gateway.Telemetry;

namespace OrleansIoT.Gateway.Tests.Telemetry;

public sealed class CsvWriterTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("on", "on")]
    [InlineData("a,b", "\"a,b\"")]
    [InlineData("a;b", "\"a;b\"")]
    [InlineData("say \"on\"", "\"say \"\"on\"\"\"")]
    [InlineData("\"\"", "\"\"\"\"\"\"")]
    [InlineData("a\r\nb", "\"a\r\nb\"")]
    [InlineData(" a", "\" a\"")]
    [InlineData("küche 温", "küche 温")]
    public void A_cell_is_quoted_where_it_has_to_be(string text, string cell) => Assert.Equal(cell, Written(text));

    [Theory]
    [InlineData("=1+1", "'=1+1")]
    [InlineData("=HYPERLINK(\"x\",1)", "\"'=HYPERLINK(\"\"x\"\",1)\"")]
    [InlineData("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0")]
    [InlineData("-2+3", "'-2+3")]
    [InlineData("@SUM(1)", "'@SUM(1)")]
    [InlineData("\t=1", "\"'\t=1\"")]
    [InlineData("\r=1", "\"'\r=1\"")]
    [InlineData("\n=1", "\"'\n=1\"")]
    [InlineData("-", "'-")]
    [InlineData("-1e", "'-1e")]
    [InlineData("-1.", "'-1.")]
    [InlineData("-.5", "'-.5")]
    [InlineData("-1 ", "\"'-1 \"")]
    [InlineData("--1", "'--1")]
    [InlineData("a=1", "a=1")]
    public void What_a_spreadsheet_would_calculate_is_text(string text, string cell) => Assert.Equal(cell, Written(text));

    [Theory]
    [InlineData("-5")]
    [InlineData("+5")]
    [InlineData("-0.10")]
    [InlineData("-1E+400")]
    [InlineData("-1.50e-3")]
    [InlineData("123456789012345678901234567890.10")]
    public void A_number_is_written_digit_for_digit(string text) => Assert.Equal(text, Written(text));

    [Fact]
    public void Other_bytes_are_base64() => Assert.Equal("\"{\"\"base64\"\":\"\"//4=\"\"}\"", Written([0xff, 0xfe]));

    [Theory]
    [InlineData(0, "2026-03-01T08:00:00Z")]
    [InlineData(1, "2026-03-01T08:00:00.0000001Z")]
    [InlineData(1_000_000, "2026-03-01T08:00:00.1Z")]
    [InlineData(100_000_000, "2026-03-01T08:00:10Z")]
    public void An_instant_has_as_many_digits_as_there_are(long ticks, string text)
    {
        var output = new ArrayBufferWriter<byte>();
        new CsvWriter(output).Cell(new DateTimeOffset(2026, 3, 1, 9, 0, 0, TimeSpan.FromHours(1)).AddTicks(ticks));

        Assert.Equal(text, Encoding.UTF8.GetString(output.WrittenSpan));
    }

    private static string Written(string text) => Written(Encoding.UTF8.GetBytes(text));

    private static string Written(byte[] payload)
    {
        var output = new ArrayBufferWriter<byte>();
        new CsvWriter(output).Payload(payload);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
