using System.Collections.Immutable;
using OrleansIoT.Telemetry;

namespace OrleansIoT.History.Numbers;

/// <summary>
/// Keeps the least and the greatest number of each of some columns of equal length, and so every peak that a chart of that
/// width could show. As long as there are no more numbers than columns it keeps all.
/// </summary>
public sealed class PointSelection : INumberSink
{
    private readonly long _start;
    private readonly long _length;
    private readonly int _columns;
    private readonly ImmutableArray<NumberPoint>.Builder _points = ImmutableArray.CreateBuilder<NumberPoint>();
    private long _readings;
    private bool _selects;
    private long _end = long.MinValue;
    private Number _least;
    private Number _greatest;

    /// <param name="start">Where the first column begins.</param>
    /// <param name="end">Where the last one ends; behind the start.</param>
    /// <param name="columns">How many, at least one.</param>
    public PointSelection(DateTimeOffset start, DateTimeOffset end, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(end, start);
        (_start, _length, _columns) = (start.UtcTicks, end.UtcTicks - start.UtcTicks, columns);
    }

    public bool Add(long at, long seq, double value)
    {
        _readings++;
        if (_selects)
        {
            Select(new Number(at, seq, value));
        }
        else if (_readings <= _columns)
        {
            _points.Add(Point(new Number(at, seq, value)));
        }
        else
        {
            SelectFromNowOn();
            Select(new Number(at, seq, value));
        }

        return true;
    }

    /// <summary>What there is when no more numbers come.</summary>
    public PointPage Page(DroppedReadings? dropped)
    {
        Close();
        return new PointPage(_points.ToImmutable(), _readings, dropped);
    }

    private void SelectFromNowOn()
    {
        _selects = true;
        var all = _points.ToImmutable();
        _points.Clear();
        foreach (var point in all)
        {
            Select(new Number(point.At.UtcTicks, point.Seq, point.Value));
        }
    }

    private void Select(Number number)
    {
        if (number.At >= _end)
        {
            Close();
            var column = (Int128)(number.At - _start) * _columns / _length;
            _end = _start + (long)((((column + 1) * _length) + _columns - 1) / _columns);
            _least = _greatest = number;
        }
        else if (number.Value < _least.Value)
        {
            _least = number;
        }
        else if (number.Value > _greatest.Value)
        {
            _greatest = number;
        }
    }

    private void Close()
    {
        if (_end == long.MinValue)
        {
            return;
        }

        var (one, other) = (_least.At, _least.Seq).CompareTo((_greatest.At, _greatest.Seq)) <= 0 ? (_least, _greatest) : (_greatest, _least);
        _points.Add(Point(one));
        if (one != other)
        {
            _points.Add(Point(other));
        }
    }

    private static NumberPoint Point(Number number) =>
        new(new DateTimeOffset(number.At, TimeSpan.Zero), number.Seq, number.Value);

    private readonly record struct Number(long At, long Seq, double Value);
}
