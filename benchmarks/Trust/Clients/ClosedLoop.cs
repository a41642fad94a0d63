using System.Diagnostics;
using System.Text;
using OrleansIoT.Load;

namespace OrleansIoT.Benchmarks.Trust.Clients;

/// <summary>Connections of which each asks, waits for the answer, looks whether it is right, and asks again.</summary>
internal sealed class ClosedLoop : IDisposable
{
    private readonly HttpConnection[] _connections;
    private readonly ReadOnlyMemory<byte>[] _requests;
    private readonly byte[] _expected;
    private int _next = -1;

    private ClosedLoop(HttpConnection[] connections, ReadOnlyMemory<byte>[] requests, string expected) =>
        (_connections, _requests, _expected) = (connections, requests, Encoding.UTF8.GetBytes(expected));

    /// <param name="port">Where to.</param>
    /// <param name="connections">How many.</param>
    /// <param name="requests">What is asked, in turn, over and over.</param>
    /// <param name="expected">What each answer has in it.</param>
    public static async Task<ClosedLoop> To(int port, int connections, IEnumerable<byte[]> requests, string expected) => new(
        await Task.WhenAll(Enumerable.Range(0, connections).Select(_ => HttpConnection.To(port))),
        [.. requests.Select(request => new ReadOnlyMemory<byte>(request))],
        expected);

    /// <summary>Returns when the last answer is there.</summary>
    /// <exception cref="BenchmarkException">An answer is not right.</exception>
    public async Task<LoadResult> Run(TimeSpan duration)
    {
        var start = Stopwatch.GetTimestamp();
        var end = start + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        var all = new Latencies();
        foreach (var latencies in await Task.WhenAll(_connections.Select(connection => Task.Run(() => Ask(connection, end)))))
        {
            all.Add(latencies);
        }

        return new LoadResult(all.Count, Stopwatch.GetElapsedTime(start), all);
    }

    public void Dispose() => Array.ForEach(_connections, connection => connection.Dispose());

    private async Task<Latencies> Ask(HttpConnection connection, long end)
    {
        var latencies = new Latencies();
        var now = Stopwatch.GetTimestamp();
        while (now < end)
        {
            var answer = await connection.Exchange(_requests[(uint)Interlocked.Increment(ref _next) % _requests.Length]);
            if (HttpConnection.StatusOf(answer.Span) != 200 || answer.Span.IndexOf(_expected) < 0)
            {
                throw new BenchmarkException($"a wrong answer: {Encoding.UTF8.GetString(answer.Span[..Math.Min(answer.Length, 500)])}");
            }

            var then = now;
            now = Stopwatch.GetTimestamp();
            latencies.Add(now - then);
        }

        return latencies;
    }
}

/// <param name="Requests">How many had the right answer.</param>
/// <param name="Elapsed">From the first request to the last answer.</param>
/// <param name="Latencies">Of all of them.</param>
internal sealed record LoadResult(long Requests, TimeSpan Elapsed, Latencies Latencies);
