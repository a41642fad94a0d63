using System.Globalization;
using System.Text;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Telemetry;
using OrleansIoT.Failures;
using OrleansIoT.Telemetry;

namespace OrleansIoT.DeviceEdge.Tests.Telemetry;

public sealed class EventTimeTests
{
    [Theory]
    [InlineData("2026-01-31T12:00:00Z", "2026-01-31T12:00:00.0000000")]
    [InlineData("2026-01-31t12:00:00z", "2026-01-31T12:00:00.0000000")]
    [InlineData("2026-01-31T12:00:00+02:00", "2026-01-31T10:00:00.0000000")]
    [InlineData("2026-01-31T12:00:00-05:30", "2026-01-31T17:30:00.0000000")]
    [InlineData("2026-01-31T12:00:00-00:00", "2026-01-31T12:00:00.0000000")]
    [InlineData("2026-01-31T12:00:00.5Z", "2026-01-31T12:00:00.5000000")]
    [InlineData("2026-01-31T12:00:00.1234567899999Z", "2026-01-31T12:00:00.1234567")]
    [InlineData("2024-02-29T23:59:59.999+00:00", "2024-02-29T23:59:59.9990000")]
    [InlineData("1769860800", "2026-01-31T12:00:00.0000000")]
    [InlineData("1769860800.25", "2026-01-31T12:00:00.2500000")]
    [InlineData("1.7698608e9", "2026-01-31T12:00:00.0000000")]
    [InlineData("1769860800123", "2026-01-31T12:00:00.1230000")]
    [InlineData("1769860800123.4567", "2026-01-31T12:00:00.1234567")]
    [InlineData("0", "1970-01-01T00:00:00.0000000")]
    [InlineData("-1", "1969-12-31T23:59:59.0000000")]
    [InlineData("99999999999", "5138-11-16T09:46:39.0000000")] // the last second
    [InlineData("100000000000", "1973-03-03T09:46:40.0000000")] // the first millisecond
    [InlineData("-0.00000001", "1969-12-31T23:59:59.9999999")]
    public void A_time_is_RFC_3339_or_seconds_or_milliseconds_by_magnitude(string text, string utc)
    {
        var expected = DateTimeOffset.Parse(utc, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

        Assert.Equal(expected, Of($$"""{"ts": "{{text}}"}"""));
        Assert.Equal(expected, EventTime.Of(User(("ts", text)), "21.5"u8));
        Assert.Equal(TimeSpan.Zero, Of($$"""{"ts": "{{text}}"}""")!.Value.Offset);
        if (!text.Contains('T', StringComparison.OrdinalIgnoreCase))
        {
            Assert.Equal(expected, Of($$"""{"ts": {{text}}}"""));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("yesterday")]
    [InlineData("2026-01-31")]
    [InlineData("2026-01-31T12:00:00")] // no offset
    [InlineData("2026-01-31 12:00:00Z")]
    [InlineData("2026-01-31T12:00Z")]
    [InlineData("2026-01-31T12:00:00.Z")]
    [InlineData("2026-01-31T12:00:00.5")]
    [InlineData("2026-01-31T12:00:00+2:00")]
    [InlineData("2026-01-31T12:00:00+0200")]
    [InlineData("2026-01-31T12:00:00+24:00")]
    [InlineData("2026-01-31T12:00:00+01:60")]
    [InlineData("2026-01-31T12:00:00ZZ")]
    [InlineData("2026-02-29T12:00:00Z")]
    [InlineData("2026-13-01T12:00:00Z")]
    [InlineData("2026-00-01T12:00:00Z")]
    [InlineData("2026-01-00T12:00:00Z")]
    [InlineData("2026-01-31T24:00:00Z")]
    [InlineData("2026-01-31T12:60:00Z")]
    [InlineData("2026-01-31T12:00:61Z")]
    [InlineData("0000-01-31T12:00:00Z")]
    [InlineData("0001-01-01T00:00:00+01:00")]
    [InlineData("9999-12-31T23:59:59-01:00")]
    [InlineData("1769860800 ")]
    [InlineData("1,769,860,800")]
    [InlineData("0x10")]
    [InlineData("NaN")]
    [InlineData("1e400")]
    [InlineData("-99999999999")] // before the year 1
    public void What_cannot_be_read_is_invalid(string text)
    {
        AssertInvalid($$"""{"ts": "{{text}}"}""");
        Assert.Equal(Failure.Invalid, Assert.Throws<FailureException>(() => EventTime.Of(User(("ts", text)), default)).Failure);
    }

    [Theory]
    [InlineData("100000000000000")]
    [InlineData("1769860800123456")] // microseconds
    [InlineData("1769860800123456789")] // nanoseconds
    public void What_is_finer_than_milliseconds_is_invalid_and_the_message_says_so(string text)
    {
        Assert.Contains("microseconds", AssertInvalid($$"""{"ts": {{text}}}""").Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_leap_second_is_invalid_and_the_message_says_so()
    {
        Assert.Contains("leap second", AssertInvalid("""{"ts": "2016-12-31T23:59:60Z"}""").Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("true")]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("{\"ts\": 1}")]
    [InlineData("\"00000000000000000000000000000000000000000000000000000000000000000000000001\"")]
    public void A_ts_that_is_neither_number_nor_text_nor_short_is_invalid(string value) => AssertInvalid($$"""{"ts": {{value}}, "value": 1}""");

    [Fact]
    public void Two_ts_in_one_object_are_invalid() => AssertInvalid("""{"ts": 1, "value": 2, "ts": 1}""");

    [Theory]
    [InlineData("")]
    [InlineData("21.5")]
    [InlineData("[{\"ts\": 1}]")]
    [InlineData("\"ts\"")]
    [InlineData("{}")]
    [InlineData("{\"value\": {\"ts\": \"nonsense\"}}")] // not at the top
    [InlineData("{\"TS\": 1}")]
    [InlineData("{\"ts\": 1")] // not JSON, so just bytes
    [InlineData("{\"ts\": \"nonsense\"")]
    [InlineData("{\"ts\": 1} x")]
    [InlineData("{\"ts\": 1,}")]
    [InlineData("{ts: 1}")]
    [InlineData("{\"ts\": 01}")]
    [InlineData("\uFEFF{\"ts\": 1}")]
    public void A_payload_without_a_ts_or_that_is_no_JSON_object_has_no_time(string payload) => Assert.Null(Of(payload));

    [Fact]
    public void Any_bytes_have_no_time()
    {
        Assert.Null(EventTime.Of(Properties.None, [0xFF, 0x00, 0x7B]));
        Assert.Null(EventTime.Of(Properties.None, [(byte)'{', 0xFF, 0xFE]));
    }

    [Theory]
    [InlineData("""  {"ts":1}""")]
    [InlineData("""{"a":[1,{"ts":2}],"ts":1,"b":null}""")]
    [InlineData("""{"\u0074s":1}""")]
    [InlineData("""{"ts":"\u0031"}""")]
    [InlineData("""{"\ud800":"\ud800","ts":1}""")]
    public void The_ts_is_found_wherever_and_however_it_stands(string payload) =>
        Assert.Equal(DateTimeOffset.UnixEpoch.AddSeconds(1), Of(payload));

    [Fact]
    public void A_ts_with_half_a_surrogate_is_invalid() => AssertInvalid("""{"ts":"\ud800"}""");

    [Fact]
    public void The_user_property_comes_before_the_payload() =>
        Assert.Equal(DateTimeOffset.UnixEpoch.AddSeconds(7), EventTime.Of(User(("x", "1"), ("ts", "7")), "{\"ts\": 1}"u8));

    [Fact]
    public void Two_user_properties_must_agree()
    {
        Assert.Equal(DateTimeOffset.UnixEpoch.AddSeconds(7), EventTime.Of(User(("ts", "7"), ("ts", "1970-01-01T00:00:07Z")), default));
        Assert.Throws<FailureException>(() => EventTime.Of(User(("ts", "7"), ("ts", "8")), default));
    }

    [Fact]
    public void Reading_a_time_allocates_nothing()
    {
        var payload = """{"value": 21.5, "ts": "2026-01-31T12:00:00.123Z"}"""u8.ToArray();
        EventTime.Of(Properties.None, payload);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
        {
            EventTime.Of(Properties.None, payload);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static Properties User(params (string Name, string Value)[] properties) =>
        new() { UserProperties = [.. properties.Select(property => new UserProperty(property.Name, property.Value))] };

    private static DateTimeOffset? Of(string payload) => EventTime.Of(Properties.None, Encoding.UTF8.GetBytes(payload));

    private static FailureException AssertInvalid(string payload)
    {
        var failure = Assert.Throws<FailureException>(() => Of(payload));
        Assert.Equal(Failure.Invalid, failure.Failure);
        return failure;
    }
}
