using System.Diagnostics;
using System.Numerics;

namespace OrleansIoT.Load;

/// <summary>A histogram of times, 32 steps to each doubling, so within 3 percent.</summary>
internal sealed class Latencies
{
    private const int Steps = 32;

    private readonly long[] _counts = new long[64 * Steps];

    public long Count => _counts.Sum();

    public void Add(long ticks)
    {
        var value = Math.Max(1, (ulong)ticks);
        var power = BitOperations.Log2(value);
        var step = power >= 5 ? (int)(value >> (power - 5)) - Steps : 0;
        _counts[(power * Steps) + step]++;
    }

    public void Add(Latencies other)
    {
        for (var i = 0; i < _counts.Length; i++)
        {
            _counts[i] += other._counts[i];
        }
    }

    public void Clear() => Array.Clear(_counts);

    public TimeSpan Percentile(double percent)
    {
        var left = Count * percent / 100;
        var i = 0;
        while (i < _counts.Length - 1 && (left -= _counts[i]) > 0)
        {
            i++;
        }

        var ticks = Math.Pow(2, i / Steps) * (1 + ((i % Steps) / (double)Steps));
        return TimeSpan.FromSeconds(ticks / Stopwatch.Frequency);
    }
}
