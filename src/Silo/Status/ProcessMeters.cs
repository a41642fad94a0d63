using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace OrleansIoT.Silo.Status;

/// <summary>What this process counts, out of the instruments that it has anyway.</summary>
public sealed class ProcessMeters : IDisposable
{
    /// <summary>Of the histogram of append latencies, in seconds: each bucket is 10 % wider than the one before, from 10 µs.</summary>
    private const double First = 1e-5;
    private const double Growth = 1.1;

    private readonly ConcurrentDictionary<string, Sum> _sums = new();
    private readonly long[] _latencies = new long[180]; // to 280 s
    private readonly MeterListener _listener = new();

    /// <param name="meters">Of this host: a process of tests has several.</param>
    public ProcessMeters(IMeterFactory meters)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, meters) && instrument.Meter.Name.StartsWith("OrleansIoT.", StringComparison.Ordinal))
            {
                listener.EnableMeasurementEvents(instrument, _sums.GetOrAdd(instrument.Name, _ => new Sum(instrument.IsObservable)));
            }
        };
        _listener.SetMeasurementEventCallback<int>((_, value, _, sum) => ((Sum)sum!).Add(value));
        _listener.SetMeasurementEventCallback<long>((_, value, _, sum) => ((Sum)sum!).Add(value));
        _listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => Record(instrument, value));
        _listener.Start();
    }

    /// <summary>The sum of a counter, or what an observed one was at the last <see cref="Observe"/>.</summary>
    public long this[string instrument] => _sums.GetValueOrDefault(instrument)?.Value ?? 0;

    public void Observe()
    {
        foreach (var sum in _sums.Values.Where(sum => sum.IsObserved))
        {
            sum.Forget();
        }

        _listener.RecordObservableInstruments();
    }

    /// <summary>Milliseconds that so many of all appends since the last call have taken, and forgets them.</summary>
    public double[] TakeLatencies(params ReadOnlySpan<double> shares)
    {
        var counts = new long[_latencies.Length];
        for (var i = 0; i < counts.Length; i++)
        {
            counts[i] = Interlocked.Exchange(ref _latencies[i], 0);
        }

        var all = counts.Sum();
        var result = new double[shares.Length];
        for (var s = 0; s < shares.Length && all > 0; s++)
        {
            var (wanted, seen, bucket) = (Math.Max(1, (long)Math.Ceiling(all * shares[s])), 0L, -1);
            while (seen < wanted)
            {
                seen += counts[++bucket];
            }

            result[s] = Math.Round(First * Math.Pow(Growth, bucket) * 1_000, 3);
        }

        return result;
    }

    public void Dispose() => _listener.Dispose();

    private void Record(Instrument instrument, double seconds)
    {
        if (instrument.Name == "iot.history.append.duration")
        {
            var bucket = seconds <= First ? 0 : (int)Math.Ceiling(Math.Log(seconds / First, Growth));
            Interlocked.Increment(ref _latencies[Math.Min(bucket, _latencies.Length - 1)]);
        }
    }

    /// <summary>Of all measurements of an instrument; what stands on the path of every message adds here and nothing else.</summary>
    private sealed class Sum(bool isObserved)
    {
        private long _value;

        public bool IsObserved => isObserved;

        public long Value => Volatile.Read(ref _value);

        public void Add(long value) => Interlocked.Add(ref _value, value);

        public void Forget() => Volatile.Write(ref _value, 0);
    }
}
