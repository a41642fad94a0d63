using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace OrleansIoT.History;

/// <summary>The instruments of the meter <c>OrleansIoT.History</c>.</summary>
public sealed class HistoryMetrics
{
    public const string MeterName = "OrleansIoT.History";

    private readonly Counter<long> _commits;
    private readonly Counter<long> _failedCommits;
    private readonly Counter<long> _readings;
    private readonly Counter<long> _bytes;
    private readonly Counter<long> _dropped;
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _appends;
    private readonly UpDownCounter<long> _waiting;

    public HistoryMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _commits = meter.CreateCounter<long>(
            "iot.history.commits", "{commit}", "Transactions that are durable.");
        _failedCommits = meter.CreateCounter<long>(
            "iot.history.commits.failed", "{commit}", "Transactions that were rolled back; none of their writes was acknowledged.");
        _readings = meter.CreateCounter<long>(
            "iot.history.readings", "{reading}", "Readings that are durable.");
        _bytes = meter.CreateCounter<long>(
            "iot.history.bytes", "By", "Bytes of the writes that are durable.");
        _dropped = meter.CreateCounter<long>(
            "iot.history.readings.dropped", "{reading}", "Readings that the rules of retention do not keep any more.");
        _duration = meter.CreateHistogram<double>(
            "iot.history.commit.duration", "s", "From the begin of a transaction to its being durable.");
        _appends = meter.CreateHistogram<double>(
            "iot.history.append.duration", "s", "From a write of readings being queued to its being settled: what its device waits for here.");
        _waiting = meter.CreateUpDownCounter<long>(
            "iot.history.writes.waiting", "{write}", "Writes that wait for a transaction or are in one.");
    }

    internal void Queued() => _waiting.Add(1);

    internal void Settled(int writes, IReadOnlyCollection<Write> committed)
    {
        _waiting.Add(-writes);
        if (_appends.Enabled)
        {
            foreach (var write in committed)
            {
                if (write.Readings > 0)
                {
                    _appends.Record(Stopwatch.GetElapsedTime(write.QueuedAt).TotalSeconds);
                }
            }
        }
    }

    internal void Committed(int readings, long bytes, TimeSpan duration)
    {
        _commits.Add(1);
        _readings.Add(readings);
        _bytes.Add(bytes);
        _duration.Record(duration.TotalSeconds);
    }

    internal void Dropped(long readings) => _dropped.Add(readings);

    internal void Failed() => _failedCommits.Add(1);
}
