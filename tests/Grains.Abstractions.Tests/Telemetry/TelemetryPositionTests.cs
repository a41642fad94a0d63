using OrleansIoT.Telemetry;

namespace OrleansIoT.Grains.Abstractions.Tests.Telemetry;

public sealed class TelemetryPositionTests
{
    [Fact]
    public void A_cursor_is_read_back_and_safe_in_a_url()
    {
        var random = new Random(4711);
        for (var i = 0; i < 1_000; i++)
        {
            var position = new TelemetryPosition(
                new DateTimeOffset(random.NextInt64(DateTimeOffset.MaxValue.Ticks), TimeSpan.Zero), random.NextInt64());
            var cursor = position.ToString();
            Assert.Matches("^[A-Za-z0-9_-]+$", cursor);
            Assert.True(TelemetryPosition.TryParse(cursor, out var parsed));
            Assert.Equal(position, parsed);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("!!!!!!!!!!!!!!!!!!!!!!")]
    [InlineData("_________AAAAAAAAAAAAA")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAA")]
    public void What_is_no_cursor_is_refused(string cursor) => Assert.False(TelemetryPosition.TryParse(cursor, out _));

    [Fact]
    public void Positions_are_ordered_by_time_then_by_number()
    {
        var noon = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        Assert.True(new TelemetryPosition(noon, 9) < new TelemetryPosition(noon.AddTicks(1), 1));
        Assert.True(new TelemetryPosition(noon, 2) > new TelemetryPosition(noon, 1));
    }
}
