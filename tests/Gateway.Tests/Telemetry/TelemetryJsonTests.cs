using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using OrleansIoT.Gateway.Telemetry;

namespace OrleansIoT.Gateway.Tests.Telemetry;

public sealed class TelemetryJsonTests
{
    [Theory]
    [InlineData("21.5")]
    [InlineData("-0")]
    [InlineData("1E400")]
    [InlineData("0.10000000000000000000000000000000000001")]
    [InlineData("123456789012345678901234567890")]
    [InlineData("true")]
    [InlineData("null")]
    [InlineData("\"on\"")]
    [InlineData("{\"b\":1,\"a\":[1.50,2e+03],\"b\":2}")]
    [InlineData(" {\r\n \"t\" : 1 }\n")]
    [InlineData("\"\\u0041\\/<script>\"")]
    [InlineData("\"küche\"")]
    public void Json_is_written_as_it_came(string payload) => Assert.Equal(payload, Written(Encoding.UTF8.GetBytes(payload)));

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("on")]
    [InlineData("NaN")]
    [InlineData("true?")]
    [InlineData("1 2")]
    [InlineData("01")]
    [InlineData("+1")]
    [InlineData("0x1F")]
    [InlineData("{\"a\":1,}")]
    [InlineData("[1] // one")]
    [InlineData("{'a':1}")]
    [InlineData("{\"a\":1")]
    [InlineData("\ufeff{\"a\":1}")]
    [InlineData("21.5 °C\r\n\t\u0000\u001b")]
    public void Other_text_is_a_string(string payload)
    {
        var written = Written(Encoding.UTF8.GetBytes(payload));

        Assert.Equal(payload, JsonSerializer.Deserialize<string>(written));
    }

    [Fact]
    public void Text_beyond_ascii_is_not_escaped() => Assert.Equal("\"21 °C 温\"", Written("21 °C 温"u8.ToArray()));

    [Theory]
    [InlineData(new byte[] { 0xff })]
    [InlineData(new byte[] { 0x22, 0xc0, 0x80, 0x22 })] // JSON's quotes around what is not UTF-8
    [InlineData(new byte[] { 0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d })]
    public void Other_bytes_are_base64(byte[] payload) =>
        Assert.Equal($$"""{"base64":"{{Convert.ToBase64String(payload).Replace("+", "\\u002B", StringComparison.Ordinal)}}"}""",
            Written(payload).Replace("+", "\\u002B", StringComparison.Ordinal));

    [Fact]
    public void Json_so_deep_that_the_answer_would_be_deeper_than_64_is_a_string()
    {
        var deepest = new string('[', TelemetryJson.MaxPayloadDepth) + new string(']', TelemetryJson.MaxPayloadDepth);

        Assert.Equal(deepest, Written(Encoding.UTF8.GetBytes(deepest)));
        Assert.Equal($"\"[{deepest}]\"", Written(Encoding.UTF8.GetBytes($"[{deepest}]")));
        Assert.Equal(64, TelemetryJson.MaxPayloadDepth + 3);
    }

    private static string Written(byte[] payload)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            TelemetryJson.WriteValue(json, payload);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
