using OrleansIoT.History.Numbers;

namespace OrleansIoT.History.Tests.Numbers;

public sealed class BucketAggregationTests
{
    private static readonly long Noon = new DateTime(2026, 3, 1, 12, 0, 0, DateTimeKind.Utc).Ticks;

    [Fact]
    public void A_bucket_says_what_its_numbers_come_to()
    {
        var sums = new BucketAggregation(BucketCalendarTests.Calendar("1h"), 10);
        foreach (var (minute, value) in new[] { (0, 3.0), (1, -1), (59, 7), (180, 5) })
        {
            Assert.True(sums.Add(Noon + (minute * TimeSpan.TicksPerMinute), 1, value));
        }

        var page = sums.Page(null);

        Assert.Equal(2, page.Buckets.Length);
        var first = page.Buckets[0];
        Assert.Equal((Noon, Noon + TimeSpan.TicksPerHour), (first.Start.UtcTicks, first.End.UtcTicks));
        Assert.Equal((3, 9.0, 3.0, -1.0, 7.0, 3.0, 7.0), (first.Count, first.Sum, first.Average, first.Min, first.Max, first.First, first.Last));
        Assert.Equal(Noon + (3 * TimeSpan.TicksPerHour), page.Buckets[1].Start.UtcTicks);
        Assert.Null(page.Next);
    }

    [Fact]
    public void Without_numbers_there_are_no_buckets() =>
        Assert.Empty(new BucketAggregation(BucketCalendarTests.Calendar("1h"), 10).Page(null).Buckets);

    [Fact]
    public void A_full_page_says_where_the_next_bucket_with_numbers_begins()
    {
        var sums = new BucketAggregation(BucketCalendarTests.Calendar("1h"), 2);

        Assert.True(sums.Add(Noon, 1, 1));
        Assert.True(sums.Add(Noon + TimeSpan.TicksPerHour, 2, 1));
        Assert.False(sums.Add(Noon + (9 * TimeSpan.TicksPerHour) + 5, 3, 1));

        var page = sums.Page(null);
        Assert.Equal(2, page.Buckets.Length);
        Assert.Equal(Noon + (9 * TimeSpan.TicksPerHour), page.Next?.UtcTicks);
    }

    [Fact]
    public void Small_numbers_are_not_lost_beside_large_ones()
    {
        var sums = new BucketAggregation(BucketCalendarTests.Calendar("1h"), 1);
        double[] values = [1, 1e100, 1, -1e100, .. Enumerable.Repeat(0.1, 1_000)];
        foreach (var value in values)
        {
            sums.Add(Noon, 1, value);
        }

        Assert.Equal(102.0, sums.Page(null).Buckets[0].Sum, 1e-12);
    }

    [Fact]
    public void An_average_lies_between_least_and_greatest()
    {
        var random = new Random(1);
        for (var round = 0; round < 1_000; round++)
        {
            var sums = new BucketAggregation(BucketCalendarTests.Calendar("1h"), 1);
            var value = random.NextDouble() * Math.Pow(10, random.Next(-300, 300));
            for (var i = 0; i < 3; i++)
            {
                sums.Add(Noon, i, value);
            }

            Assert.Equal(value, sums.Page(null).Buckets[0].Average);
        }
    }

    [Fact]
    public void A_sum_beyond_a_double_is_infinite_and_the_rest_of_the_bucket_is_right()
    {
        var sums = new BucketAggregation(BucketCalendarTests.Calendar("1h"), 1);
        sums.Add(Noon, 1, double.MaxValue);
        sums.Add(Noon, 2, double.MaxValue);
        sums.Add(Noon, 3, 1);

        var bucket = sums.Page(null).Buckets[0];

        Assert.Equal((double.PositiveInfinity, double.PositiveInfinity), (bucket.Sum, bucket.Average));
        Assert.Equal((3, 1.0, double.MaxValue), (bucket.Count, bucket.Min, bucket.Max));
    }

    [Theory]
    [InlineData("15m", "UTC")]
    [InlineData("1h", "Europe/Lisbon")]
    [InlineData("6h", "Australia/Lord_Howe")]
    [InlineData("1d", "America/Sao_Paulo")]
    [InlineData("1w", "Asia/Kolkata")]
    [InlineData("1mo", "Pacific/Apia")]
    public void It_agrees_with_a_naive_model_page_by_page(string every, string zone)
    {
        var random = new Random(7);
        var calendar = BucketCalendarTests.Calendar(every, zone);
        var at = Noon;
        var numbers = Enumerable.Range(1, 5_000).Select(seq =>
        {
            at += random.Next(4) == 0 ? 0 : (long)(random.NextDouble() * 8 * TimeSpan.TicksPerHour);
            return (At: at, Seq: (long)seq, Value: Math.Round(random.NextDouble() * 100, 2));
        }).ToList();
        var expected = numbers.GroupBy(number => calendar.Around(number.At)).Select(group => (
            group.Key.Start, group.Key.End, group.LongCount(), (double)group.Sum(number => (decimal)number.Value),
            group.Min(number => number.Value), group.Max(number => number.Value), group.First().Value, group.Last().Value)).ToList();

        var actual = new List<(long, long, long, double, double, double, double, double)>();
        for (long? from = long.MinValue; from is not null;)
        {
            var sums = new BucketAggregation(calendar, 7);
            _ = numbers.Where(number => number.At >= from).All(number => sums.Add(number.At, number.Seq, number.Value));
            var page = sums.Page(null);
            Assert.InRange(page.Buckets.Length, 1, 7);
            actual.AddRange(page.Buckets.Select(bucket => (
                bucket.Start.UtcTicks, bucket.End.UtcTicks, bucket.Count, Math.Round(bucket.Sum, 6), bucket.Min, bucket.Max, bucket.First, bucket.Last)));
            from = page.Next?.UtcTicks;
        }

        Assert.Equal(expected, actual);
    }
}
