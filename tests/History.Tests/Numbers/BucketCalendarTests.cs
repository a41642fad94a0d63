using System.Globalization;
using OrleansIoT.Failures;
using OrleansIoT.History.Numbers;
using OrleansIoT.Telemetry;

namespace OrleansIoT.History.Tests.Numbers;

public sealed class BucketCalendarTests
{
    [Theory]
    [InlineData("UTC", "1h", "2026-03-01T12:34:56Z", "2026-03-01T12:00:00Z", "2026-03-01T13:00:00Z")]
    [InlineData("UTC", "15m", "2026-03-01T12:15:00Z", "2026-03-01T12:15:00Z", "2026-03-01T12:30:00Z")]
    [InlineData("UTC", "10s", "2026-03-01T23:59:59Z", "2026-03-01T23:59:50Z", "2026-03-02T00:00:00Z")]
    [InlineData("UTC", "24h", "2026-03-01T12:00:00Z", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z")]
    [InlineData("UTC", "1w", "2026-03-01T12:00:00Z", "2026-02-23T00:00:00Z", "2026-03-02T00:00:00Z")] // a Sunday
    [InlineData("UTC", "7d", "2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z", "2026-03-09T00:00:00Z")]
    [InlineData("UTC", "1mo", "2024-02-29T12:00:00Z", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z")]
    [InlineData("UTC", "3mo", "2026-03-31T23:00:00Z", "2026-01-01T00:00:00Z", "2026-04-01T00:00:00Z")]
    [InlineData("UTC", "1y", "2026-12-31T23:59:59Z", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z")]
    [InlineData("UTC", "10y", "2026-12-31T23:59:59Z", "2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z")]
    // Lisbon: on 2026-03-29 01:00 becomes 02:00, on 2026-10-25 02:00 becomes 01:00, both at 01:00 UTC.
    [InlineData("Europe/Lisbon", "1d", "2026-03-29T12:00:00Z", "2026-03-29T00:00:00Z", "2026-03-29T23:00:00Z")]
    [InlineData("Europe/Lisbon", "1d", "2026-10-25T12:00:00Z", "2026-10-24T23:00:00Z", "2026-10-26T00:00:00Z")]
    [InlineData("Europe/Lisbon", "1h", "2026-10-25T00:30:00Z", "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z")] // 01:30 the first time
    [InlineData("Europe/Lisbon", "1h", "2026-10-25T01:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z")] // and the second
    [InlineData("Europe/Lisbon", "6h", "2026-10-25T05:59:59Z", "2026-10-24T23:00:00Z", "2026-10-25T06:00:00Z")] // seven hours
    [InlineData("Europe/Lisbon", "6h", "2026-03-29T00:30:00Z", "2026-03-29T00:00:00Z", "2026-03-29T05:00:00Z")] // five
    [InlineData("Europe/Lisbon", "1mo", "2026-10-31T23:30:00Z", "2026-09-30T23:00:00Z", "2026-11-01T00:00:00Z")]
    [InlineData("Europe/Lisbon", "1w", "2026-10-25T23:59:59Z", "2026-10-18T23:00:00Z", "2026-10-26T00:00:00Z")]
    // Kolkata is five hours and a half ahead.
    [InlineData("Asia/Kolkata", "1d", "2026-03-01T18:29:59Z", "2026-02-28T18:30:00Z", "2026-03-01T18:30:00Z")]
    [InlineData("Asia/Kolkata", "1h", "2026-03-01T18:29:59Z", "2026-03-01T17:30:00Z", "2026-03-01T18:30:00Z")]
    // Sao Paulo: 2018-11-04 begins at 01:00, and 2018-02-17 has its last hour twice; three hours behind, two in summer.
    [InlineData("America/Sao_Paulo", "1d", "2018-11-04T12:00:00Z", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z")]
    [InlineData("America/Sao_Paulo", "1d", "2018-11-04T02:59:59Z", "2018-11-03T03:00:00Z", "2018-11-04T03:00:00Z")]
    [InlineData("America/Sao_Paulo", "1d", "2018-02-18T02:30:00Z", "2018-02-17T02:00:00Z", "2018-02-18T03:00:00Z")]
    [InlineData("America/Sao_Paulo", "1h", "2018-02-18T02:30:00Z", "2018-02-18T02:00:00Z", "2018-02-18T03:00:00Z")]
    [InlineData("America/Sao_Paulo", "12h", "2018-11-04T04:00:00Z", "2018-11-04T03:00:00Z", "2018-11-04T14:00:00Z")]
    // Lord Howe: on 2026-04-05 02:00 becomes 01:30 (15:00 UTC the day before), on 2026-10-04 02:00 becomes 02:30 (15:30 UTC).
    [InlineData("Australia/Lord_Howe", "1h", "2026-04-04T15:10:00Z", "2026-04-04T14:00:00Z", "2026-04-04T15:30:00Z")]
    [InlineData("Australia/Lord_Howe", "1h", "2026-10-03T15:40:00Z", "2026-10-03T15:30:00Z", "2026-10-03T16:00:00Z")]
    [InlineData("Australia/Lord_Howe", "30m", "2026-04-04T15:10:00Z", "2026-04-04T15:00:00Z", "2026-04-04T15:30:00Z")]
    [InlineData("Australia/Lord_Howe", "1d", "2026-04-04T20:00:00Z", "2026-04-04T13:00:00Z", "2026-04-05T13:30:00Z")]
    // Apia had no 2011-12-30: the midnight before it was the one after it.
    [InlineData("Pacific/Apia", "1d", "2011-12-30T09:59:59Z", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z")]
    [InlineData("Pacific/Apia", "1d", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z")]
    [InlineData("Pacific/Apia", "1h", "2011-12-30T10:30:00Z", "2011-12-30T10:00:00Z", "2011-12-30T11:00:00Z")]
    [InlineData("Pacific/Apia", "1mo", "2011-12-31T00:00:00Z", "2011-12-01T10:00:00Z", "2011-12-31T10:00:00Z")]
    // St John's put its clock back at one minute past midnight: a date had begun, and went on.
    [InlineData("America/St_Johns", "1d", "2008-11-02T02:30:30Z", "2008-11-02T02:30:00Z", "2008-11-03T03:30:00Z")]
    [InlineData("America/St_Johns", "1d", "2008-11-02T03:00:00Z", "2008-11-02T02:30:00Z", "2008-11-03T03:30:00Z")]
    [InlineData("America/St_Johns", "1h", "2008-11-02T03:00:00Z", "2008-11-02T02:30:00Z", "2008-11-02T03:30:00Z")]
    public void An_instant_lies_in_this_bucket(string zone, string every, string at, string start, string end)
    {
        var bucket = Calendar(every, zone).Around(Ticks(at));

        Assert.Equal((start, end), (Text(bucket.Start), Text(bucket.End)));
    }

    [Theory]
    [InlineData("Europe/Lisbon", "1h", "2026-10-24T23:00:00Z", 25)]
    [InlineData("Europe/Lisbon", "1h", "2026-03-29T00:00:00Z", 23)]
    [InlineData("Europe/Lisbon", "6h", "2026-10-24T23:00:00Z", 4)]
    [InlineData("America/Sao_Paulo", "1h", "2018-02-17T02:00:00Z", 25)]
    [InlineData("America/Sao_Paulo", "1h", "2018-11-04T03:00:00Z", 23)]
    [InlineData("Australia/Lord_Howe", "30m", "2026-04-04T13:00:00Z", 49)]
    [InlineData("Australia/Lord_Howe", "30m", "2026-10-03T13:30:00Z", 47)]
    [InlineData("Asia/Kolkata", "15m", "2026-10-24T18:30:00Z", 96)]
    public void A_local_day_has_this_many_buckets(string zone, string every, string midnight, int buckets)
    {
        var (at, end) = Calendar("1d", zone).Around(Ticks(midnight));
        var calendar = Calendar(every, zone);
        var count = 0;
        for (; at < end; at = calendar.Around(at).End, count++)
        {
            Assert.Equal(at, calendar.Around(at).Start);
        }

        Assert.Equal((buckets, end), (count, at));
    }

    /// <summary>The definition, word by word, minute by minute over two years with everything that clocks have done in them.</summary>
    [Theory]
    [InlineData("Europe/Lisbon", 2026)]
    [InlineData("Europe/Dublin", 1996)]
    [InlineData("America/Sao_Paulo", 2018)]
    [InlineData("Australia/Lord_Howe", 2026)]
    [InlineData("Pacific/Apia", 2011)]
    [InlineData("America/St_Johns", 2008)]
    [InlineData("Africa/Casablanca", 2026)]
    [InlineData("Antarctica/Troll", 2026)]
    [InlineData("Asia/Kathmandu", 2026)]
    public void Buckets_begin_where_the_definition_says(string zone, int year)
    {
        var local = TimeZoneInfo.FindSystemTimeZoneById(zone);
        var from = new DateTime(year, 1, 1, 0, 0, 0, DateTimeKind.Utc).Ticks;
        foreach (var width in new[] { "15m", "1h", "6h", "1d" })
        {
            var calendar = Calendar(width, zone);
            var ticks = width == "1d" ? TimeSpan.TicksPerDay : Width(width).Seconds * TimeSpan.TicksPerSecond;
            long Local(long at) => at + local.GetUtcOffset(new DateTime(at, DateTimeKind.Utc)).Ticks;
            var (start, end) = calendar.Around(from);
            var latest = Local(from);
            for (var at = from + TimeSpan.TicksPerMinute; at < from + (366 * TimeSpan.TicksPerDay); at += TimeSpan.TicksPerMinute)
            {
                var (before, now) = (Local(at - TimeSpan.TicksPerMinute), Local(at));
                var begins = width == "1d"
                    ? now / ticks > latest / ticks // a date that has begun does not begin again
                    : now % ticks == 0 || now / ticks > before / ticks;
                latest = Math.Max(latest, now);
                if (begins != (at == end))
                {
                    Assert.Fail($"{width} in {zone}: {Text(at)} {(begins ? "begins" : "does not begin")} a bucket; {Text(start)} to {Text(end)}");
                }

                if (begins)
                {
                    (start, end) = calendar.Around(at);
                    Assert.Equal(at, start);
                }
                else if (at % (7 * TimeSpan.TicksPerMinute) == 0)
                {
                    Assert.Equal((start, end), calendar.Around(at));
                }
            }
        }
    }

    [Theory]
    [InlineData("1s")]
    [InlineData("1h")]
    [InlineData("1d")]
    [InlineData("5w")]
    [InlineData("1mo")]
    [InlineData("100y")]
    public void The_ends_of_time_lie_in_buckets_too(string every)
    {
        foreach (var zone in new[] { "UTC", "Pacific/Kiritimati", "Pacific/Midway" })
        {
            var calendar = Calendar(every, zone);
            foreach (var at in new[] { 0L, 1, TimeSpan.TicksPerDay, DateTime.MaxValue.Ticks - 1, DateTime.MaxValue.Ticks })
            {
                var (start, end) = calendar.Around(at);
                Assert.True(start <= at && end > at, $"{every} in {zone}: {at} is not in {start} to {end}");
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("Europe/Atlantis")]
    [InlineData("../../etc/passwd")]
    [InlineData("/usr/share/zoneinfo/Europe/Lisbon")]
    [InlineData("W. Europe Standard Time")]
    [InlineData("Europe/Lisbon\0")]
    [InlineData("tzdata.zi")]
    [InlineData("+01:00")]
    public void What_is_no_time_zone_is_refused(string zone)
    {
        var refused = Assert.Throws<FailureException>(() => BucketCalendar.Of(Width("1h"), zone));

        Assert.Equal(Failure.Invalid, refused.Failure);
        Assert.Contains("IANA", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_width_that_is_none_is_refused() => Assert.Throws<FailureException>(() => BucketCalendar.Of(default, "UTC"));

    internal static BucketCalendar Calendar(string every, string zone = "UTC") => BucketCalendar.Of(Width(every), zone);

    private static BucketWidth Width(string every) => BucketWidth.TryParse(every, out var width, out var why) ? width : throw new FormatException(why);

    private static long Ticks(string instant) => DateTimeOffset.Parse(instant, CultureInfo.InvariantCulture).UtcTicks;

    private static string Text(long ticks) => new DateTime(ticks, DateTimeKind.Utc).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
