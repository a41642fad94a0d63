using OrleansIoT.Gateway.Telemetry;

namespace OrleansIoT.Gateway.Tests.Telemetry;

public sealed class Rfc3339Tests
{
    [Theory]
    [InlineData("2026-03-01T08:00:00Z", "2026-03-01T08:00:00.0000000Z")]
    [InlineData("2026-03-01t08:00:00z", "2026-03-01T08:00:00.0000000Z")]
    [InlineData("2026-03-01T08:00:00.5Z", "2026-03-01T08:00:00.5000000Z")]
    [InlineData("2026-03-01T08:00:00.1234567Z", "2026-03-01T08:00:00.1234567Z")]
    [InlineData("2026-03-01T08:00:00.123456700Z", "2026-03-01T08:00:00.1234567Z")]
    [InlineData("2026-03-01T08:00:00.000000001Z", "2026-03-01T08:00:00.0000001Z")]
    [InlineData("2026-03-01T23:59:59.99999999Z", "2026-03-02T00:00:00.0000000Z")]
    [InlineData("2026-03-01T08:00:00+01:00", "2026-03-01T07:00:00.0000000Z")]
    [InlineData("2026-03-01T08:00:00-23:59", "2026-03-02T07:59:00.0000000Z")]
    [InlineData("2026-03-01T08:00:00-00:00", "2026-03-01T08:00:00.0000000Z")]
    [InlineData("2024-02-29T00:00:00Z", "2024-02-29T00:00:00.0000000Z")]
    [InlineData("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.0000000Z")]
    [InlineData("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.9999999Z")]
    public void It_is_this_instant(string text, string instant)
    {
        Assert.True(Rfc3339.TryParse(text, out var parsed));
        Assert.Equal(instant, parsed.UtcDateTime.ToString("O"));
    }

    [Fact]
    public void What_is_finer_than_a_tick_is_cut_where_that_is_asked_for()
    {
        Assert.True(Rfc3339.TryParse("2026-03-01T08:00:00.12345679Z", out var parsed, roundUp: false));
        Assert.Equal("2026-03-01T08:00:00.1234567Z", parsed.UtcDateTime.ToString("O"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("2026-03-01")]
    [InlineData("2026-03-01T08:00:00")]
    [InlineData("2026-03-01T08:00Z")]
    [InlineData("2026-03-01 08:00:00Z")]
    [InlineData("2026-03-01T08:00:00.Z")]
    [InlineData("2026-03-01T08:00:00.5")]
    [InlineData("2026-03-01T08:00:00,5Z")]
    [InlineData("2026-03-01T08:00:00Z ")]
    [InlineData("2026-03-01T08:00:00+0100")]
    [InlineData("2026-03-01T08:00:00+01")]
    [InlineData("2026-03-01T08:00:00+24:00")]
    [InlineData("2026-03-01T08:00:00+01:60")]
    [InlineData("2026-02-29T08:00:00Z")]
    [InlineData("2026-13-01T08:00:00Z")]
    [InlineData("2026-00-01T08:00:00Z")]
    [InlineData("2026-03-00T08:00:00Z")]
    [InlineData("2026-03-01T24:00:00Z")]
    [InlineData("2026-03-01T08:60:00Z")]
    [InlineData("2026-06-30T23:59:60Z")]
    [InlineData("0000-01-01T00:00:00Z")]
    [InlineData("0001-01-01T00:00:00+01:00")]
    [InlineData("9999-12-31T23:59:59.99999999Z")]
    [InlineData("-026-03-01T08:00:00Z")]
    [InlineData("+026-03-01T08:00:00Z")]
    [InlineData("２026-03-01T08:00:00Z")]
    [InlineData("NaN")]
    public void It_is_no_instant(string text) => Assert.False(Rfc3339.TryParse(text, out _));
}
