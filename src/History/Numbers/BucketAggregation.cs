using System.Collections.Immutable;
using OrleansIoT.Telemetry;

namespace OrleansIoT.History.Numbers;

/// <summary>Sums numbers up bucket by bucket. The calendar is asked once a bucket, not once a number.</summary>
/// <param name="calendar">Where buckets begin.</param>
/// <param name="limit">The most buckets.</param>
public sealed class BucketAggregation(BucketCalendar calendar, int limit) : INumberSink
{
    private readonly ImmutableArray<Bucket>.Builder _buckets = ImmutableArray.CreateBuilder<Bucket>();
    private long _start;
    private long _end = long.MinValue;
    private long? _next;
    private long _count;
    private double _sum;

    /// <summary>What additions to the sum have rounded off (Neumaier 1974).</summary>
    private double _lost;
    private double _min;
    private double _max;
    private double _first;
    private double _last;

    public bool Add(long at, long seq, double value)
    {
        if (at >= _end && !Begin(at, value))
        {
            return false;
        }

        var sum = _sum + value;
        _lost += Math.Abs(_sum) >= Math.Abs(value) ? _sum - sum + value : value - sum + _sum;
        _sum = sum;
        _min = Math.Min(_min, value);
        _max = Math.Max(_max, value);
        _last = value;
        _count++;
        return true;
    }

    /// <summary>What there is when no more numbers come.</summary>
    public AggregatePage Page(DroppedReadings? dropped)
    {
        Close();
        return new AggregatePage(_buckets.ToImmutable(), _next is { } next ? Instant(next) : null, dropped);
    }

    private bool Begin(long at, double value)
    {
        Close();
        var (start, end) = calendar.Around(at);
        if (_buckets.Count == limit)
        {
            _next = start;
            return false;
        }

        (_start, _end) = (start, end);
        (_sum, _lost) = (0, 0);
        _min = _max = _first = value;
        return true;
    }

    private void Close()
    {
        if (_count > 0)
        {
            // A sum that has overflown has no remainder: that would be no number.
            var sum = double.IsFinite(_sum) ? _sum + _lost : _sum;
            _buckets.Add(new Bucket(Instant(_start), Instant(_end), _count, sum, _min, _max, _first, _last));
            _count = 0;
        }
    }

    private static DateTimeOffset Instant(long ticks) => new(Math.Clamp(ticks, 0, DateTime.MaxValue.Ticks), TimeSpan.Zero);
}
