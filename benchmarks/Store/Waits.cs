using System.Diagnostics;
using System.Numerics;

namespace OrleansIoT.Benchmarks.Store;

/// <summary>How long callers waited: counted in buckets of 3 %, so that it takes no memory. Of one thread, or locked.</summary>
internal sealed class Waits
{
    private const int Parts = 32;

    private readonly long[] _buckets = new long[64 * Parts];

    public long Count { get; private set; }

    public void Add(long from, long to)
    {
        var microseconds = Math.Max(1, (long)Stopwatch.GetElapsedTime(from, to).TotalMicroseconds);
        var power = BitOperations.Log2((ulong)microseconds);
        _buckets[power * Parts + (int)(((microseconds << 5) >> power) & (Parts - 1))]++;
        Count++;
    }

    public void Add(Waits other)
    {
        for (var i = 0; i < _buckets.Length; i++)
        {
            _buckets[i] += other._buckets[i];
        }

        Count += other.Count;
    }

    public void Clear()
    {
        Array.Clear(_buckets);
        Count = 0;
    }

    /// <returns>Milliseconds; 0 when nobody waited.</returns>
    public double Percentile(double percent)
    {
        var rank = Count * percent / 100;
        for (var i = 0; i < _buckets.Length; i++)
        {
            rank -= _buckets[i];
            if (rank < 0 || (rank <= 0 && _buckets[i] > 0))
            {
                return (1L << (i / Parts)) * (1 + (double)(i % Parts) / Parts) / 1_000;
            }
        }

        return 0;
    }
}
