using OrleansIoT.History.Numbers;
using OrleansIoT.Telemetry;

namespace OrleansIoT.History.Tests.Numbers;

public sealed class PointSelectionTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_column_keeps_its_least_and_greatest_in_order_of_time()
    {
        var page = Select(columns: 2, seconds: 10, [(0, 5), (1, 9), (2, 1), (3, 5), (5, 2), (6, 8), (9, 3)]);

        Assert.Equal([(2, 9.0), (3, 1), (5, 2), (6, 8)], page.Points.Select(point => ((int)point.Seq, point.Value)));
        Assert.Equal(7, page.Readings);
    }

    [Fact]
    public void As_many_numbers_as_columns_come_as_they_are()
    {
        var page = Select(columns: 3, seconds: 10, [(0, 1), (0, 2), (0, 3)]);

        Assert.Equal([1.0, 2, 3], page.Points.Select(point => point.Value));
        Assert.Equal(3, page.Readings);
    }

    [Fact]
    public void A_column_whose_numbers_are_equal_is_one_point() =>
        Assert.Equal([1L], Select(columns: 1, seconds: 10, [(0, 4), (1, 4), (2, 4)]).Points.Select(point => point.Seq));

    [Fact]
    public void Of_equal_peaks_the_first_one_is_kept() =>
        Assert.Equal([2L, 3], Select(columns: 1, seconds: 10, [(0, 4), (1, 9), (2, 1), (3, 9), (4, 1)]).Points.Select(point => point.Seq));

    [Fact]
    public void All_of_time_can_be_cut_in_columns()
    {
        var selection = new PointSelection(DateTimeOffset.MinValue, DateTimeOffset.MaxValue, 10_000);
        for (var i = 0; i < 20_000; i++)
        {
            Assert.True(selection.Add(DateTime.MaxValue.Ticks / 20_000 * i, i, i % 2));
        }

        Assert.InRange(selection.Page(null).Points.Length, 10_001, 20_000);
    }

    [Fact]
    public void It_agrees_with_a_naive_model()
    {
        var random = new Random(11);
        for (var round = 0; round < 200; round++)
        {
            var (columns, length) = (random.Next(1, 40), random.NextInt64(1, 1_000_000));
            var numbers = Enumerable.Range(0, random.Next(0, 400)).Select(_ => random.NextInt64(length)).Order()
                .Select((at, index) => (At: at, Seq: (long)index + 1, Value: (double)random.Next(20))).ToList();
            var selection = new PointSelection(Start, Start.AddTicks(length), columns);
            numbers.ForEach(number => selection.Add(Start.UtcTicks + number.At, number.Seq, number.Value));

            var expected = numbers.Count <= columns
                ? numbers
                : [.. numbers.GroupBy(number => (long)((Int128)number.At * columns / length)).SelectMany(column =>
                    new[] { column.MinBy(number => number.Value), column.MaxBy(number => number.Value) }.Distinct().OrderBy(number => number.Seq))];
            Assert.Equal(expected, selection.Page(null).Points.Select(point => (point.At.UtcTicks - Start.UtcTicks, point.Seq, point.Value)));
        }
    }

    private static PointPage Select(int columns, int seconds, (int Second, double Value)[] numbers)
    {
        var selection = new PointSelection(Start, Start.AddSeconds(seconds), columns);
        foreach (var (index, (second, value)) in numbers.Index())
        {
            Assert.True(selection.Add(Start.AddSeconds(second).UtcTicks, index + 1, value));
        }

        return selection.Page(null);
    }
}
