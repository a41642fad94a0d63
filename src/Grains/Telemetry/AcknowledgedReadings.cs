using OrleansIoT.Telemetry;

namespace OrleansIoT.Grains.Telemetry;

/// <summary>Some of the readings that topics have just acknowledged, to be read back: one in a tenth of a second at most.</summary>
public sealed class AcknowledgedReadings(TimeProvider clock)
{
    private const int Most = 100;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly Lock _gate = new();
    private readonly List<(string Topic, TelemetryMessage Reading)> _taken = [];
    private long _next = long.MinValue;

    /// <summary>Called with every append, so it costs a comparison.</summary>
    internal void Add(string topic, TelemetryMessage reading, long seq)
    {
        var now = clock.GetTimestamp();
        if (now < Volatile.Read(ref _next))
        {
            return;
        }

        lock (_gate)
        {
            if (now >= _next && _taken.Count < Most)
            {
                _next = now + (long)(Interval.TotalSeconds * clock.TimestampFrequency);
                _taken.Add((topic, reading with { Seq = seq }));
            }
        }
    }

    internal List<(string Topic, TelemetryMessage Reading)> Take()
    {
        lock (_gate)
        {
            var taken = _taken.ToList();
            _taken.Clear();
            return taken;
        }
    }
}
