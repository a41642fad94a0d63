using OrleansIoT.Telemetry;

namespace OrleansIoT.Grains.Abstractions.Tests.Telemetry;

public sealed class BucketWidthTests
{
    [Theory]
    [InlineData("1s")]
    [InlineData("90s")]
    [InlineData("15m")]
    [InlineData("1440m")]
    [InlineData("24h")]
    [InlineData("366d")]
    [InlineData("52w")]
    [InlineData("12mo")]
    [InlineData("100y")]
    public void It_is_a_width(string text)
    {
        Assert.True(BucketWidth.TryParse(text, out var width, out _));
        Assert.Equal(text, width.ToString());
    }

    [Theory]
    [InlineData("", "whole number and a unit")]
    [InlineData("1", "whole number and a unit")]
    [InlineData("h", "whole number and a unit")]
    [InlineData("1H", "whole number and a unit")]
    [InlineData("1 h", "whole number and a unit")]
    [InlineData("-1h", "whole number and a unit")]
    [InlineData("1.5h", "whole number and a unit")]
    [InlineData("1h30m", "whole number and a unit")]
    [InlineData("99999999999h", "whole number and a unit")]
    [InlineData("0", "whole number and a unit")]
    [InlineData("0h", "at least 1")]
    [InlineData("0y", "at least 1")]
    [InlineData("7m", "divides a day")]
    [InlineData("5h", "divides a day")]
    [InlineData("25h", "divides a day")]
    [InlineData("2147483647h", "divides a day")]
    [InlineData("48h", "divides a day")]
    [InlineData("367d", "366 days")]
    [InlineData("53w", "52 weeks")]
    [InlineData("5mo", "divides a year")]
    [InlineData("24mo", "divides a year")]
    [InlineData("101y", "100 years")]
    public void It_is_none_and_why(string text, string reason)
    {
        Assert.False(BucketWidth.TryParse(text, out _, out var why));
        Assert.Contains(reason, why, StringComparison.Ordinal);
    }
}
