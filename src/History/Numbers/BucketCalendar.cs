using OrleansIoT.Failures;
using OrleansIoT.Telemetry;

namespace OrleansIoT.History.Numbers;

/// <summary>
/// Where buckets begin. Below a day: at every instant at which the local clock stands at a multiple of the width since
/// midnight, or jumps forward over one; so a day has as many buckets of an hour as it has hours, and a longer bucket is
/// longer or shorter where the clock is put back or forward within it. From a day on: with the first instant of a local
/// date. Days and weeks are counted from 0001-01-01, which was a Monday. All instants are UTC ticks.
/// </summary>
public sealed class BucketCalendar
{
    private const int LongestZoneName = 64;

    /// <summary>No zone is further from UTC than 14 hours, so this far from midnight its date is sure.</summary>
    private const long SureOfDate = 15 * TimeSpan.TicksPerHour;

    private static readonly long LastDay = DateTime.MaxValue.Ticks / TimeSpan.TicksPerDay;

    private readonly TimeZoneInfo _zone;
    private readonly BucketWidth _every;

    /// <summary>Of a width below a day; else 0.</summary>
    private readonly long _ticks;

    private BucketCalendar(TimeZoneInfo zone, BucketWidth every)
    {
        (_zone, _every) = (zone, every);
        _ticks = every.Unit <= BucketUnit.Hour ? every.Seconds * TimeSpan.TicksPerSecond : 0;
        if (_ticks == TimeSpan.TicksPerDay)
        {
            (_every, _ticks) = (new BucketWidth(1, BucketUnit.Day), 0); // 24h
        }
    }

    /// <exception cref="FailureException">Invalid: the width is none, or there is no such time zone.</exception>
    public static BucketCalendar Of(BucketWidth every, string zone) =>
        every.IsValid(out var why) ? new BucketCalendar(Zone(zone), every) : throw new FailureException(Failure.Invalid, why);

    /// <summary>The bucket that this instant lies in.</summary>
    public (long Start, long End) Around(long at) => _ticks == 0 ? AroundDate(at) : (BeginOf(at), EndOf(at));

    /// <summary>IANA names only: what they contain is known, and some systems would also take other names, and paths.</summary>
    private static TimeZoneInfo Zone(string name) =>
        name.Length is > 0 and <= LongestZoneName
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '_' or '-' or '+')
        && TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone)
        && zone.HasIanaId
            ? zone
            : throw new FailureException(Failure.Invalid,
                "There is no such time zone. It is an IANA name, such as UTC, Europe/Lisbon or Asia/Kolkata.");

    private long BeginOf(long at)
    {
        while (true)
        {
            var offset = Offset(at);
            var begin = Floor(at + offset) - offset;
            if (Offset(begin) == offset)
            {
                return begin;
            }

            var change = Change(begin, at);
            if (JumpsOver(change, offset))
            {
                return change;
            }

            at = change - 1;
        }
    }

    private long EndOf(long at)
    {
        while (true)
        {
            var offset = Offset(at);
            var end = Floor(at + offset) + _ticks - offset;
            if (Offset(end) == offset)
            {
                return end;
            }

            var change = Change(at, end);
            var later = Offset(change);
            if (JumpsOver(change, later) || Floor(change + later) == change + later)
            {
                return change;
            }

            at = change;
        }
    }

    private bool JumpsOver(long change, long later) => Floor(change + later) > Floor(change - 1 + Offset(change - 1));

    private (long Start, long End) AroundDate(long at)
    {
        var (first, next) = Period(Math.Clamp(Divide(at + Offset(at), TimeSpan.TicksPerDay), 0, LastDay));
        var end = BeginOfDate(next);
        if (at < end)
        {
            return (BeginOfDate(first), end);
        }

        // The clock has been put back over midnight: a date that has begun goes on.
        return (end, BeginOfDate(Period(next).Next));
    }

    /// <summary>The first instant at which the local date is this one or a later one: some dates begin at 01:00, some never.</summary>
    private long BeginOfDate(long day)
    {
        if (day <= 0 || day > LastDay)
        {
            return day <= 0 ? long.MinValue : long.MaxValue; // the first and the last date have all instants that there are
        }

        var midnight = day * TimeSpan.TicksPerDay;
        var offset = Offset(midnight - SureOfDate);
        var later = Offset(midnight + SureOfDate);
        if (offset == later)
        {
            return midnight - offset;
        }

        var change = Change(midnight - SureOfDate, midnight + SureOfDate);
        return midnight - offset < change ? midnight - offset : Math.Max(change, midnight - later);
    }

    /// <summary>The first day of the bucket that a day lies in, and of the one after it.</summary>
    private (long First, long Next) Period(long day)
    {
        var count = _every.Unit == BucketUnit.Week ? _every.Count * 7 : _every.Count;
        if (_every.Unit is BucketUnit.Day or BucketUnit.Week)
        {
            var first = day / count * count;
            return (first, Math.Min(first + count, LastDay + 1));
        }

        var date = new DateTime(day * TimeSpan.TicksPerDay);
        var months = (_every.Unit == BucketUnit.Year ? 12 : 1) * count;
        var month = ((date.Year * 12) + date.Month - 1) / months * months;
        return (DayOf(month), DayOf(month + months));
    }

    /// <param name="month">Since a year 0, which there is not.</param>
    private static long DayOf(int month) => month < 12 ? 0
        : month / 12 > DateTime.MaxValue.Year ? LastDay + 1
        : new DateTime(month / 12, (month % 12) + 1, 1).Ticks / TimeSpan.TicksPerDay;

    /// <summary>The first instant behind one and up to another at which the offset has changed.</summary>
    private long Change(long before, long after)
    {
        var offset = Offset(before);
        while (after - before > 1)
        {
            var middle = before + ((after - before) / 2);
            if (Offset(middle) == offset)
            {
                before = middle;
            }
            else
            {
                after = middle;
            }
        }

        return after;
    }

    private long Offset(long at) =>
        _zone.GetUtcOffset(new DateTime(Math.Clamp(at, 0, DateTime.MaxValue.Ticks), DateTimeKind.Utc)).Ticks;

    private long Floor(long local) => Divide(local, _ticks) * _ticks;

    private static long Divide(long value, long by) => value >= 0 ? value / by : ((value + 1) / by) - 1;
}
